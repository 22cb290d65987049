import { plainText, readFailures } from './check-failures'

export interface FailureExplanation {
  /** One or two sentences for a person. */
  readonly summary: string
  /** The line that names the first error, with the place in the source where one is near; null when none stands out. */
  readonly firstError: string | null
  /** Names of the failing tests, or files with codes of type errors. */
  readonly failing: string[]
}

const ERROR_LINES = [
  /^\S.*(?:\(\d+,\d+\):|:\d+:\d+ -) error TS\d+/,
  /^\s*(?:Uncaught )?(?:\w*Error|AssertionError)\b(?: \[\w+\])?:? .+/,
  /^\s*(?:error:|E\s{2,}|Expected\b.*received)/i,
  /^\s*\d+:\d+\s+error\s+.+/,
  /(?:command not found|: not found|Cannot find (?:module|package))/,
]
const PLACE = /((?:[\w@.-]+\/)*[\w@.-]+\.[cm]?[jt]sx?):(\d+)(?::(\d+))?/

/** What the output of a failed check says, for somebody who has not seen it. */
export function explainFailure(output: string): FailureExplanation {
  const lines = plainText(output)
    .replaceAll(/(?:file:\/\/)?\/workspace\//g, '')
    .split('\n')
  const tests = readFailures('tests', output)
  const failing = [...tests.failing.keys()].sort()
  const firstError = findFirstError(lines)
  return { summary: summarise(failing, tests.total, firstError, lines), firstError, failing }
}

function findFirstError(lines: readonly string[]): string | null {
  const index = lines.findIndex((line) => ERROR_LINES.some((pattern) => pattern.test(line)))
  const line = lines[index]
  if (line === undefined) return null
  if (PLACE.test(line) || /\(\d+,\d+\):/.test(line)) return line.trim()
  // Reporters print where it happened in the lines below: the first place that is not a library's.
  const place = lines
    .slice(index + 1, index + 25)
    .filter((below) => !below.includes('node_modules') && !below.includes('node:'))
    .map((below) => PLACE.exec(below)?.[0])
    .find((found) => found !== undefined)
  return place ? `${line.trim()} (${place})` : line.trim()
}

function summarise(failing: readonly string[], total: number | null, firstError: string | null, lines: readonly string[]): string {
  const first = firstError ? ` First: ${firstError}` : ''
  const typeErrors = failing.filter((name) => /\bTS\d+$/.test(name))
  const tests = failing.length - typeErrors.length
  if (tests > 0) return `${tests} failing${total === null ? '' : ` of ${total} tests`}.${first}`
  if (typeErrors.length > 0) return `Type errors in ${new Set(typeErrors.map((name) => name.split(' ')[0])).size} file(s).${first}`
  if (firstError) return firstError
  return lines.findLast((line) => line.trim() !== '')?.trim() ?? 'The command failed and printed nothing.'
}
