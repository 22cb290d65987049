import type { CheckResult, Verdict } from '../../../shared/frames'
import type { FilesAt } from '../checkpoints/files'
import type { Sandbox } from '../tools/sandboxes/sandbox'
import { restoreConfiguration } from './check-configuration'
import { type CheckFailures, newFailures, readFailures } from './check-failures'
import { type CheckRun, runCheck } from './check-run'
import { type CheckSettings, type DiscoveredChecks, discoverChecks, type PartedCheck } from './discover-checks'
import { explainFailure } from './explain-failure'
import type { Check, JudgeSubject } from './judge'
import { combineParts, type PartResult } from './judge-parts'
import { secondTryOf } from './second-try'

export const JUDGE_NAME = 'checks'
/** Weights and threshold of the article that this judge follows; security and meaning are judged elsewhere. */
const WEIGHTS: Readonly<Record<Check['check'], number>> = { tests: 0.4, lint: 0.15, types: 0.15 }
const PASSING_SCORE = 0.8
const DEFAULT_TIMEOUT_MS = 600_000
const MAX_DETAIL = 2000

/** Results of the base, by command. One for each base, shared by all judges of its branches. */
export type BaselineRuns = Map<string, Promise<CheckRun>>

export interface JudgeOptions {
  /** From `discoverChecks` of the same base; found here when left out. */
  readonly discovered?: DiscoveredChecks
  readonly settings?: CheckSettings
  /** For each check. Default 10 minutes. */
  readonly timeoutMs?: number
  /** A sandbox of the base itself, made when a check fails; disposed of here. Without it every failure counts as new. */
  readonly baseline?: () => Promise<Sandbox>
  /** Default: one kept with the `FilesAt` of the base. */
  readonly baselineRuns?: BaselineRuns
}

const runsOfBases = new WeakMap<FilesAt, BaselineRuns>()

/**
 * Judges a branch by the workspace's own tests, linter and type check, under the base's configuration. Only what the branch
 * made worse fails. What cannot run is `not-available`, never `passed`; a verdict without any available check does not pass.
 */
export async function judgeBranch(subject: JudgeSubject, options: JudgeOptions = {}): Promise<Verdict> {
  const { checks, missing } = options.discovered ?? (await discoverChecks(subject.base, options.settings))
  const configuration = await restoreConfiguration(subject.sandbox, subject.base, subject.changedFiles)
  const notes = [
    ...(configuration.restored.length > 0 ? [`Run with the base's version of: ${configuration.restored.join(', ')}.`] : []),
    ...configuration.warnings,
  ]
  for (const note of notes) subject.onOutput(`${note}\n`)

  const results: CheckResult[] = missing.map(({ check, why }) => notAvailable(check, null, why, 0))
  for (const check of checks) results.push(await judgeCheck(check, subject, options, notes))
  results.sort((a, b) => ORDER.indexOf(a.check) - ORDER.indexOf(b.check))
  return { judge: JUDGE_NAME, ...score(results), checks: results }
}

const ORDER: readonly Check['check'][] = ['tests', 'types', 'lint']

/** Weighted mean of what was available. */
export function score(results: readonly CheckResult[]): { score: number | null; passed: boolean } {
  const available = results.filter((result) => result.score !== null)
  const weight = available.reduce((sum, result) => sum + WEIGHTS[result.check], 0)
  if (weight === 0) return { score: null, passed: false }
  const mean = available.reduce((sum, result) => sum + WEIGHTS[result.check] * (result.score ?? 0), 0) / weight
  return { score: mean, passed: mean > PASSING_SCORE && available.every((result) => result.state === 'passed') }
}

async function judgeCheck(
  check: PartedCheck,
  subject: JudgeSubject,
  options: JudgeOptions,
  notes: readonly string[],
): Promise<CheckResult> {
  const parts: PartResult[] = []
  for (const part of check.parts) parts.push(await judgePart(check.check, part, subject, options))
  const { state, score: value, detail, durationMs } = combineParts(parts)
  return {
    check: check.check,
    state,
    command: check.command,
    detail: [detail, ...notes].join(' ').slice(0, MAX_DETAIL),
    durationMs,
    score: value,
  }
}

