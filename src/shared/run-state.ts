import { type ContextState, emptyContext, reduceContext } from './context'
import type { CheckpointRef, Frame, FramePayload, HumanRequest, Plan, Verdict } from './frames'
import { type BranchId, MAIN_BRANCH } from './ids'
import type { PolicyGrant } from './policy'

/**
 * Everything that holds at one frame of one branch, folded from its frames alone. Pure and versioned: the window folds
 * it while scrubbing, the kernel while restoring and verifying.
 */
export interface RunState {
  readonly frame: number
  readonly branchId: BranchId
  readonly context: ContextState
  readonly task: string
  /** When this branch's agent began: the start of the run, or of a fork by a person. Milliseconds since the epoch. */
  readonly startedAtMs: number
  readonly plan: Plan | null
  readonly machine: { readonly state: string; readonly data: Readonly<Record<string, unknown>> }
  /** Files at the frame: the manifest of the last checkpoint on the way here; null = the base unchanged. */
  readonly checkpoint: { readonly frame: number; readonly ref: CheckpointRef } | null
  readonly openIntents: readonly { readonly frame: number; readonly kind: Frame['kind']; readonly title: string }[]
  readonly pendingHuman: HumanRequest | null
  readonly verdict: Verdict | null
  readonly phase: 'running' | 'paused' | 'waiting' | 'completed' | 'failed' | 'cancelled'
  readonly merged: boolean
  readonly counters: {
    readonly ticks: number
    readonly toolCalls: number
    readonly errors: number
    readonly tokensUsed: number
    readonly checkpoints: number
  }
  /** Permissions that a person gave on the way here; absent while there is none, so that states of before are the same. */
  readonly grants?: readonly PolicyGrant[]
  /** Limits that stopped the run and that a person has not answered for yet, by name. */
  readonly stoppedBy: readonly string[]
  /** Limits that a person let the run go past: they do not stop it again. */
  readonly waived: readonly string[]
}

export function initialState(): RunState {
  return {
    frame: 0,
    branchId: MAIN_BRANCH,
    context: emptyContext(),
    task: '',
    startedAtMs: 0,
    plan: null,
    machine: { state: 'new', data: {} },
    checkpoint: null,
    openIntents: [],
    pendingHuman: null,
    verdict: null,
    phase: 'running',
    merged: false,
    counters: { ticks: 0, toolCalls: 0, errors: 0, tokensUsed: 0, checkpoints: 0 },
    stoppedBy: [],
    waived: [],
  }
}

/**
 * The state after a frame's payload, before its checkpoint: this is what a checkpoint's `state` hash is taken of. The frame's
 * number is left out (`frame` keeps its old value), so that the hash does not depend on how branches interleave.
 */
export function reducePayload(previous: RunState, frame: Frame): RunState {
  return applyPayload({ ...previous, branchId: frame.branchId }, frame)
}

/** The state after one more frame. A frame's own checkpoint becomes the state's checkpoint. */
export function reduceFrame(previous: RunState, frame: Frame): RunState {
  const next = { ...reducePayload(previous, frame), frame: frame.n }
  if (frame.checkpoint === null) return next
  return {
    ...next,
    checkpoint: { frame: frame.n, ref: frame.checkpoint },
    counters: { ...next.counters, checkpoints: next.counters.checkpoints + 1 },
  }
}

