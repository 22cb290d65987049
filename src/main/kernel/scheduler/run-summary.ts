import type { BranchSummary, RunSummary } from '../../../shared/contract/methods'
import type { Frame, Verdict } from '../../../shared/frames'
import { type BranchId, MAIN_BRANCH, type RunId } from '../../../shared/ids'

interface BranchFacts {
  readonly branchId: BranchId
  parent: BranchId | null
  fromFrame: number
  label: string
  tip: number
  verdict: Verdict | null
  ended: 'completed' | 'failed' | 'cancelled' | null
  waiting: boolean
  merged: boolean
  restored: boolean
  /** It has an agent of its own: the main branch and forks by a person. Rehearsals run inside their parents, restores run nothing. */
  hasProgram: boolean
  /** What a finished speculation said of the branch. */
  rehearsed: boolean | null
  readonly open: Map<number, string>
}

/** Which branches of a run are under way in this kernel, and whether a person holds them. */
export interface RunActivity {
  readonly active: ReadonlySet<BranchId>
  readonly paused: boolean
}

/** What the list of runs shows of a run, gathered frame by frame: derived from the journal alone. */
export class RunFacts {
  readonly runId: RunId
  readonly #branches = new Map<BranchId, BranchFacts>()
  #task = ''
  #agent = ''
  #startedAtMs = 0
  #lastAtMs = 0
  #frames = 0
  #checkpoints = 0
  #toolCalls = 0
  #tokens = 0
  #summary: string | null = null

  constructor(runId: RunId) {
    this.runId = runId
  }

  add(frame: Frame): void {
    this.#frames = frame.n
    this.#lastAtMs = frame.atMs
    if (frame.checkpoint !== null) this.#checkpoints += 1
    const branch = this.#branch(frame.branchId)
    branch.tip = frame.n
    switch (frame.kind) {
      case 'run.started':
        this.#task = frame.payload.options.task
        this.#agent = frame.payload.options.agent
        this.#startedAtMs = frame.atMs
        break
      case 'fork':
        branch.parent = frame.payload.parent
        branch.fromFrame = frame.payload.fromFrame
        branch.label = frame.payload.label
        branch.hasProgram = frame.payload.reason === 'human'
        branch.restored = frame.payload.reason === 'restore'
        break
      case 'run.ended':
        branch.ended = frame.payload.outcome
        branch.open.clear()
        if (frame.branchId === MAIN_BRANCH) this.#summary = frame.payload.summary
        break
      case 'tool.intent':
        branch.open.set(frame.n, frame.payload.tool)
        break
      case 'judge.intent':
        branch.open.set(frame.n, 'judge')
        break
      case 'speculate.intent':
        branch.open.set(frame.n, 'rehearsal of variants')
        break
      case 'merge.intent':
        branch.open.set(frame.n, 'merge')
        break
      case 'human.request':
        branch.waiting = true
        break
      case 'human.answer':
        branch.waiting = false
        break
      case 'judge.verdict':
        branch.verdict = frame.payload
        break
      case 'merge.outcome':
        if (frame.payload.applied.length > 0) this.#branch(frame.payload.branchId).merged = true
        break
      case 'speculate.outcome':
        for (const one of frame.payload.branches) this.#branch(one.branchId).rehearsed = one.ok
        break
      case 'tool.outcome':
        this.#toolCalls += 1
        break
      case 'context.changed':
        for (const change of frame.payload.changes) if (change.op === 'put') this.#tokens += change.item.tokens
        break
      case 'context.edited':
      case 'decision':
      case 'checkpoint':
      case 'restore':
      case 'recovery':
      case 'control':
      case 'policy.granted':
      case 'agent.message':
      case 'agent.plan':
      case 'agent.state':
      case 'memory.changed':
      case 'terminal.data':
      case 'error':
        break
    }
    // A recovery says how an intent goes on; it is in doubt until its outcome is there.
    if (frame.cause !== null && frame.kind !== 'recovery') branch.open.delete(frame.cause)
  }

  summary(activity: RunActivity): RunSummary {
    const main = this.#branch(MAIN_BRANCH)
    const branches = [...this.#branches.values()].map((branch) => this.#branchSummary(branch, activity))
    const running = branches.find((branch) => activity.active.has(branch.branchId))
    const idle = main.ended ?? 'interrupted'
    const state =
      running === undefined
        ? idle
        : activity.paused
          ? 'paused'
          : branches.some((branch) => branch.state === 'waiting')
            ? 'waiting'
            : 'running'
    return {
      runId: this.runId,
      task: this.#task,
      agent: this.#agent,
      state,
      startedAtMs: this.#startedAtMs,
      endedAtMs: running === undefined && main.ended !== null ? this.#lastAtMs : null,
      frames: this.#frames,
      checkpoints: this.#checkpoints,
      toolCalls: this.#toolCalls,
      tokens: this.#tokens,
      branches,
      summary: this.#summary,
      inDoubt: running === undefined && main.ended === null ? this.#openIntents() : [],
    }
  }

  /** Branches with a program of their own that has not ended: what a resume goes on with. */
  unfinished(): BranchId[] {
    return [...this.#branches.values()].filter((branch) => branch.ended === null && branch.hasProgram).map((branch) => branch.branchId)
  }

  branchIds(): BranchId[] {
    return [...this.#branches.keys()]
  }

  #openIntents(): RunSummary['inDoubt'] {
    return [...this.#branches.values()].flatMap((branch) => [...branch.open].map(([frame, title]) => ({ frame, title })))
  }

  #branchSummary(branch: BranchFacts, activity: RunActivity): BranchSummary {
    return {
      branchId: branch.branchId,
      parent: branch.parent,
      fromFrame: branch.fromFrame,
      label: branch.label,
      state: branchState(branch, activity),
      tip: branch.tip,
      verdict: branch.verdict,
    }
  }

  #branch(branchId: BranchId): BranchFacts {
    const known = this.#branches.get(branchId)
    if (known !== undefined) return known
    const branch: BranchFacts = {
      branchId,
      parent: null,
      fromFrame: 0,
      label: branchId === MAIN_BRANCH ? 'main' : branchId,
      tip: 0,
      verdict: null,
      ended: null,
      waiting: false,
      merged: false,
      hasProgram: branchId === MAIN_BRANCH,
      restored: false,
      rehearsed: null,
      open: new Map(),
    }
    this.#branches.set(branchId, branch)
    return branch
  }
}

function branchState(branch: BranchFacts, activity: RunActivity): BranchSummary['state'] {
  if (branch.merged && branch.branchId !== MAIN_BRANCH) return 'merged'
  if (branch.ended !== null) return branch.ended
  if (activity.active.has(branch.branchId)) return branch.waiting ? 'waiting' : activity.paused ? 'paused' : 'running'
  if (branch.rehearsed !== null) return branch.rehearsed && branch.verdict?.passed === true ? 'passed' : 'failed'
  return branch.restored ? 'completed' : 'interrupted'
}
