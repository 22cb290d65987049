import { randomBytes } from 'node:crypto'
import { DEFAULT_BUDGET } from '../../../shared/context'
import type { MethodParams, RunSummary } from '../../../shared/contract/methods'
import { KeyframeError, toFailure } from '../../../shared/failure'
import { type FramePayload, RunOptions } from '../../../shared/frames'
import { MAIN_BRANCH, RunId } from '../../../shared/ids'
import type { Base } from '../checkpoints/files'
import { RunEngine, type RunServices } from '../scheduler/run-engine'
import { SCHEDULING_POLICY } from '../scheduler/scheduling-policy'

const INSTRUCTION_FILES = ['AGENTS.md']

/** Runs that nobody works on or looks at are read from the journal again when somebody does; so many stay in memory all the same. */
const KEPT_IDLE_RUNS = 4
const IDLE_AFTER_MS = 60_000

/** All runs of the workspace: those of the journal and those under way. */
export class RunRegistry {
  readonly #services: RunServices
  /** In the order in which they were last asked for. */
  readonly #runs = new Map<RunId, RunEngine>()
  readonly #askedAtMs = new Map<RunId, number>()
  /** Of runs that are not in memory. */
  readonly #summaries = new Map<RunId, RunSummary>()
  readonly #queued = new Map<RunId, string[]>()

  constructor(services: RunServices) {
    this.#services = services
    services.journal.onAppend((runId, frames) => {
      this.#summaries.delete(runId)
      this.#runs.get(runId)?.added(frames)
    })
  }

  list(): RunSummary[] {
    return this.#services.journal.runs().map((runId) => this.#runs.get(runId)?.summary ?? this.#summaryOf(runId))
  }

  /** What the user should know of the runs that are under way. */
  notices(): string[] {
    return this.active().flatMap((run) => run.notices.map((notice) => `"${run.summary.task}": ${notice}`))
  }

  /** Runs that stopped without being able to record why: what the user has to know of them. */
  stopped(): string[] {
    return [...this.#runs.values()].flatMap((run) =>
      run.failure === null ? [] : [`Run "${run.summary.task}" stopped: ${run.failure} Resume it when that is mended.`],
    )
  }

  active(): RunEngine[] {
    return [...this.#runs.values()].filter((run) => run.running)
  }

  /** Throws `run.not-found`. */
  get(runId: RunId): RunEngine {
    const known = this.#runs.get(runId)
    if (known !== undefined) return this.#keep(known)
    if (this.#services.journal.length(runId) === 0) {
      throw new KeyframeError({
        code: 'run.not-found',
        message: `There is no run ${runId} in this workspace.`,
        action: 'List the runs with keyframe runs.',
      })
    }
    return this.#keep(new RunEngine(this.#services, runId))
  }

  #keep(run: RunEngine): RunEngine {
    this.#runs.delete(run.runId)
    this.#runs.set(run.runId, run)
    this.#summaries.delete(run.runId)
    this.#askedAtMs.set(run.runId, performance.now())
    this.#dropIdle()
    return run
  }

