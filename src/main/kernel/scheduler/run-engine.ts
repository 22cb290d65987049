import { join } from 'node:path'
import { type Breakpoint, type BreakpointHit, breakpointName, BY_BREAKPOINT } from '../../../shared/breakpoints'
import { KeyframeError, toFailure } from '../../../shared/failure'
import type { Frame, FramePayload, RunOptions, Verdict } from '../../../shared/frames'
import { type BranchId, type ContentHash, MAIN_BRANCH, type RunId } from '../../../shared/ids'
import { branchOrigins, foldFrames, pathTo, type RunState } from '../../../shared/run-state'
import type { RunSummary } from '../../../shared/contract/methods'
import type { AgentProgram } from '../agents/agent-api'
import type { Base, FilesAt, FileStore } from '../checkpoints/files'
import { RunBreakpoints } from '../breakpoints/run-breakpoints'
import { filesAtPoint } from '../checkpoints/files-at-point'
import { judgeBranch } from '../evals/judge-branch'
import type { ReviewQueue } from '../humans/review-queue'
import type { Journal } from '../journal/journal'
import type { ContextSources } from '../context/background-promotion'
import type { Redactor } from '../journal/redaction'
import type { FilesAtPoint } from '../memory/points'
import { BranchDevice, type DeviceOrigin } from '../tools/branch-device'
import { mayRead } from '../tools/authorise'
import type { DriverSet, DriverSetOptions } from '../tools/driver-set'
import { removeTree } from '../checkpoints/remove-tree'
import type { Policies, RolePolicy } from '../tools/policy/policies'
import type { PortRanges } from '../tools/port-ranges'
import { DEFAULT_LIMITS, type Sandbox, type SandboxProfile, type SandboxProvider, type ToolBind } from '../tools/sandboxes/sandbox'
import type { PolicyGrant } from '../../../shared/policy'
import { suitedProvider } from '../tools/sandboxes/suited-provider'
import { needsPinnedNode } from '../workspace/node-for-workspace'
import { BranchEngine, mustReachRun } from './branch-engine'
import { RunControl, RunCancelled, RunSuspended } from './run-control'
import type { BranchLink, ObservedKind, RunParts, TerminalSink } from './run-parts'
import { RunFacts } from './run-summary'
import { Semaphore } from './semaphore'

/** Speculative branches that work at the same time: each has a language server and runs the workspace's checks. */
const PARALLEL_BRANCHES = 3

/** For what has no agent: commands of a person in a sandbox of their own, terminals of restored branches. */
export const DEFAULT_ROLE = 'coder'

/** What the kernel gives to all its runs. */
export interface RunServices {
  readonly journal: Journal
  readonly redactor: Redactor
  readonly files: FileStore
  readonly provider: SandboxProvider
  /** Throws when the boundary could not be proved and a person did not consent to do without: no run begins then. */
  requireIsolation(hasConsent: boolean): Promise<void>
  readonly queue: ReviewQueue
  readonly policies: Policies
  readonly ports: PortRanges
  readonly binds: readonly ToolBind[]
  readonly pinnedNodeVersion: string
  readonly runsDir: string
  /** Folder of the pre-images of merges, one folder a merge. */
  readonly mergesDir: string
  /** Checks use every core there is: side by side they would only run into each other's time-outs. */
  readonly checks: Semaphore
  readonly clock: () => number
  readonly memoryVersion: () => number
  readonly countTokens: (text: string) => number
  readonly agents: ReadonlyMap<string, AgentProgram>
  /** What the memory tells about the files that a branch works on; null: nothing is promoted in the background. */
  contextSources(options: {
    readonly point: () => FilesAtPoint
    readonly readable: (path: string) => boolean
    readonly files: () => FilesAt
  }): ContextSources | null
  makeDrivers(options: Pick<DriverSetOptions, 'baseDir' | 'runId' | 'point' | 'readable' | 'onTerminalData' | 'onNotice'>): DriverSet
  onTerminal(runId: RunId, branchId: BranchId, session: string, data: string): void
  onChange(run: RunEngine): void
  breakpoints(): readonly Breakpoint[]
  onHits(hits: readonly BreakpointHit[]): void
  log(line: string): void
}

