import { canonicalJson } from '../../../shared/canonical-json'
import type { ReplayReport } from '../../../shared/contract/methods'
import { KeyframeError } from '../../../shared/failure'
import type { Frame } from '../../../shared/frames'
import type { BranchId, ContentHash } from '../../../shared/ids'
import { branchOrigins, foldFrames, pathTo } from '../../../shared/run-state'
import type { AgentProgram } from '../agents/agent-api'
import type { Base } from '../checkpoints/files'
import type { Journal } from '../journal/journal'
import { hashBytes } from '../journal/sqlite-content-store'
import { type BranchEngine, isControlFlow } from '../scheduler/branch-engine'
import { stateHash } from '../scheduler/branch-recorder'
import { DEFAULT_ROLE, instructionsOf, rootEngine, type RunEngine, runProgram } from '../scheduler/run-engine'
import type { RunParts } from '../scheduler/run-parts'
import type { RolePolicy } from '../tools/policy/policies'
import { DEFAULT_LIMITS } from '../tools/sandboxes/sandbox'
import { type Divergence, ReplayDiverged, ReplayEnded } from './divergence'

export interface ReplayParts {
  readonly run: RunEngine
  readonly journal: Journal
  readonly base: Base
  readonly agents: ReadonlyMap<string, AgentProgram>
  readonly clock: () => number
}

/**
 * Runs the programs of a finished or interrupted run again, answered from its journal: no model, tool, network, clock or
 * write. Every computed frame and every checkpointed state is compared; the first difference ends it. Before that the chain
 * itself is checked, so that a changed byte is named rather than replayed.
 */
export async function replayExactly({ run, journal, base, agents, clock }: ReplayParts): Promise<ReplayReport> {
  const startedAt = clock()
  const report = (
    rest: Pick<ReplayReport, 'ok' | 'framesChecked' | 'stateRoot' | 'divergence'>,
    recordedRoot: ContentHash | null,
  ): ReplayReport => ({
    runId: run.runId,
    mode: 'exact',
    durationMs: Math.round(clock() - startedAt),
    recordedRoot,
    ...rest,
  })
  const fault = journal.verify(run.runId)
  if (fault !== null) {
    return report(
      {
        ok: false,
        framesChecked: 0,
        stateRoot: null,
        divergence: { frame: fault.frame, kind: 'journal', reason: fault.reason, fields: [] },
      },
      null,
    )
  }
  const frames = run.frames()
  const recordedRoot = rootOf(new Map(branchesOf(frames).map((branchId) => [branchId, foldedHash(frames, branchId)])))
  const replay = new Replay(run, journal, base)
  try {
    for (const branchId of rootBranches(frames)) await replay.branch(branchId, agents)
    // A restored branch has no program: its few frames were written by a person's command and only the fold applies.
    for (const frame of frames) {
      if (frame.kind === 'fork' && frame.payload.reason === 'restore') replay.states.set(frame.branchId, foldedHash(frames, frame.branchId))
    }
  } catch (thrown) {
    const divergence = divergenceOf(thrown, replay.lastFrame)
    return report({ ok: false, framesChecked: replay.framesChecked, stateRoot: null, divergence }, recordedRoot)
  }
  const stateRoot = rootOf(replay.states)
  const unvisited = branchesOf(frames).find((branchId) => !replay.states.has(branchId))
  const divergence: Divergence | null =
    unvisited !== undefined
      ? {
          frame: frames.find((frame) => frame.branchId === unvisited)?.n ?? 0,
          kind: 'fork',
          reason: `branch ${unvisited} was recorded and not replayed`,
          fields: [],
        }
      : stateRoot === recordedRoot
        ? null
        : {
            frame: frames.at(-1)?.n ?? 0,
            kind: 'state',
            reason: 'the state root differs',
            fields: [{ path: 'stateRoot', recorded: recordedRoot, replayed: stateRoot }],
          }
  return report({ ok: divergence === null, framesChecked: replay.framesChecked, stateRoot, divergence }, recordedRoot)
}