async function judgePart(kind: Check['check'], part: string, subject: JudgeSubject, options: JudgeOptions): Promise<PartResult> {
  const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS
  const settings = { timeoutMs, signal: subject.signal, onOutput: (chunk: string) => subject.onOutput(chunk) }
  const run = await runCheck(subject.sandbox, part, settings)
  let durationMs = run.durationMs
  const finish = (state: PartResult['state'], value: number | null, detail: string): PartResult => ({
    part,
    state,
    score: value,
    detail,
    durationMs,
  })
  if (run.unavailable) return finish('not-available', null, run.unavailable)
  const now = readFailures(kind, run.output)
  if (run.exitCode === 0 && !run.ended) return finish('passed', 1, now.total === null ? 'Passed.' : `${now.total} tests passed.`)

  const failed = (failing: readonly string[], detail: string): PartResult => {
    const share = kind === 'tests' && now.total && failing.length > 0 ? Math.max(0, 1 - failing.length / now.total) : 0
    return finish('failed', share, detail)
  }
  /** What the branch seems to have broken, after the test files that failed had a second try. */
  const broke = async (added: readonly string[], detail: string, known: CheckFailures | null): Promise<PartResult> => {
    const again = kind === 'tests' && !run.ended ? secondTryOf(part, added) : null
    if (again === null) return failed(added, detail)
    subject.onOutput(`Failed. These test files get a second try: ${again.files.join(', ')}.\n`)
    const second = await runCheck(subject.sandbox, again.command, settings)
    durationMs += second.durationMs
    const still = newFailures(readFailures(kind, second.output), known ?? NOTHING)
    const came = second.unavailable === null && second.ended === null
    if (came && still.length === 0 && (second.exitCode === 0 || known !== null)) {
      const list = `${added.slice(0, 10).join('; ')}${added.length > 10 ? ` and ${added.length - 10} more` : ''}`
      return finish('passed', 1, `Passed on the second try: ${list} failed at first and not when their files ran again alone.`)
    }
    return failed(added, `${detail} A second try of ${again.files.length} test file(s) failed too.`)
  }
  const what = run.ended ?? explainFailure(run.output).summary
  const before = await runBaseline(part, subject, options, timeoutMs)
  if (!before) return broke([...now.failing.keys()], `${what} (Not compared with the base.)`, null)
  if (before.unavailable) return finish('not-available', null, `It cannot run on the base either: ${before.unavailable}`)
  if (before.exitCode === 0 && !before.ended) return broke([...now.failing.keys()], what, null)

  // It fails on the base as well: only what is new counts, and only where failures can be told apart.
  if (run.ended && before.ended) return finish('not-available', null, `On the base too: ${before.ended}`)
  const known = readFailures(kind, before.output)
  if (run.ended) return failed([], `${what} The base fails as well, but comes to its end.`)
  if (now.failing.size === 0) {
    const same = known.failing.size === 0
    const detail = 'It fails on the base as well, and what fails cannot be told from the output: ' + what
    return same ? finish('not-available', null, detail) : failed([], detail)
  }
  const added = newFailures(now, known)
  if (added.length > 0) return broke(added, `${added.length} new failure(s): ${added.slice(0, 20).join('; ')}. ${what}`, known)
  const list = [...now.failing.keys()].slice(0, 10).join('; ')
  return finish('passed', 1, `Not worse than the base, where ${known.failing.size} failure(s) are known: ${list}.`)
}

const NOTHING: CheckFailures = { failing: new Map(), total: null }

async function runBaseline(command: string, subject: JudgeSubject, options: JudgeOptions, timeoutMs: number): Promise<CheckRun | null> {
  const { baseline } = options
  if (!baseline) return null
  const runs = options.baselineRuns ?? runsOfBases.get(subject.base) ?? new Map<string, Promise<CheckRun>>()
  if (!options.baselineRuns) runsOfBases.set(subject.base, runs)
  for (let known = runs.get(command); known; known = runs.get(command)) {
    try {
      return await known
    } catch (error) {
      // The judge that started this run was cancelled, or its sandbox failed: this one runs it for itself.
      subject.signal.throwIfAborted()
      if (runs.get(command) === known) runs.delete(command)
      subject.onOutput(`The run on the base is repeated: ${error instanceof Error ? error.message : String(error)}\n`)
    }
  }
  subject.onOutput('Failed. The same check runs on the base, to see what is new.\n')
  const run = runOn(baseline, command, timeoutMs, subject.signal)
  runs.set(command, run)
  try {
    return await run
  } catch (error) {
    if (runs.get(command) === run) runs.delete(command)
    throw error
  }
}

async function runOn(open: () => Promise<Sandbox>, command: string, timeoutMs: number, signal: AbortSignal): Promise<CheckRun> {
  const sandbox = await open()
  try {
    return await runCheck(sandbox, command, { timeoutMs, signal, onOutput: () => undefined })
  } finally {
    await sandbox.dispose()
  }
}

function notAvailable(check: Check['check'], command: string | null, detail: string, durationMs: number): CheckResult {
  return { check, state: 'not-available', command, detail, durationMs, score: null }
}