/** One run of the journal, and what of it is under way in this kernel. */
export class RunEngine {
  readonly runId: RunId
  readonly #services: RunServices
  readonly #frames: Frame[] = []
  readonly #facts: RunFacts
  readonly #breakpoints: RunBreakpoints
  readonly #active = new Map<BranchId, BranchLink>()
  readonly #roots = new Map<BranchId, Promise<void>>()
  readonly #rehearsals = new Semaphore(PARALLEL_BRANCHES)
  #judges = 0
  /** One for the whole run: judges keep with it what the base's own checks gave. */
  #filesOfBase: FilesAt | null = null
  #suited: SandboxProvider | null = null
  #paths: Promise<readonly string[]> | null = null
  #nextBranch = 1
  #control = new RunControl()
  readonly #notices = new Set<string>()
  #failure: string | null = null

  constructor(services: RunServices, runId: RunId) {
    this.runId = runId
    this.#services = services
    this.#facts = new RunFacts(runId)
    this.#breakpoints = new RunBreakpoints(() => services.breakpoints())
    this.added(services.journal.frames(runId))
  }

  /** Frames that the journal acknowledged for this run, in order. */
  added(frames: readonly Frame[]): void {
    for (const frame of frames) {
      this.#frames.push(frame)
      this.#facts.add(frame)
      const number = Number(frame.branchId.slice(1))
      if (number >= this.#nextBranch) this.#nextBranch = number + 1
      const hit = this.#breakpoints.added(this.#frames, this.#active.size > 0)
      if (hit.length > 0) this.#stopAt(frame, hit)
    }
  }

  /** The pause is recorded a little later, as one by a person would be: the frame that hit is not folded into its branch yet. */
  #stopAt({ n, branchId }: Frame, breakpoints: readonly Breakpoint[]): void {
    const hits = breakpoints.map((one) => ({ breakpointId: one.id, name: breakpointName(one), runId: this.runId, branchId, frame: n }))
    const [first] = hits
    if (first === undefined) return
    const control = this.#control
    const isFirst = control.stopAt(first)
    this.#services.onHits(hits)
    if (!isFirst) return
    setImmediate(() => {
      if (control.ended !== null) return
      try {
        for (const link of this.#active.values())
          if (link.live) link.record('control', { action: 'pause', text: `${first.name}, frame ${n}`, by: BY_BREAKPOINT })
        this.#services.onChange(this)
      } catch (thrown) {
        // What the journal does not take stops the run at its own next frame; it stands still until then.
        this.#services.log(`the pause of run ${this.runId} at frame ${n} was not recorded: ${toFailure(thrown).message}`)
      }
    })
  }

  get control(): RunControl {
    return this.#control
  }

  /** Why the run stopped without being able to record it (a full disk); null otherwise. */
  get failure(): string | null {
    return this.#failure
  }

  get running(): boolean {
    return this.#roots.size > 0
  }

  get summary(): RunSummary {
    const summary = this.#facts.summary({ active: new Set([...this.#active.keys(), ...this.#roots.keys()]), paused: this.#control.paused })
    const { stoppedAt } = this.#control
    return stoppedAt === null || summary.state !== 'paused' ? summary : { ...summary, stoppedAt }
  }

  get started(): FramePayload<'run.started'> {
    const first = this.#frames[0]
    if (first?.kind === 'run.started') return first.payload
    throw new KeyframeError({
      code: 'run.unreadable',
      message: `Run ${this.runId} has no readable beginning.`,
      action: 'See keyframe doctor for the state of the journal.',
    })
  }

  frames(): readonly Frame[] {
    return this.#frames
  }

  branch(branchId: BranchId): BranchLink | undefined {
    return this.#active.get(branchId)
  }

  /** State of a branch after frame `n`; at its tip when `n` is left out. Throws `run.no-such-frame`. */
  stateAt(branchId: BranchId, n = Number.MAX_SAFE_INTEGER): RunState {
    const path = pathTo(this.#frames, branchOrigins(this.#frames), branchId, n)
    // A frame to come is none yet: what forks from it would get a past that still changes.
    const isToCome = n !== Number.MAX_SAFE_INTEGER && n > this.#frames.length
    if (path.length === 0 || isToCome)
      throw new KeyframeError({ code: 'run.no-such-frame', message: `Run ${this.runId} has no frame ${n} on branch ${branchId}.` })
    return foldFrames(path)
  }

  /** Agent options that hold on a branch: those of the nearest fork by a person, else those of the run. */
  optionsOf(branchId: BranchId): RunOptions {
    const fork = this.#frames.find((frame) => frame.kind === 'fork' && frame.branchId === branchId)
    if (fork?.kind !== 'fork') return this.started.options
    return fork.payload.options ?? this.optionsOf(fork.payload.parent)
  }

  async base(): Promise<Base> {
    return this.#services.files.findBase(this.started.base)
  }

  /** Runs the program of every branch that has one and did not end. Returns at once; idempotent. */
  async go(): Promise<void> {
    if (this.#control.ended !== null && !this.running) this.#control = new RunControl()
    await this.#services.requireIsolation(this.started.options.allowUnisolated === true)
    const base = await this.base()
    this.#failure = null
    for (const branchId of this.#facts.unfinished()) {
      if (this.#roots.has(branchId)) continue
      const done = this.#runRoot(branchId, base).finally(() => {
        this.#roots.delete(branchId)
        this.#services.onChange(this)
      })
      this.#roots.set(branchId, done)
    }
    this.#services.onChange(this)
  }

  /** Resolves when nothing of the run is under way any more. */
  async settled(): Promise<void> {
    while (this.#roots.size > 0) await Promise.all(this.#roots.values())
  }

  /** Leaves the run as it is, to be resumed by a later kernel. */
  async suspend(): Promise<void> {
    this.#control.stop(new RunSuspended())
    await this.settled()
  }

  cancel(): void {
    this.#control.stop(new RunCancelled())
  }

  /** Records what a person told the run, on every branch that is under way. */
  recordControl(action: FramePayload<'control'>['action'], text: string | null): void {
    const branches = this.#active.size === 0 ? [MAIN_BRANCH] : [...this.#active.keys()]
    for (const branchId of branches) this.observe(branchId, 'control', { action, text, by: 'person' })
  }

  /** A frame about a branch that no program computes; into the running branch's state when there is one. */
  observe<K extends ObservedKind>(branchId: BranchId, kind: K, payload: FramePayload<K>): void {
    const active = this.#active.get(branchId)
    if (active !== undefined) {
      active.record(kind, payload)
      return
    }
    this.#services.journal.append(this.runId, [
      { branchId, kind, atMs: this.#services.clock(), cause: null, key: null, payload, checkpoint: null },
    ])
  }

  allocateBranches(count: number): BranchId[] {
    const ids = Array.from({ length: count }, (_, index) => `b${this.#nextBranch + index}` as BranchId)
    this.#nextBranch += count
    return ids
  }

  parts(base: Base): RunParts {
    const { journal, redactor, files, queue, clock, memoryVersion, countTokens, provider, checks, policies, log } = this.#services
    return {
      runId: this.runId,
      mode: 'live',
      journal,
      redactor,
      files,
      base,
      isolation: provider.level,
      control: this.#control,
      queue,
      clock,
      memoryVersion,
      countTokens,
      log: (line) => log(line),
      tapeOf: (branchId) => this.#frames.filter((frame) => frame.branchId === branchId),
      allocateBranches: (count) => this.allocateBranches(count),
      tellTerminal: (branchId, session, data) => this.#services.onTerminal(this.runId, branchId, session, data),
      policies,
      roleOf: (options) => this.roleOf(options),
      openDevice: (branchId, origin, onTerminal, role, grants) => this.openDevice(base, branchId, origin, onTerminal, role, grants),
      contextSources: (branchId) => this.#contextSources(base, branchId),
      judge: (manifest, changed, signal, onOutput) => checks.run(() => this.#judge(base, manifest, changed, signal, onOutput)),
      slot: (work) => this.#rehearsals.run(work),
      mergeDir: (intent) => mergeDir(this.#services, this.runId, intent),
      stateOf: (branchId) => this.stateAt(branchId),
      registerBranch: (branchId, link) => this.#register(branchId, link),
    }
  }

  /** The role whose policies hold: the one that was asked for, else the agent's own. Throws `policy.unknown-role`. */
  roleOf(options: RunOptions): RolePolicy {
    const program = this.#services.agents.get(options.agent)
    return this.#services.policies.role(options.role ?? program?.role ?? DEFAULT_ROLE)
  }

  openDevice(
    base: Base,
    branchId: BranchId,
    origin: DeviceOrigin,
    onTerminal: TerminalSink,
    role: RolePolicy,
    grants: () => readonly PolicyGrant[],
  ): BranchDevice {
    const { files, journal, binds, ports } = this.#services
    const provider = this.#provider(base)
    const onNotice = (text: string): void => this.#notice(text)
    const drivers = this.#services.makeDrivers({
      baseDir: base.dir,
      runId: this.runId,
      point: () => this.filesAtPoint(base, branchId, this.stateAt(branchId)),
      readable: mayRead(role, grants),
      onTerminalData: (session, stream, data) => {
        onTerminal(session, stream, data)
        if (stream === 'output') this.#services.onTerminal(this.runId, branchId, session, data)
      },
      onNotice,
    })
    const profile = () => this.#profileOf(role, base, grants)
    const parts = {
      provider,
      files,
      content: journal.content,
      base,
      binds,
      ports,
      limits: role.limits,
      profile,
      dir: this.#dir(),
      onNotice,
    }
    return new BranchDevice(parts, branchId, origin, drivers)
  }

  #contextSources(base: Base, branchId: BranchId): ContextSources | null {
    const grants = () => this.stateAt(branchId).grants ?? []
    return this.#services.contextSources({
      point: () => this.filesAtPoint(base, branchId, this.stateAt(branchId)),
      readable: mayRead(this.roleOf(this.optionsOf(branchId)), grants),
      files: () => this.#services.files.at(base, this.stateAt(branchId).checkpoint?.ref.manifest ?? null),
    })
  }

  /** For questions to the index as of a checkpoint of this run. */
  filesAtPoint(base: Base, branchId: BranchId, state: RunState): FilesAtPoint {
    return filesAtPoint(this.#services.files, base, { runId: this.runId, branchId }, state.checkpoint?.ref.manifest ?? null)
  }

  /** What the user should know of this run's sandboxes and servers, each once. */
  get notices(): readonly string[] {
    return [...this.#notices]
  }

  #notice(text: string): void {
    if (this.#notices.has(text)) return
    this.#notices.add(text)
    this.#services.onChange(this)
  }

  #dir(): string {
    return join(this.#services.runsDir, this.runId)
  }

  #register(branchId: BranchId, link: BranchLink): () => void {
    this.#active.set(branchId, link)
    this.#services.onChange(this)
    return () => {
      this.#active.delete(branchId)
      this.#services.onChange(this)
    }
  }

  async #runRoot(branchId: BranchId, base: Base): Promise<void> {
    const { log } = this.#services
    let engine: BranchEngine | null = null
    let unregister: (() => void) | null = null
    try {
      engine = rootEngine(this.parts(base), this, branchId)
      unregister = this.#register(branchId, engine)
      await runProgram(engine, this.#programOf(branchId), instructionsOf(this, this.#services.journal))
    } catch (thrown) {
      if (thrown instanceof RunSuspended) return
      // What cannot be recorded (a full disk, a damaged journal) leaves the run interrupted, to be resumed.
      this.#failure = toFailure(thrown).message
      log(`run ${this.runId} branch ${branchId} stopped: ${this.#failure}`)
    } finally {
      unregister?.()
      await engine?.close().catch((thrown: unknown) => log(`closing branch ${branchId}: ${toFailure(thrown).message}`))
    }
  }

  #programOf(branchId: BranchId): AgentProgram {
    const { agent } = this.optionsOf(branchId)
    const program = this.#services.agents.get(agent)
    if (program !== undefined) return program
    throw new KeyframeError({
      code: 'agent.unknown',
      message: `There is no agent ${agent}.`,
      action: `Known agents: ${[...this.#services.agents.keys()].join(', ')}.`,
    })
  }

  async #judge(
    base: Base,
    manifest: ContentHash | null,
    changedFiles: readonly string[],
    signal: AbortSignal,
    onOutput: (chunk: string) => void,
  ): Promise<Verdict> {
    const { files } = this.#services
    const opened: { sandbox: Sandbox; dir: string }[] = []
    const open = async (at: ContentHash | null): Promise<Sandbox> => {
      const dir = join(this.#dir(), `judge.${process.pid}.${(this.#judges += 1)}`)
      const sandbox = await this.#provider(base).open({
        dir,
        baseDir: base.dir,
        layerDir: at === null ? null : await files.materialise(at),
        dependencies: base.dependencies,
        binds: this.#services.binds,
        limits: DEFAULT_LIMITS,
      })
      opened.push({ sandbox, dir })
      return sandbox
    }
    try {
      const subject = { sandbox: await open(manifest), base: this.#baseFiles(base), changedFiles, signal, onOutput }
      return await judgeBranch(subject, { baseline: () => open(null) })
    } finally {
      for (const { sandbox, dir } of opened) {
        await sandbox.dispose()
        await removeTree(dir)
      }
    }
  }

  /** The kernel's provider, with the Node that this workspace needs. */
  #provider(base: Base): SandboxProvider {
    const { provider, pinnedNodeVersion } = this.#services
    this.#suited ??= suitedProvider(provider, () => needsPinnedNode(this.#baseFiles(base), pinnedNodeVersion))
    return this.#suited
  }

  /** What the system is told to enforce of a role. The base's files are listed once: they never change. */
  async #profileOf(role: RolePolicy, base: Base, grants: () => readonly PolicyGrant[]): Promise<SandboxProfile> {
    this.#paths ??= pathsOf(this.#baseFiles(base))
    return { ...role.profile(await this.#paths, grants()), egress: role.egress(grants) }
  }

  #baseFiles(base: Base): FilesAt {
    this.#filesOfBase ??= this.#services.files.at(base, null)
    return this.#filesOfBase
  }
}