class Replay {
  readonly states = new Map<BranchId, ContentHash>()
  readonly #run: RunEngine
  readonly #journal: Journal
  readonly #base: Base
  #framesChecked = 0
  #lastFrame = 0

  constructor(run: RunEngine, journal: Journal, base: Base) {
    this.#run = run
    this.#journal = journal
    this.#base = base
  }

  get framesChecked(): number {
    return this.#framesChecked
  }

  get lastFrame(): number {
    return this.#lastFrame
  }

  async branch(branchId: BranchId, agents: ReadonlyMap<string, AgentProgram>): Promise<void> {
    const engine = rootEngine(this.#parts(agents), this.#run, branchId)
    const program = agents.get(this.#run.optionsOf(branchId).agent)
    if (program === undefined) throw new KeyframeError({ code: 'agent.unknown', message: 'The agent of this run is not known here.' })
    try {
      await runProgram(engine, program, instructionsOf(this.#run, this.#journal))
    } catch (thrown) {
      if (!(thrown instanceof ReplayEnded)) throw thrown
    } finally {
      this.#finished(branchId, engine)
      await engine.close()
    }
    const left = engine.recorder.peek()
    if (left !== undefined)
      throw new ReplayDiverged({ frame: left.n, kind: left.kind, reason: 'it was recorded, but the replay had ended', fields: [] })
  }

  #parts(agents: ReadonlyMap<string, AgentProgram>): RunParts {
    const perform = (): never => {
      throw new Error('a replay performs nothing')
    }
    return {
      ...this.#run.parts(this.#base),
      mode: 'replay',
      clock: perform,
      allocateBranches: perform,
      judge: perform,
      roleOf: (options) => recordedRole(options.role ?? agents.get(options.agent)?.role ?? DEFAULT_ROLE),
      slot: (work) => work(),
      registerBranch: (branchId, link) => () => this.#finished(branchId, link as BranchEngine),
    }
  }

  #finished(branchId: BranchId, engine: BranchEngine): void {
    engine.recorder.foldAmbient()
    this.states.set(branchId, stateHash(engine.state))
    this.#framesChecked += engine.recorder.framesChecked
    this.#lastFrame = Math.max(this.#lastFrame, engine.recorder.lastComputed)
  }
}

/** The role by its name alone: a replay takes its decisions from the tape, and the role itself may be gone. */
function recordedRole(id: string): RolePolicy {
  const decide = (): never => {
    throw new Error('a replay decides nothing')
  }
  return { id, limits: DEFAULT_LIMITS, decide, profile: decide, egress: decide, snapshot: decide }
}

function divergenceOf(thrown: unknown, lastFrame: number): Divergence {
  if (thrown instanceof ReplayDiverged) return thrown.divergence
  if (isControlFlow(thrown)) throw thrown
  const reason = thrown instanceof Error ? thrown.message : String(thrown)
  return { frame: lastFrame + 1, kind: 'fault', reason, fields: [] }
}

function branchesOf(frames: readonly Frame[]): BranchId[] {
  return [...new Set(frames.map((frame) => frame.branchId))]
}

/** Branches that have a program of their own; speculative ones are replayed inside their parents. */
function rootBranches(frames: readonly Frame[]): BranchId[] {
  return frames.flatMap((frame) =>
    frame.kind === 'run.started' || (frame.kind === 'fork' && frame.payload.reason === 'human') ? [frame.branchId] : [],
  )
}

function foldedHash(frames: readonly Frame[], branchId: BranchId): ContentHash {
  return stateHash(foldFrames(pathTo(frames, branchOrigins(frames), branchId, Number.MAX_SAFE_INTEGER)))
}

/** One hash for the states of all branches. */
function rootOf(states: ReadonlyMap<BranchId, ContentHash>): ContentHash {
  return hashBytes(canonicalJson(Object.fromEntries(states)))
}