  /** A run's frames take memory as long as its journal is: only runs that are in use stay. */
  #dropIdle(): void {
    const before = performance.now() - IDLE_AFTER_MS
    const idle = [...this.#runs.values()].filter((run) => !run.running && run.failure === null)
    for (const run of idle.slice(0, Math.max(0, idle.length - KEPT_IDLE_RUNS))) {
      if ((this.#askedAtMs.get(run.runId) ?? 0) > before) continue
      this.#summaries.set(run.runId, run.summary)
      this.#runs.delete(run.runId)
      this.#askedAtMs.delete(run.runId)
    }
  }

  #summaryOf(runId: RunId): RunSummary {
    const known = this.#summaries.get(runId)
    if (known !== undefined) return known
    const { summary } = new RunEngine(this.#services, runId)
    this.#summaries.set(runId, summary)
    return summary
  }

  async start(params: MethodParams<'runs.start'>): Promise<RunEngine> {
    const options = RunOptions.parse({
      approval: 'ask',
      forks: 3,
      budget: DEFAULT_BUDGET,
      maxTokens: 4_000_000,
      maxErrors: 10,
      maxWallTimeMs: 2 * 3_600_000,
      ...params,
    })
    const program = this.#services.agents.get(options.agent)
    if (program === undefined) {
      throw new KeyframeError({
        code: 'agent.unknown',
        message: `There is no agent ${options.agent}.`,
        action: `Known agents: ${[...this.#services.agents.keys()].join(', ')}.`,
      })
    }
    if (options.task.trim() === '')
      throw new KeyframeError({
        code: 'run.no-task',
        message: 'The task is empty.',
        action: `For example: ${program.examples[0] ?? 'describe what to do'}.`,
      })
    const role = this.#services.policies.role(options.role ?? program.role)
    await this.#services.requireIsolation(options.allowUnisolated === true)
    const base = await this.#services.files.freezeBase({})
    const runId = newRunId(this.#services.clock())
    this.#services.journal.append(runId, [
      {
        branchId: MAIN_BRANCH,
        kind: 'run.started',
        atMs: this.#services.clock(),
        cause: null,
        key: null,
        payload: {
          options,
          base: base.id,
          agentVersion: program.version,
          policy: SCHEDULING_POLICY,
          isolation: this.#services.provider.level,
          capabilities: this.#services.journal.content.put(role.snapshot(), 'policy'),
          instructions: await this.#instructions(base),
        },
        checkpoint: null,
      },
    ])
    const run = this.get(runId)
    await run.go()
    return run
  }

  /** A further instruction for a busy run: a run of its own once this one has ended, since its base then holds the merge. */
  queue(run: RunEngine, text: string): void {
    run.recordControl('instruct', text)
    this.#queued.set(run.runId, [...(this.#queued.get(run.runId) ?? []), text])
    if (!run.running) this.#startQueued(run)
  }

  changed(run: RunEngine): void {
    if (!run.running) this.#startQueued(run)
  }

  /** The index moved on while runs are under way: from this frame on they search the newer one. */
  memoryChanged(payload: FramePayload<'memory.changed'>): void {
    for (const run of this.active()) {
      if (run.branch(MAIN_BRANCH)?.live !== true) continue
      try {
        run.observe(MAIN_BRANCH, 'memory.changed', payload)
      } catch (thrown) {
        // The run itself stops at its next frame when the journal cannot be written; the index goes on.
        this.#services.log(`index version ${payload.version} was not recorded: ${toFailure(thrown).message}`)
      }
    }
  }

  async suspendAll(): Promise<void> {
    await Promise.all(this.active().map((run) => run.suspend()))
  }

  #startQueued(run: RunEngine): void {
    const [next, ...rest] = this.#queued.get(run.runId) ?? []
    if (next === undefined) return
    this.#queued.delete(run.runId)
    const { agent, role, allowUnisolated, approval, forks } = run.started.options
    const options = {
      agent,
      approval,
      forks,
      ...(role === undefined ? {} : { role }),
      ...(allowUnisolated === undefined ? {} : { allowUnisolated }),
    }
    void this.start({ ...options, task: next }).then(
      (started) => rest.length > 0 && this.#queued.set(started.runId, rest),
      (thrown: unknown) =>
        this.#services.log(`queued instruction of ${run.runId}: ${thrown instanceof Error ? thrown.message : String(thrown)}`),
    )
  }

  async #instructions(base: Base) {
    const files = this.#services.files.at(base, null)
    const found = []
    for (const path of INSTRUCTION_FILES) {
      try {
        const { text } = await files.read(path)
        if (text !== null)
          found.push({ path, content: this.#services.journal.content.put(this.#services.redactor.redact(text), 'context') })
      } catch (thrown) {
        if (!(thrown instanceof KeyframeError) || thrown.code !== 'files.not-found') throw thrown
      }
    }
    return found
  }
}

/** Time-ordered and unique: nine base-36 digits of milliseconds, then eight random ones. */
function newRunId(atMs: number): RunId {
  const random = [...randomBytes(8)].map((byte) => (byte % 36).toString(36)).join('')
  return RunId.parse(`r${Math.trunc(atMs).toString(36).padStart(9, '0')}${random}`)
}