/** All files of a view, for policies to look at. */
export async function pathsOf(files: FilesAt): Promise<readonly string[]> {
  return (await files.tree()).flatMap((entry) => (entry.type === 'directory' ? [] : [entry.path]))
}

/** Where a merge keeps its pre-images until its outcome is durable: the same for the same intent, so that it can be finished. */
export function mergeDir(services: Pick<RunServices, 'mergesDir'>, runId: RunId, intent: number): string {
  return join(services.mergesDir, `${runId}-${intent}`)
}

/** The engine of a branch with a program of its own, its opening frame taken. Live and replayed alike. */
export function rootEngine(parts: RunParts, run: RunEngine, branchId: BranchId): BranchEngine {
  const opening = parts.tapeOf(branchId)[0]
  if (opening === undefined) throw new KeyframeError({ code: 'run.no-such-branch', message: `Run ${run.runId} has no branch ${branchId}.` })
  const options = run.optionsOf(branchId)
  const initial = opening.kind === 'fork' ? run.stateAt(opening.payload.parent, opening.payload.fromFrame) : foldFrames([])
  const task = opening.kind === 'fork' ? (opening.payload.task ?? initial.task) : options.task
  const engine = new BranchEngine(parts, options, task, branchId, initial)
  engine.recorder.open()
  return engine
}

/** Runs a program from its first effect to the recorded end of its branch. Throws only what must reach the run engine or the replayer. */
export async function runProgram(
  engine: BranchEngine,
  program: AgentProgram,
  instructions: readonly { path: string; text: string }[],
): Promise<void> {
  try {
    engine.begin(instructions)
    const result = await program.run(engine)
    await engine.end(result.ok ? 'completed' : 'failed', result.summary)
  } catch (thrown) {
    if (thrown instanceof RunCancelled) {
      await engine.end('cancelled', 'Cancelled by a person.')
      return
    }
    if (mustReachRun(thrown)) throw thrown
    const failure = toFailure(thrown)
    engine.recorder.note('error', { ...failure, where: 'agent' })
    await engine.end('failed', failure.message, failure)
  }
}

/** Texts of the instruction files that the run was started with. */
export function instructionsOf(run: RunEngine, journal: Journal): { path: string; text: string }[] {
  return run.started.instructions.map(({ path, content }) => ({ path, text: journal.content.get(content).toString('utf8') }))
}