function applyPayload(state: RunState, frame: Frame): RunState {
  const { counters } = state
  switch (frame.kind) {
    case 'run.started':
      return { ...state, startedAtMs: frame.atMs, task: frame.payload.options.task, context: emptyContext(frame.payload.options.budget) }
    case 'run.ended':
      return { ...state, phase: frame.payload.outcome, openIntents: [], pendingHuman: null }
    case 'fork':
      return {
        ...state,
        task: frame.payload.task ?? state.task,
        startedAtMs: frame.payload.reason === 'speculation' ? state.startedAtMs : frame.atMs,
        phase: 'running',
        openIntents: [],
        pendingHuman: null,
        verdict: null,
        merged: false,
        context: frame.payload.options === null ? state.context : { ...state.context, budget: frame.payload.options.budget },
      }
    case 'decision':
      return {
        ...state,
        phase: frame.payload.outcome === 'checkpoint-and-pause' ? 'paused' : state.phase,
        stoppedBy: frame.payload.limits,
        counters: { ...counters, ticks: counters.ticks + 1 },
      }
    case 'context.changed':
    case 'context.edited': {
      let context = state.context
      let tokensUsed = counters.tokensUsed
      for (const change of frame.payload.changes) {
        context = reduceContext(context, change, frame.n)
        if (change.op === 'put' && (change.item.tier === 'L1' || change.item.tier === 'L2')) tokensUsed += change.item.tokens
      }
      return { ...state, context, counters: { ...counters, tokensUsed } }
    }
    case 'tool.intent':
      return opened(state, frame, frame.payload.tool)
    case 'judge.intent':
      return opened(state, frame, frame.payload.judge)
    case 'merge.intent':
      return opened(state, frame, 'merge')
    case 'speculate.intent':
      return opened(state, frame, 'speculate')
    case 'tool.outcome':
      return {
        ...closed(state, frame.cause),
        counters: { ...counters, toolCalls: counters.toolCalls + 1, errors: counters.errors + (frame.payload.ok ? 0 : 1) },
      }
    case 'judge.verdict':
      return { ...closed(state, frame.cause), verdict: frame.payload }
    case 'merge.outcome':
      return { ...closed(state, frame.cause), merged: frame.payload.applied.length > 0 }
    case 'speculate.outcome':
      return closed(state, frame.cause)
    case 'human.request':
      return { ...state, phase: 'waiting', pendingHuman: frame.payload }
    case 'human.answer':
      return letGoOn({ ...state, pendingHuman: null })
    case 'control':
      return controlled(state, frame.payload.action)
    case 'policy.granted':
      return { ...state, grants: [...(state.grants ?? []), ...frame.payload.grants] }
    case 'agent.plan':
      return { ...state, plan: frame.payload }
    case 'agent.state':
      return { ...state, machine: { state: frame.payload.state, data: frame.payload.data } }
    case 'error':
      return { ...state, counters: { ...counters, errors: counters.errors + 1 } }
    case 'checkpoint':
    case 'restore':
    case 'recovery':
    case 'agent.message':
    case 'memory.changed':
    case 'terminal.data':
      return state
  }
}

function opened(state: RunState, frame: Frame, title: string): RunState {
  return { ...state, openIntents: [...state.openIntents, { frame: frame.n, kind: frame.kind, title }] }
}

function closed(state: RunState, intent: number | null): RunState {
  return { ...state, openIntents: state.openIntents.filter((open) => open.frame !== intent) }
}

function controlled(state: RunState, action: FramePayload<'control'>['action']): RunState {
  if (action === 'pause' || action === 'interrupt') return { ...state, phase: 'paused' }
  if (action === 'resume' || action === 'step') return letGoOn(state)
  return state
}

/** A person who lets a run go on after a limit waives that limit, so that they are asked once. */
function letGoOn(state: RunState): RunState {
  const waived = [...new Set([...state.waived, ...state.stoppedBy])].sort()
  return { ...state, phase: 'running', stoppedBy: [], waived }
}

export interface BranchOrigin {
  readonly branchId: BranchId
  readonly parent: BranchId | null
  /** Last frame of the parent that belongs to this branch's past; 0 for the main branch. */
  readonly fromFrame: number
}

/**
 * The frames on the way to `upTo` on a branch, oldest first: its own and, before each fork, its ancestors'.
 * Frames of a parent after the fork frame are another future and are left out.
 */
export function pathTo(frames: readonly Frame[], origins: ReadonlyMap<BranchId, BranchOrigin>, branchId: BranchId, upTo: number): Frame[] {
  const limits = new Map<BranchId, number>()
  let at: BranchId | null = branchId
  let limit = upTo
  while (at !== null) {
    limits.set(at, limit)
    const origin: BranchOrigin | undefined = origins.get(at)
    if (origin === undefined) break
    limit = Math.min(limit, origin.fromFrame)
    at = origin.parent
  }
  return frames.filter((frame) => frame.n <= (limits.get(frame.branchId) ?? 0))
}

/** Where each branch of a run started, read from its fork frames. */
export function branchOrigins(frames: readonly Frame[]): Map<BranchId, BranchOrigin> {
  const origins = new Map<BranchId, BranchOrigin>([[MAIN_BRANCH, { branchId: MAIN_BRANCH, parent: null, fromFrame: 0 }]])
  for (const frame of frames) {
    if (frame.kind !== 'fork') continue
    origins.set(frame.branchId, { branchId: frame.branchId, parent: frame.payload.parent, fromFrame: frame.payload.fromFrame })
  }
  return origins
}

export function foldFrames(frames: readonly Frame[], from: RunState = initialState()): RunState {
  return frames.reduce(reduceFrame, from)
}
