export interface FailurePlace {
  readonly path: string
  readonly line: number
  /** What the tool says about it; empty when it only names the place. */
  readonly message: string
}

const SOURCE = String.raw`((?:[\w@.+-]+\/)*[\w@.+-]+\.[cm]?[jt]sx?)`
const FORMS: readonly { readonly pattern: RegExp; readonly message: number }[] = [
  // tsc: src/a.ts(3,5): error TS2304: Cannot find name 'x'.
  { pattern: new RegExp(String.raw`${SOURCE}\((\d+),\d+\): ((?:error|warning) .+)`), message: 3 },
  // tsc --pretty: src/a.ts:3:5 - error TS2304: ...
  { pattern: new RegExp(String.raw`${SOURCE}:(\d+):\d+ - ((?:error|warning) .+)`), message: 3 },
  // Stack frames: at name (/workspace/src/a.ts:3:5), and vitest's  > src/a.ts:3:5
  { pattern: new RegExp(String.raw`(?:\bat |❯ |[(/])\S*?${SOURCE}:(\d+):\d+\)?\s*$`), message: 0 },
  // Linters: src/a.ts:3 rule: text, src/a.ts:3:5: text
  { pattern: new RegExp(String.raw`^\s*${SOURCE}:(\d+)(?::\d+)?:?\s+(\S.*)$`), message: 3 },
]
const ESCAPES = new RegExp(String.raw`${String.fromCharCode(27)}\[[0-9;?]*[A-Za-z]`, 'g')

/** The places in the workspace that the output of a test run, a compiler or a linter names, in its order, each once. */
export function failurePlaces(output: string, workspaceDir = '/workspace'): FailurePlace[] {
  const places = new Map<string, FailurePlace>()
  for (const raw of output.replace(ESCAPES, '').split(/\r?\n/)) {
    const line = raw.replaceAll(`file://${workspaceDir}/`, '').replaceAll(`${workspaceDir}/`, '')
    if (line.includes('node_modules/') || line.includes('node:internal')) continue
    for (const form of FORMS) {
      const match = form.pattern.exec(line)
      const [path, at] = [match?.[1], match?.[2]]
      if (match === null || path === undefined || at === undefined) continue
      const key = `${path}:${at}`
      const message = form.message === 0 ? '' : (match[form.message] ?? '').trim()
      const known = places.get(key)
      if (known === undefined || (known.message === '' && message !== '')) places.set(key, { path, line: Number(at), message })
      break
    }
  }
  return [...places.values()]
}

/** Names of failed tests, as node:test, TAP, vitest, jest and mocha print them. */
export function failedTests(output: string): string[] {
  const names = new Set<string>()
  for (const raw of output.replace(ESCAPES, '').split(/\r?\n/)) {
    const line = raw.trim()
    const match =
      /^✖ (.+?)(?: \(\d[\d.]*ms\))?$/.exec(line) ??
      /^not ok \d+ - (.+)$/.exec(line) ??
      /^(?:FAIL|×) +(.+)$/.exec(line) ??
      /^● (.+)$/.exec(line)
    const name = match?.[1]?.replace(/ \d+ms$/, '')
    if (name !== undefined && name !== 'failing tests:') names.add(name)
  }
  return [...names]
}
