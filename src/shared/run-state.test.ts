import { describe, expect, it } from 'vitest'
import type { Frame, FrameKind, FrameOf, FramePayload } from './frames'
import type { BranchId, ContentHash, RunId } from './ids'
import { branchOrigins, foldFrames, pathTo } from './run-state'

const HASH = 'a'.repeat(64) as ContentHash

function frame<K extends FrameKind>(n: number, branch: string, kind: K, payload: FramePayload<K>, rest: Partial<FrameOf<K>> = {}): Frame {
  return {
    runId: 'r0000000001' as RunId,
    n,
    branchId: branch as BranchId,
    kind,
    atMs: n * 10,
    cause: null,
    key: null,
    payload,
    checkpoint: null,
    hash: HASH,
    ...rest,
  } as FrameOf<FrameKind> as Frame
}

function fork(n: number, branch: string, parent: string, fromFrame: number): Frame {
  return frame(n, branch, 'fork', {
    parent: parent as BranchId,
    fromFrame,
    label: branch,
    reason: 'speculation',
    task: null,
    options: null,
  })
}

function says(n: number, branch: string, state: string): Frame {
  return frame(n, branch, 'agent.state', { state, data: {} })
}

describe('the past of a branch', () => {
  const frames = [
    says(1, 'b0', 'one'),
    says(2, 'b0', 'two'),
    fork(3, 'b1', 'b0', 2),
    says(4, 'b0', 'three'),
    says(5, 'b1', 'other'),
    fork(6, 'b2', 'b1', 5),
    says(7, 'b1', 'later'),
    says(8, 'b2', 'last'),
  ]
  const numbers = (branch: string, upTo: number) => pathTo(frames, branchOrigins(frames), branch as BranchId, upTo).map((one) => one.n)

  it('is its own frames and its ancestors up to each fork', () => {
    expect(numbers('b0', 8)).toEqual([1, 2, 4])
    expect(numbers('b1', 8)).toEqual([1, 2, 3, 5, 7])
    expect(numbers('b2', 8)).toEqual([1, 2, 3, 5, 6, 8])
  })

  it('ends at the frame that is asked for', () => {
    expect(numbers('b2', 6)).toEqual([1, 2, 3, 5, 6])
    expect(numbers('b1', 2)).toEqual([1, 2])
  })
})

describe('folding', () => {
  const outcome = (ok: boolean): FramePayload<'tool.outcome'> => ({
    tool: 'shell.run',
    ok,
    output: null,
    text: '',
    sideEffects: { files: [], processes: [] },
    isolation: 'overlay',
    durationMs: 1,
  })
  const intent: FramePayload<'tool.intent'> = { tool: 'shell.run', args: {}, effect: 'workspace', allowedBy: [] }

  it('keeps an intent open until its outcome', () => {
    const open = foldFrames([frame(1, 'b0', 'tool.intent', intent)])
    expect(open.openIntents).toEqual([{ frame: 1, kind: 'tool.intent', title: 'shell.run' }])
    const done = foldFrames([frame(1, 'b0', 'tool.intent', intent), frame(2, 'b0', 'tool.outcome', outcome(false), { cause: 1 })])
    expect(done.openIntents).toEqual([])
    expect(done.counters).toMatchObject({ toolCalls: 1, errors: 1 })
  })

  it('waives the limits that a person let the run go past, and only those', () => {
    const inputs: FramePayload<'decision'>['inputs'] = {
      tick: 1,
      request: 'x',
      requestClass: 'pure',
      tokensUsed: 0,
      contextTokens: 0,
      maxTokens: 1,
      errorCount: 0,
      maxErrors: 1,
      wallTimeMs: 0,
      maxWallTimeMs: 1,
      staleItems: 0,
      maxStaleItems: 1,
      waived: [],
    }
    const paused = frame(1, 'b0', 'decision', { policy: 'p@1', outcome: 'checkpoint-and-pause', reasons: [], limits: ['tokens'], inputs })
    expect(foldFrames([paused])).toMatchObject({ phase: 'paused', stoppedBy: ['tokens'], waived: [] })
    expect(foldFrames([paused, frame(2, 'b0', 'control', { action: 'resume', text: null, by: 'person' })])).toMatchObject({
      phase: 'running',
      stoppedBy: [],
      waived: ['tokens'],
    })
  })

  it('carries the checkpoint of the last keyframe', () => {
    const checkpoint = { manifest: HASH, state: HASH, shell: null, memoryVersion: 3, reason: 'ran' }
    const state = foldFrames([
      frame(1, 'b0', 'tool.intent', intent),
      frame(2, 'b0', 'tool.outcome', outcome(true), { cause: 1, checkpoint }),
      says(3, 'b0', 'on'),
    ])
    expect(state.checkpoint).toEqual({ frame: 2, ref: checkpoint })
    expect(state.counters.checkpoints).toBe(1)
  })
})
