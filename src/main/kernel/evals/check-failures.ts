import type { Check } from './judge'

/** What failed in one run of a check, in a form in which two runs can be compared. */
export interface CheckFailures {
  /** How often each failure occurs, by a name that stays the same when unrelated code changes. */
  readonly failing: ReadonlyMap<string, number>
  /** Number of tests that ran, when the reporter says it. */
  readonly total: number | null
}

// eslint-disable-next-line no-control-regex -- terminal colours are control characters
const COLOURS = /\u001b\[[0-9;?]*[A-Za-z]|\u001b\][^\u0007]*\u0007/g

export function plainText(output: string): string {
  return output.replaceAll(COLOURS, '').replaceAll('\r\n', '\n').replaceAll('\r', '\n')
}

export function readFailures(check: Check['check'], output: string): CheckFailures {
  const lines = plainText(output).split('\n')
  const failing = new Map<string, number>()
  // A test script often runs the compiler first, so types are looked for in both.
  if (check === 'tests') for (const name of failingTests(lines)) failing.set(name, 1)
  if (check !== 'lint') for (const error of typeErrors(lines)) failing.set(error, (failing.get(error) ?? 0) + 1)
  if (check === 'lint') {
    for (const name of [...eslintErrors(lines), ...unformattedFiles(lines)]) failing.set(name, (failing.get(name) ?? 0) + 1)
    const count = failing.size > 0 ? 0 : lintErrors(lines)
    if (count > 0) failing.set('lint errors', count)
  }
  return { failing, total: check === 'tests' ? testCount(lines) : null }
}

/** The file of a failing test, where its name has one: `src/a.test.ts > suite > name`, also behind a project `|unit|`. */
export function testFileOf(name: string): string | null {
  return /^(?:\|[^|]+\| )?(?:TS )?((?:[^\s>]+\/)*[^\s>/]+\.[cm]?[jt]sx?)(?: > .*)?$/.exec(name)?.[1] ?? null
}

/** Failures that one run has and the other has not, or has more often. */
export function newFailures(now: CheckFailures, before: CheckFailures): string[] {
  return [...now.failing].flatMap(([name, count]) => {
    const known = before.failing.get(name) ?? 0
    if (count <= known) return []
    return [known > 0 || count > 1 ? `${name} (${count - known} more)` : name]
  })
}

const DURATION = /\s+(?:\(?\[?\d+(?:\.\d+)?\s?m?s\]?\)?)\s*$/

/** Names of failing tests as the common reporters print them: vitest, jest, node:test (spec and TAP), mocha, bun, ava. */
function failingTests(lines: readonly string[]): Set<string> {
  const names = new Set<string>()
  const add = (name: string | undefined): void => {
    const clean = name?.replace(DURATION, '').trim()
    if (clean) names.add(clean)
  }
  lines.forEach((line, index) => {
    // vitest: " FAIL  |unit| src/a.test.ts > suite > name"; jest: "FAIL src/a.test.ts (5 s)", then "  ● suite › name"
    // a suite that could not be loaded: " FAIL  |node| a.test.ts [ runtime/node/a.test.ts ]", the second from the root
    add(/^\s*FAIL\s+(.+)$/.exec(line)?.[1]?.replace(/\S+ \[ ([^\]]+) \]$/, '$1'))
    const bullet = /^ {2}● (.+)$/.exec(line)?.[1]
    if (bullet && bullet !== 'Console' && bullet !== 'Test suite failed to run') add(bullet)
    const tap = /^(\s*)not ok\b(?: \d+)?(?: -)? (.+)$/.exec(line)
    if (tap && !/ # (TODO|SKIP)\b/i.test(line)) add(tap[2])
    // node:test's spec reporter, which repeats its failures under a heading of their own
    const spec = /^\s*✖ (.+?) \(\d[\d.]*ms\)/.exec(line)?.[1]
    if (spec) add(spec)
    add(/^\s*✘ \[fail\]: (.+)$/.exec(line)?.[1])
    add(/^\(fail\) (.+)$/.exec(line)?.[1])
    if (/^\s+\d+ failing$/.test(line)) for (const name of mochaFailures(lines.slice(index + 1))) add(name)
  })
  return names
}

