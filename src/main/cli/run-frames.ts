import type { KernelClient } from '../../shared/contract/service'
import type { Frame } from '../../shared/frames'
import type { BranchId, RunId } from '../../shared/ids'
import { branchOrigins, foldFrames, pathTo, type RunState } from '../../shared/run-state'
import { UsageError } from './command'

const PAGE = 1000

/** All frames of a run up to `upTo` (all when absent), in order of commit. */
export async function readFrames(client: KernelClient, runId: RunId, upTo = Number.MAX_SAFE_INTEGER): Promise<Frame[]> {
  const frames: Frame[] = []
  for (;;) {
    const page = await client.call('frames.list', { runId, from: frames.length + 1, limit: PAGE })
    frames.push(...page.frames)
    if (page.frames.length < PAGE || frames.length >= Math.min(page.total, upTo)) break
  }
  return frames.filter((frame) => frame.n <= upTo)
}

export interface Point {
  readonly runId: RunId
  readonly branchId: BranchId
  readonly n: number
}

/** The point on the timeline that a frame number names: its own branch, after it. */
export async function pointAt(client: KernelClient, runId: RunId, n: number): Promise<Point> {
  const { frames, total } = await client.call('frames.list', { runId, from: n, limit: 1 })
  const frame = frames[0]
  if (frame === undefined || frame.n !== n) throw new UsageError(`Run ${runId} has ${total} frames; there is no frame ${n}.`)
  return { runId, branchId: frame.branchId, n }
}

/** The state at a frame of a run, folded from the frames on the way to it. */
export async function stateAt(client: KernelClient, point: Point): Promise<RunState> {
  const frames = await readFrames(client, point.runId, point.n)
  return foldFrames(pathTo(frames, branchOrigins(frames), point.branchId, point.n))
}

/** The run that is named, or the newest one. */
export async function chosenRun(client: KernelClient, runId: RunId | undefined): Promise<RunId> {
  if (runId !== undefined) return runId
  const runs = await client.call('runs.list', {})
  const newest = runs.toSorted((a, b) => b.startedAtMs - a.startedAtMs)[0]
  if (newest === undefined) throw new UsageError('This repository has no runs yet: start one with `keyframe run`.')
  return newest.runId
}
