import type { BranchSummary, RunSummary } from '../../shared/contract/methods'
import type { KernelClient } from '../../shared/contract/service'
import type { Frame } from '../../shared/frames'
import { AMBIENT_KINDS } from '../../shared/frames'
import { type BranchId, MAIN_BRANCH, type RunId } from '../../shared/ids'
import { toFailure } from '../../shared/failure'
import { askPending, pendingOf, printPending } from './answer-requests'
import { EXIT, type ExitCode, type Terminal } from './command'
import { deferred } from './deferred'
import { describeFrame } from './describe-frame'
import { seconds } from './print'
import { readFrames } from './run-frames'

export interface RunResult {
  readonly runId: RunId
  readonly state: RunSummary['state']
  readonly outcome: 'completed' | 'failed' | 'cancelled' | null
  readonly summary: string | null
  readonly frames: number
  readonly tokens: number
  readonly checkpoints: number
  readonly forks: number
  readonly durationMs: number
  /** Paths that were written into the repository. */
  readonly merged: readonly string[]
  readonly branches: readonly BranchSummary[]
}

const RUN_OVER: ReadonlySet<string> = new Set(['completed', 'failed', 'cancelled', 'interrupted'])
const BRANCH_OVER: ReadonlySet<string> = new Set(['passed', 'failed', 'merged', 'completed', 'cancelled', 'interrupted'])
/** How long a run that was interrupted may take to come to rest before the command ends all the same. */
const REST_MS = 10_000

export interface FollowOptions {
  /** Follow this branch to its end; otherwise the run. */
  readonly branchId?: BranchId
  readonly quiet: boolean
  /** Ask the person at the terminal; otherwise a question ends the command with exit code 3. */
  readonly answer: boolean
}

type Ending = 'over' | 'waiting' | 'paused' | 'interrupted'

/**
 * Shows a run's progress until it ends, waits for a person, or is interrupted with Ctrl-C, which pauses it first.
 * Call before the run is started or at any time later: what happened earlier is read from the journal.
 */
export async function followRun(client: KernelClient, runId: RunId, terminal: Terminal, options: FollowOptions): Promise<Ending> {
  let shown = 0
  const show = (frames: readonly Frame[]): void => {
    for (const frame of frames) {
      if (frame.n <= shown) continue
      shown = frame.n
      if (!options.quiet && !AMBIENT_KINDS.has(frame.kind)) {
        terminal.err(`${String(frame.n).padStart(5)} ${frame.branchId.padEnd(3)} ${frame.kind.padEnd(17)} ${describeFrame(frame)}`)
      }
    }
  }
  const catchUp = async (): Promise<void> => show((await readFrames(client, runId)).filter((frame) => frame.n > shown))
  const wake = createWake()
  const unsubscribe = [
    client.on('frames.appended', (event) => {
      if (event.runId !== runId) return
      // Frames that came before the subscription are fetched below; never show a later one first.
      if (event.frames[0]?.n === shown + 1) show(event.frames)
      wake.up()
    }),
    client.on('runs.changed', (run) => run.runId === runId && wake.up()),
    client.on('humans.changed', () => wake.up()),
    client.on('resync', () => wake.up()),
  ]
  void client.closed.then(() => wake.up())
  terminal.interrupted.addEventListener('abort', () => wake.up(), { once: true })
  try {
    for (;;) {
      const next = wake.next()
      if (terminal.interrupted.aborted) return await interrupt(client, runId)
      const run = await client.call('runs.get', { runId })
      if (run.frames > shown) await catchUp()
      const branch = run.branches.find((one) => one.branchId === options.branchId)
      if (branch === undefined ? RUN_OVER.has(run.state) : BRANCH_OVER.has(branch.state)) return 'over'
      const pending = await pendingOf(client, runId)
      if (pending.length > 0) {
        if (!options.answer) {
          printPending(pending, terminal)
          return 'waiting'
        }
        if (!(await askPending(client, pending, terminal))) return await interrupt(client, runId)
        continue
      }
      if ((branch?.state ?? run.state) === 'paused') {
        terminal.err('The run is paused. Open it with `keyframe open` to go on.')
        return 'paused'
      }
      await next
    }
  } finally {
    for (const end of unsubscribe) end()
  }
}

export async function runResult(client: KernelClient, runId: RunId): Promise<RunResult> {
  const run = await client.call('runs.get', { runId })
  const frames = await readFrames(client, runId)
  const ended = frames.findLast((frame) => frame.kind === 'run.ended' && frame.branchId === MAIN_BRANCH)
  const merged = frames.flatMap((frame) => (frame.kind === 'merge.outcome' ? frame.payload.applied.map((file) => file.path) : []))
  const endMs = run.endedAtMs ?? frames.at(-1)?.atMs ?? run.startedAtMs
  return {
    runId,
    state: run.state,
    outcome: ended?.kind === 'run.ended' ? ended.payload.outcome : null,
    summary: run.summary,
    frames: run.frames,
    tokens: run.tokens,
    checkpoints: run.checkpoints,
    forks: frames.filter((frame) => frame.kind === 'fork').length,
    durationMs: endMs - run.startedAtMs,
    merged: [...new Set(merged)].sort(),
    branches: run.branches,
  }
}

export function printResult(result: RunResult, terminal: Terminal): void {
  terminal.out(`${result.outcome ?? result.state}: ${result.summary ?? 'no summary'}`)
  for (const path of result.merged) terminal.out(`  merged ${path}`)
  terminal.out(
    `${result.frames} frames, ${result.checkpoints} checkpoints, ${result.forks} forks, ${result.tokens} tokens, ${seconds(result.durationMs)} (run ${result.runId})`,
  )
}

export function exitCodeOf(ending: Ending, completed: boolean): ExitCode {
  if (ending === 'interrupted') return EXIT.interrupted
  if (ending === 'waiting' || ending === 'paused') return EXIT.waiting
  return completed ? EXIT.done : EXIT.failed
}

async function interrupt(client: KernelClient, runId: RunId): Promise<Ending> {
  try {
    await client.call('runs.control', { runId, action: 'interrupt' })
  } catch (thrown) {
    // The run may have ended meanwhile, or the kernel with the same Ctrl-C.
    if (toFailure(thrown).code === 'internal') throw thrown
    return 'interrupted'
  }
  const wake = createWake()
  const unsubscribe = client.on('runs.changed', () => wake.up())
  const timer = setTimeout(() => wake.up(), REST_MS)
  const until = performance.now() + REST_MS
  try {
    while (performance.now() < until) {
      const next = wake.next()
      const run = await client.call('runs.get', { runId })
      if (run.state !== 'running') break
      await next
    }
  } finally {
    clearTimeout(timer)
    unsubscribe()
  }
  return 'interrupted'
}

/** A level-triggered signal: `next()` taken before looking resolves for anything that happens after. */
function createWake(): { up(): void; next(): Promise<void> } {
  let waiting = deferred<void>()
  return {
    up() {
      waiting.resolve()
      waiting = deferred<void>()
    },
    next: () => waiting.promise,
  }
}
