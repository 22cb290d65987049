import type { Frame, FrameKind, FramePayload } from '../../../shared/frames'
import { BranchId, ContentHash, RunId } from '../../../shared/ids'

export const RUN = RunId.parse('r0000000001')
export const HASH = ContentHash.parse('a'.repeat(64))

export function branch(id: string): BranchId {
  return BranchId.parse(id)
}

/** One frame of a run; `n` is also its time in seconds. */
export function frame<K extends FrameKind>(
  n: number,
  branchId: string,
  kind: K,
  payload: FramePayload<K>,
  cause: number | null = null,
): Frame {
  return {
    runId: RUN,
    n,
    branchId: branch(branchId),
    kind,
    atMs: n * 1_000,
    cause,
    key: null,
    payload,
    checkpoint: null,
    hash: HASH,
  } as Frame
}

export function message(n: number, branchId: string): Frame {
  return frame(n, branchId, 'agent.message', { text: `message ${n}`, level: 'info' })
}

export function fork(n: number, branchId: string, parent: string, fromFrame: number): Frame {
  return frame(n, branchId, 'fork', {
    parent: branch(parent),
    fromFrame,
    label: branchId,
    reason: 'speculation',
    task: null,
    options: null,
  })
}

/** Puts an item into L1 whose tokens are the frame's number, so that a fold can be told from another. */
export function put(n: number, branchId: string, id: string): Frame {
  return frame(n, branchId, 'context.changed', {
    changes: [
      {
        op: 'put',
        item: {
          id,
          tier: 'L1',
          kind: 'note',
          title: id,
          content: HASH,
          tokens: n,
          source: { by: 'agent', frame: n },
          reason: 'test',
          addedAt: n,
          lastUsedAt: n,
          pinned: false,
          stale: false,
        },
      },
    ],
  })
}
