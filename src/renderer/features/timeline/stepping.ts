import type { Frame } from '../../../shared/frames'
import type { BranchId } from '../../../shared/ids'
import { frameRole } from '../../app/frame-words'

/** What a debugger would step to: each target is a question to one frame, `same-kind` and `same-branch` to two. */
export const STEP_TARGETS = [
  'same-kind',
  'same-branch',
  'tool',
  'model',
  'change',
  'error',
  'decision',
  'human',
  'keyframe',
  'mark',
  'breakpoint',
] as const
export type StepTarget = (typeof STEP_TARGETS)[number]

export const STEP_NAME: Readonly<Record<StepTarget, string>> = {
  'same-kind': 'frame of the same kind',
  'same-branch': 'frame of the same branch',
  tool: 'tool call',
  model: 'model call',
  change: 'file change',
  error: 'error',
  decision: 'decision',
  human: 'human decision',
  keyframe: 'keyframe',
  mark: 'mark',
  breakpoint: 'breakpoint hit',
}

/** The frames that a step goes along: the way through the selected branch and its ancestors. */
export interface Way {
  frame(n: number): Frame | undefined
  after(branchId: BranchId, n: number): number | null
  atOrBefore(branchId: BranchId, n: number): number
}

export interface Landmarks {
  readonly marked: ReadonlySet<number>
  readonly hit: ReadonlySet<number>
}

/** The nearest frame in the direction that is what is looked for; null when there is none on the branch's way. */
export function stepTo(
  way: Way,
  point: { readonly branchId: BranchId; readonly n: number },
  target: StepTarget,
  by: 1 | -1,
  landmarks: Landmarks,
): number | null {
  const from = way.frame(point.n)
  if (from === undefined) return null
  for (let n = next(way, point.branchId, point.n, by); n !== null; n = next(way, point.branchId, n, by)) {
    const frame = way.frame(n)
    if (frame !== undefined && isTarget(frame, target, from, landmarks)) return n
  }
  return null
}

function next(way: Way, branchId: BranchId, n: number, by: 1 | -1): number | null {
  if (by === 1) return way.after(branchId, n)
  const before = way.atOrBefore(branchId, n - 1)
  return before === 0 ? null : before
}

function isTarget(frame: Frame, target: StepTarget, from: Frame, { marked, hit }: Landmarks): boolean {
  switch (target) {
    case 'same-kind':
      return frame.kind === from.kind
    case 'same-branch':
      return frame.branchId === from.branchId
    case 'tool':
      return frame.kind === 'tool.intent'
    case 'model':
      return frame.kind === 'tool.intent' && frame.payload.tool.startsWith('model.')
    case 'change':
      return frame.kind === 'tool.outcome'
        ? frame.payload.sideEffects.files.length > 0
        : frame.kind === 'merge.outcome' && frame.payload.applied.length > 0
    case 'error': {
      const role = frameRole(frame)
      return role === 'error' || role === 'denied'
    }
    case 'decision':
      return frame.kind === 'decision'
    case 'human':
      return frame.kind === 'human.answer'
    case 'keyframe':
      return frame.checkpoint !== null
    case 'mark':
      return marked.has(frame.n)
    case 'breakpoint':
      return hit.has(frame.n)
  }
}
