import type { CheckResult, Verdict } from '../../../shared/frames'
import type { FilesAt } from '../checkpoints/files'
import type { Sandbox } from '../tools/sandboxes/sandbox'
import { restoreConfiguration } from './check-configuration'
import { newFailures, readFailures } from './check-failures'
import { type CheckRun, runCheck } from './check-run'
import { type CheckSettings, type DiscoveredChecks, discoverChecks } from './discover-checks'
import { explainFailure } from './explain-failure'
import type { Check, JudgeSubject } from './judge'

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

async function judgeCheck(check: Check, subject: JudgeSubject, options: JudgeOptions, notes: readonly string[]): Promise<CheckResult> {
  const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS
  const run = await runCheck(subject.sandbox, check.command, {
    timeoutMs,
    signal: subject.signal,
    onOutput: (chunk) => subject.onOutput(chunk),
  })
  const finish = (state: CheckResult['state'], value: number | null, detail: string): CheckResult => ({
    check: check.check,
    state,
    command: check.command,
    detail: [detail, ...notes].join(' ').slice(0, MAX_DETAIL),
    durationMs: run.durationMs,
    score: value,
  })
  if (run.unavailable) return finish('not-available', null, run.unavailable)
  const now = readFailures(check.check, run.output)
  if (run.exitCode === 0 && !run.ended) return finish('passed', 1, now.total === null ? 'Passed.' : `${now.total} tests passed.`)

  const failed = (failing: readonly string[], detail: string): CheckResult => {
    const share = check.check === 'tests' && now.total && failing.length > 0 ? Math.max(0, 1 - failing.length / now.total) : 0
    return finish('failed', share, detail)
  }
  const what = run.ended ?? explainFailure(run.output).summary
  const before = await runBaseline(check, subject, options, timeoutMs)
  if (!before) return failed([...now.failing.keys()], `${what} (Not compared with the base.)`)
  if (before.unavailable) return finish('not-available', null, `It cannot run on the base either: ${before.unavailable}`)
  if (before.exitCode === 0 && !before.ended) return failed([...now.failing.keys()], what)

  // It fails on the base as well: only what is new counts, and only where failures can be told apart.
  if (run.ended && before.ended) return finish('not-available', null, `On the base too: ${before.ended}`)
  const known = readFailures(check.check, before.output)
  if (run.ended) return failed([], `${what} The base fails as well, but comes to its end.`)
  if (now.failing.size === 0) {
    const same = known.failing.size === 0
    const detail = 'It fails on the base as well, and what fails cannot be told from the output: ' + what
    return same ? finish('not-available', null, detail) : failed([], detail)
  }
  const added = newFailures(now, known)
  if (added.length > 0) return failed(added, `${added.length} new failure(s): ${added.slice(0, 20).join('; ')}. ${what}`)
  return finish(
    'passed',
    1,
    `Not worse than the base, where ${known.failing.size} failure(s) are known: ${[...now.failing.keys()].slice(0, 10).join('; ')}.`,
  )
}

async function runBaseline(check: Check, subject: JudgeSubject, options: JudgeOptions, timeoutMs: number): Promise<CheckRun | null> {
  const { baseline } = options
  if (!baseline) return null
  const runs = options.baselineRuns ?? runsOfBases.get(subject.base) ?? new Map<string, Promise<CheckRun>>()
  if (!options.baselineRuns) runsOfBases.set(subject.base, runs)
  for (let known = runs.get(check.command); known; known = runs.get(check.command)) {
    try {
      return await known
    } catch (error) {
      // The judge that started this run was cancelled, or its sandbox failed: this one runs it for itself.
      subject.signal.throwIfAborted()
      if (runs.get(check.command) === known) runs.delete(check.command)
      subject.onOutput(`The run on the base is repeated: ${error instanceof Error ? error.message : String(error)}\n`)
    }
  }
  subject.onOutput('Failed. The same check runs on the base, to see what is new.\n')
  const run = runOn(baseline, check.command, timeoutMs, subject.signal)
  runs.set(check.command, run)
  try {
    return await run
  } catch (error) {
    if (runs.get(check.command) === run) runs.delete(check.command)
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