/** mocha ends with "  1) suite", deeper lines for inner suites, and the test's own with a colon at its end. */
function mochaFailures(lines: readonly string[]): string[] {
  const names: string[] = []
  let parts: string[] | null = null
  for (const line of lines) {
    const first = /^\s+\d+\) (.+)$/.exec(line)?.[1]
    if (first !== undefined) parts = [first.trim()]
    else if (parts && line.trim() === '') parts = null
    else if (parts) parts.push(line.trim())
    const last = parts?.at(-1)
    if (parts && last?.endsWith(':')) {
      names.push(parts.join(' ').slice(0, -1))
      parts = null
    }
  }
  return names
}

/** "src/a.ts(3,7): error TS2304: ..." and, in colour, "src/a.ts:3:7 - error TS2304: ...", without the place, which moves. */
function typeErrors(lines: readonly string[]): string[] {
  return lines.flatMap((line) => {
    const match = /^(\S.*?)(?:\(\d+,\d+\):|:\d+:\d+ -) error (TS\d+)/.exec(line) ?? /^()error (TS\d+)/.exec(line)
    return match ? [`${match[1] ? `${match[1]} ` : ''}${match[2]}`] : []
  })
}

/** eslint's stylish and default form: a line with the file, then "  1:5  error  message  rule". By file and rule, since lines move. */
function eslintErrors(lines: readonly string[]): string[] {
  let file = ''
  return lines.flatMap((line) => {
    if (/^(?:\/|\.{0,2}\/?[\w@])\S*\.\w+$/.test(line)) file = inWorkspace(line)
    const match = /^\s+\d+:\d+\s+error\s+(.+?)(?:\s{2,}(\S+))?\s*$/.exec(line)
    return match && file !== '' ? [`${file} ${match[2] ?? match[1] ?? ''}`] : []
  })
}

/** prettier --check: "[warn] src/a.ts", and "[error] src/a.ts: SyntaxError: ..." for what it cannot read. */
function unformattedFiles(lines: readonly string[]): string[] {
  return lines.flatMap((line) => {
    const unformatted = /^\[warn\] (\S.*\.\w+)$/.exec(line)?.[1]
    if (unformatted !== undefined) return [`${inWorkspace(unformatted)} is not formatted`]
    const broken = /^\[error\] (\S.*?\.\w+): /.exec(line)?.[1]
    return broken === undefined ? [] : [`${inWorkspace(broken)} cannot be formatted`]
  })
}

function inWorkspace(path: string): string {
  return path.replace(/^\/workspace\//, '')
}

function lintErrors(lines: readonly string[]): number {
  let counted: number | null = null
  for (const line of lines) {
    const count =
      /^✖ \d+ problems? \((\d+) errors?/.exec(line) ?? // eslint
      /^Found \d+ warnings? and (\d+) errors?/.exec(line) ?? // oxlint
      /^Found (\d+) errors?\.?$/.exec(line.trim()) // biome
    if (count) counted = (counted ?? 0) + Number(count[1])
  }
  if (counted !== null) return counted
  // A linter that broke down has found nothing: what it prints are not errors of the code.
  if (lines.some((line) => /^Oops! Something went wrong|^\s*(?:\w*Error: |Error \[ERR_\w+\]: |at .+:\d+:\d+\)?$)/.test(line))) return 0
  return lines.filter((line) => /^\s*\d+:\d+\s+error\s/.test(line) || /(?:^|[\s:[])error(?:[\s:[(]|$)/i.test(line)).length
}

/** Tests that ran: those that were skipped are left out. */
function testCount(lines: readonly string[]): number | null {
  let total: number | null = null
  for (const line of lines) {
    const one =
      /^\s*Tests\s+.*\((\d+)\)\s*$/.exec(line) ?? // vitest
      /^Tests:.*?(\d+) total/.exec(line) ?? // jest
      /^(?:#|ℹ) tests (\d+)$/.exec(line) ?? // node:test
      /^Ran (\d+) tests? across/.exec(line) // bun
    if (one) total = (total ?? 0) + Number(one[1])
    if (total === null) continue
    if (one) for (const skipped of line.matchAll(/(\d+) (?:skipped|todo)\b/g)) total -= Number(skipped[1])
    else total -= Number(/^(?:#|ℹ) (?:skipped|todo) (\d+)$/.exec(line)?.[1] ?? 0)
  }
  if (total !== null) return total
  const mocha = lines.flatMap((line) => /^\s+(\d+) (?:passing|failing)\b/.exec(line)?.[1] ?? [])
  return mocha.length > 0 ? mocha.reduce((sum, count) => sum + Number(count), 0) : null
}
