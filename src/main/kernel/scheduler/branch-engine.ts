import { z } from 'zod'
import type { ContextItemKind } from '../../../shared/context'
import { type Failure, KeyframeError, toFailure } from '../../../shared/failure'
import type {
  EffectClass,
  FrameOf,
  FramePayload,
  HumanAnswer,
  HumanOption,
  HumanRequest,
  Plan,
  RunOptions,
  ToolOutcome,
  Verdict,
} from '../../../shared/frames'
import type { BranchId, ContentHash } from '../../../shared/ids'
import type { RunState } from '../../../shared/run-state'
import { tierTokens } from '../../../shared/context'
import type { AgentApi, ContextBundle, SpeculationResult, SymbolRef, ToolReply, Variant } from '../agents/agent-api'
import { BackgroundPromotion } from '../context/background-promotion'
import type { ContextEvent } from '../context/context-policy'
import { isRefreshable } from '../context/file-items'
import { countingOf } from '../context/tokenizers'
import { pathsOf, toolTarget } from '../context/tool-items'
import { approvedPaths } from '../checkpoints/files'
import { mergeGuard } from '../tools/authorise'
import { automaticAnswer } from '../humans/automatic-answer'
import { sealRequest } from '../humans/review-queue'
import { ReplayDiverged, ReplayEnded } from '../replay/divergence'
import type { BranchDevice, DeviceCapture } from '../tools/branch-device'
import type { RolePolicy } from '../tools/policy/policies'
import { ToolSchemas } from '../tools/schemas'
import { BranchContext } from './branch-context'
import { BranchRecorder, type CheckpointParts } from './branch-recorder'
import { RunCancelled, RunSuspended } from './run-control'
import type { BranchLink, ObservedKind, RunParts, TerminalSink } from './run-parts'
import { decideTick, SCHEDULING_POLICY } from './scheduling-policy'
import { TerminalLog } from './terminal-log'
import { ToolCalls } from './tool-calls'

/** Context items older than their files before the policy asks for a refresh. */
const MAX_STALE_ITEMS = 20
/** Files read by one refresh or focus: more would only push each other out again. */
const MAX_FILES_AT_ONCE = 20

/** Exceptions that are no fault of a program and must reach whoever runs the branch. */
export function isControlFlow(thrown: unknown): boolean {
  return (
    thrown instanceof RunCancelled || thrown instanceof RunSuspended || thrown instanceof ReplayDiverged || thrown instanceof ReplayEnded
  )
}

/** What no program may handle: control flow, and a journal that does not take what happens any more. The run stops where it is. */
export function mustReachRun(thrown: unknown): boolean {
  return isControlFlow(thrown) || (thrown instanceof KeyframeError && thrown.code.startsWith('journal.'))
}

/**
 * One branch under way: the agent's API on one side, recorder, device and context on the other. Everything that a program
 * does passes a tick: gate (pause, stop), decision by policy, intent, effect, outcome, context.
 */
export class BranchEngine implements AgentApi, BranchLink {
  readonly task: string
  readonly device: BranchDevice
  readonly #parts: RunParts
  readonly #options: RunOptions
  readonly #recorder: BranchRecorder
  readonly #terminal: TerminalLog
  readonly #context: BranchContext
  readonly #promotion: BackgroundPromotion | null
  readonly #calls: ToolCalls
  readonly #role: RolePolicy
  #asked = 0
  #askedInTick = -1
  #edits: (() => void)[] = []
  #busy: string | null = null
  #tick = 0

  constructor(parts: RunParts, options: RunOptions, task: string, branchId: BranchId, initial: RunState) {
    this.#parts = parts
    this.#options = options
    this.task = task
    this.#recorder = new BranchRecorder({
      runId: parts.runId,
      branchId,
      journal: parts.journal,
      redactor: parts.redactor,
      clock: parts.clock,
      tape: parts.tapeOf(branchId),
      initial,
      mode: parts.mode,
    })
    this.#context = new BranchContext(this.#recorder, parts)
    const sources = parts.mode === 'live' ? (parts.contextSources?.(branchId) ?? null) : null
    this.#promotion = sources === null ? null : new BackgroundPromotion(sources, parts.log)
    this.#terminal = new TerminalLog(
      (session, stream, data) => void this.#recorder.ambient('terminal.data', { session, stream, data }),
      parts.log,
    )
    const last = [...parts.tapeOf(branchId)].reverse().find((frame) => frame.checkpoint !== null)?.checkpoint ?? initial.checkpoint?.ref
    this.#role = parts.roleOf(options)
    this.device = parts.openDevice(
      branchId,
      { manifest: last?.manifest ?? null, shell: last?.shell ?? null },
      this.observe,
      this.#role,
      () => this.state.grants ?? [],
    )
    this.#calls = new ToolCalls({
      parts,
      recorder: this.#recorder,
      device: this.device,
      role: this.#role,
      readOnly: this.readOnly,
      asksPerson: options.approval === 'ask',
      ask: (request) => this.#askNow(request),
      changeContext: (event) => this.#changeContext(event),
      capture: (reason) => this.#capture(reason),
      captureFiles: () => this.#captureFiles(),
      checkpointOf: (capture, reason) => this.#partsOf(capture, reason),
      stopIfSuspended: () => this.#stopIfSuspended(),
      flushTerminal: () => this.#terminal.flush(),
    })
  }

  get branchId(): BranchId {
    return this.#recorder.branchId
  }

  get readOnly(): boolean {
    return this.#options.approval === 'deny'
  }

  get state(): RunState {
    return this.#recorder.state
  }

  get recorder(): BranchRecorder {
    return this.#recorder
  }

  get live(): boolean {
    return !this.#recorder.onTape
  }

  readonly observe: TerminalSink = (session, stream, data) => this.#terminal.push(session, stream, data)

  record<K extends ObservedKind>(kind: K, payload: FramePayload<K>): void {
    this.#recorder.ambient(kind, payload)
  }

  queueEdits(apply: () => void): void {
    this.#edits.push(apply)
  }

  announceMerge(paths: readonly string[]): void {
    this.#changeContext({ type: 'files-changed', paths, frame: this.#recorder.lastComputed })
  }

  getContext(): ContextBundle {
    return this.#context.bundle()
  }

  /** The first change of a branch's context: its task, and the instruction files of the workspace when it is a new run. */
  begin(instructions: readonly { path: string; text: string }[]): void {
    this.#recorder.foldAmbient()
    if (instructions.length > 0) this.#changeContext({ type: 'instructions', files: instructions })
    this.#changeContext({ type: 'task', text: this.task, counting: this.#parts.counting ?? countingOf(null) })
  }

  focusOn(paths: readonly string[]): Promise<void> {
    return this.#step('focus', 'pure', async () => {
      const texts = []
      for (const path of paths.slice(0, MAX_FILES_AT_ONCE)) {
        const outcome = await this.#callTool('fs.read', { path })
        const read = ToolSchemas['fs.read'].output.safeParse(outcome.output)
        if (read.success) texts.push({ path, text: read.data.text, version: read.data.version })
      }
      this.#changeContext({ type: 'focus', paths, texts })
    })
  }

  remember(key: string, title: string, text: string, kind: ContextItemKind = 'note'): Promise<void> {
    return this.#step('remember', 'pure', async () =>
      this.#changeContext({ type: 'note', id: `memory:${key}`, title, text, kind, by: 'agent' }),
    )
  }

  async recall(query: string, limit: number) {
    const reply = await this.call('memory.search', { query, limit }, ToolSchemas['memory.search'].output)
    return reply.ok ? reply.output.hits : []
  }

  call<Output extends z.ZodType>(tool: string, args: unknown, output: Output): Promise<ToolReply<z.output<Output>>> {
    const effect = this.device.tools.get(tool)?.effect ?? 'pure'
    return this.#step(tool, effect, async () => {
      const outcome = await this.#callTool(tool, args)
      if (!outcome.ok) return { ok: false, outcome }
      return { ok: true, output: output.parse(outcome.output), outcome }
    })
  }

  async readFile(path: string): Promise<ToolReply<{ text: string; version: ContentHash }>> {
    return this.call('fs.read', { path }, ToolSchemas['fs.read'].output)
  }

  async writeFile(path: string, text: string, expectedVersion?: ContentHash): Promise<ToolReply<{ version: ContentHash }>> {
    return this.call(
      'fs.write',
      { path, text, ...(expectedVersion === undefined ? {} : { expectedVersion }) },
      ToolSchemas['fs.write'].output,
    )
  }

  async runCommand(command: string, options: { timeoutMs?: number } = {}): Promise<ToolReply<{ exitCode: number; output: string }>> {
    return this.call('shell.run', { command, ...options }, ToolSchemas['shell.run'].output)
  }

  async findReferences(symbol: SymbolRef) {
    const reply = await this.call('lsp.references', symbol, ToolSchemas['lsp.references'].output)
    return reply.ok ? { ...reply, output: reply.output.locations } : reply
  }

  async searchCode(query: string, limit: number) {
    const reply = await this.call('code.search', { query, limit }, ToolSchemas['code.search'].output)
    return reply.ok ? { ...reply, output: reply.output.hits } : reply
  }

  message(text: string, level: FramePayload<'agent.message'>['level'] = 'info'): Promise<void> {
    return this.#unscheduled('message', async () => void this.#recorder.note('agent.message', { text, level }))
  }

  setPlan(plan: Plan): Promise<void> {
    return this.#unscheduled('plan', async () => {
      this.#recorder.note('agent.plan', plan)
      this.#changeContext({ type: 'plan', plan })
    })
  }

  setState(state: string, data: Readonly<Record<string, unknown>> = {}): Promise<void> {
    return this.#unscheduled('state', async () => void this.#recorder.note('agent.state', { state, data }))
  }

  checkpoint(name: string): Promise<{ readonly frame: number }> {
    return this.#step('checkpoint', 'idempotent', async () => {
      const frame = await this.#checkpointFrame(`asked for by the agent`, name)
      return { frame: frame.n }
    })
  }

  rollback(to: { readonly frame: number }): Promise<void> {
    return this.#step('rollback', 'workspace', async () => {
      const target = this.#parts.journal.frames(this.#parts.runId, to.frame, 1)[0]?.checkpoint
      if (target === undefined || target === null) {
        throw new KeyframeError({
          code: 'checkpoint.none',
          message: `Frame ${to.frame} has no checkpoint.`,
          action: 'Roll back to a keyframe.',
        })
      }
      const before = this.state.checkpoint?.ref.manifest ?? null
      if (!this.#recorder.onTape) await this.device.reset({ manifest: target.manifest, shell: target.shell })
      const frame = this.#recorder.note(
        'restore',
        { toFrame: to.frame, reason: 'rolled back by the agent' },
        {
          checkpoint: {
            manifest: target.manifest,
            shell: target.shell,
            memoryVersion: target.memoryVersion,
            reason: `back to frame ${to.frame}`,
          },
        },
      )
      const changed = await this.#changedBetween(before, target.manifest)
      this.#changeContext({ type: 'files-changed', paths: changed, frame: frame.n })
    })
  }

  speculate(offered: readonly Variant[]): Promise<readonly SpeculationResult[]> {
    const variants = offered.slice(0, this.#options.forks)
    return this.#step('speculate', 'workspace', async () => {
      const recorded = this.#recorder.peek()
      const ids =
        recorded?.kind === 'speculate.intent'
          ? recorded.payload.variants.map((variant) => variant.branchId)
          : this.#parts.allocateBranches(variants.length)
      const request = {
        variants: variants.map((variant, index) => ({
          branchId: ids[index] ?? this.branchId,
          label: variant.label,
          detail: variant.detail,
        })),
      }
      const rehearse = async (intent: FrameOf<'speculate.intent'>): Promise<SpeculationResult[]> => {
        const start = this.state
        return Promise.all(
          request.variants.map(({ branchId }, index) => this.#parts.slot(() => this.#rehearse(branchId, variants[index], intent.n, start))),
        )
      }
      const outcome = await this.#recorder.effect(
        { intent: 'speculate.intent', request, outcome: 'speculate.outcome', effectClass: 'workspace' },
        async (intent) => ({ payload: { branches: await rehearse(intent) }, checkpoint: await this.#capture('variants rehearsed') }),
        {
          recover: (intent) => redo(intent.n, 'workspace', 'each variant goes on from its own journal'),
          verify: async (recordedOutcome) => {
            if (!this.#recorder.replaying) return
            const intent = this.#parts.journal.frames(this.#parts.runId, recordedOutcome.cause ?? 1, 1)[0]
            if (intent?.kind === 'speculate.intent') await rehearse(intent)
          },
        },
      )
      return outcome.payload.branches
    })
  }

  judge(): Promise<Verdict> {
    return this.#step('judge', 'idempotent', () => this.#judge())
  }

  approvePlan(plan: Plan, body: string): Promise<HumanAnswer> {
    return this.#ask({ type: 'approve-plan', title: plan.title, body, plan })
  }

  chooseOption(title: string, body: string, options: readonly HumanOption[]): Promise<HumanAnswer> {
    return this.#ask({ type: 'choose-option', title, body, options: [...options] })
  }

  provideContext(title: string, question: string): Promise<HumanAnswer> {
    return this.#ask({ type: 'provide-context', title, body: question })
  }

  reviewMerge(title: string, results: readonly SpeculationResult[]): Promise<HumanAnswer> {
    const branches = results.flatMap(({ branchId, label, verdict }) => (verdict === null ? [] : [{ branchId, label, verdict }]))
    return this.#ask({
      type: 'review-merge',
      title,
      body: results.map((result) => `${result.label}: ${result.summary}`).join('\n'),
      branches,
    })
  }

  merge(branchId: BranchId, answer: HumanAnswer) {
    return this.#step('merge', 'idempotent', async () => {
      const outcome = await this.#recorder.effect(
        { intent: 'merge.intent', request: { branchId, hunks: answer.hunks ?? null }, outcome: 'merge.outcome', effectClass: 'idempotent' },
        async (intent) => ({ payload: await this.#mergeNow(branchId, answer, intent.n), checkpoint: await this.#capture('merged') }),
        { recover: (intent) => redo(intent.n, 'idempotent', 'a merge keeps pre-images and is finished by running it again') },
      )
      return { applied: outcome.payload.applied.length, conflicts: outcome.payload.conflicts }
    })
  }

  /** The last tick: the policy's `complete`, then the end of the branch with its checkpoint. */
  async end(outcome: 'completed' | 'failed' | 'cancelled', summary: string, failure?: Failure): Promise<void> {
    if (outcome !== 'cancelled') this.#decide('complete', 'pure')
    const checkpoint = await this.#capture('end of the run')
    this.#recorder.note('run.ended', { outcome, summary, ...(failure === undefined ? {} : { failure }) }, { checkpoint })
  }

  async close(): Promise<void> {
    if (!this.#recorder.replaying && this.#parts.control.ended === null) this.#terminal.flush()
    // Edits that no gate took any more are made on the branch as it ended: whoever asked for them waits for the answer.
    this.#takeEdits()
    this.#terminal.close()
    this.#promotion?.close()
    await this.device.dispose()
  }

  /** One scheduler tick around `body`. */
  async #step<T>(request: string, effectClass: EffectClass, body: () => Promise<T>): Promise<T> {
    return this.#unscheduled(request, async () => {
      await this.#schedule(request, effectClass)
      return body()
    })
  }

  /** Pass the gate and hold the branch, without a decision: for what only records. */
  async #unscheduled<T>(request: string, body: () => Promise<T>): Promise<T> {
    if (this.#busy !== null)
      throw new Error(`${request} was called while ${this.#busy} is under way on ${this.branchId}: await one call before the next`)
    this.#busy = request
    try {
      await this.#gate()
      return await body()
    } finally {
      this.#busy = null
    }
  }

  async #gate(): Promise<void> {
    this.#recorder.foldAmbient()
    const next = this.#recorder.peek()
    if (next?.kind === 'run.ended' && next.payload.outcome === 'cancelled') throw new RunCancelled()
    if (next !== undefined || this.#recorder.replaying) return
    await this.#parts.control.gate()
    this.#takeEdits()
    this.#takeFound()
  }

  /** Between two steps of the program: what was found out beside them, and room for what comes. */
  #takeFound(): void {
    const found = this.#promotion?.take() ?? []
    this.#context.observe({ type: 'background', found }, found.length === 0 ? 'Condensed in the background' : 'Found in the background')
  }

  #takeEdits(): void {
    const edits = this.#edits
    this.#edits = []
    for (const apply of edits) apply()
  }

  async #schedule(request: string, effectClass: EffectClass): Promise<void> {
    for (;;) {
      this.#recorder.foldAmbient()
      const decision = this.#decide(request, effectClass)
      if (decision.outcome === 'refresh-context') {
        await this.#refresh()
        return
      }
      if (decision.outcome === 'checkpoint-and-pause') await this.#pauseHere(decision.reasons)
      else if (decision.outcome === 'escalate') await this.#escalate(decision.reasons)
      else return
    }
  }

  #decide(request: string, effectClass: EffectClass): FramePayload<'decision'> {
    this.#tick += 1
    const { counters, context, waived } = this.state
    const inputs = {
      tick: this.#tick,
      request,
      requestClass: effectClass,
      tokensUsed: counters.tokensUsed,
      contextTokens: tierTokens(context, 'L1') + tierTokens(context, 'L2'),
      maxTokens: this.#options.maxTokens,
      errorCount: counters.errors,
      maxErrors: this.#options.maxErrors,
      wallTimeMs: this.#recorder.now() - this.state.startedAtMs,
      maxWallTimeMs: this.#options.maxWallTimeMs,
      staleItems: Object.values(context.items).filter(isRefreshable).length,
      maxStaleItems: MAX_STALE_ITEMS,
      waived: [...waived],
    }
    const { outcome, reasons, limits } = decideTick(inputs)
    return this.#recorder.note('decision', { policy: SCHEDULING_POLICY, outcome, reasons: [...reasons], limits: [...limits], inputs })
      .payload
  }

  async #pauseHere(reasons: readonly string[]): Promise<void> {
    await this.#checkpointFrame(reasons.join('; '), null)
    if (this.#recorder.onTape || this.#recorder.replaying) return
    this.#parts.control.pause()
    await this.#parts.control.gate()
    this.#takeEdits()
  }

  async #escalate(reasons: readonly string[]): Promise<void> {
    const answer = await this.#askNow({ type: 'authorize-action', title: 'Go on in spite of errors?', body: reasons.join('\n') })
    if (answer.decision !== 'approve')
      throw new KeyframeError({ code: 'run.stopped', message: `Stopped: ${reasons.join('; ')}.`, action: 'Fork from an earlier frame.' })
  }

  async #refresh(): Promise<void> {
    const stale = Object.values(this.state.context.items).filter(isRefreshable)
    const files = []
    for (const path of [...new Set(stale.flatMap((item) => item.source.path ?? []))].sort().slice(0, MAX_FILES_AT_ONCE)) {
      const outcome = await this.#callTool('fs.read', { path })
      const read = ToolSchemas['fs.read'].output.safeParse(outcome.output)
      files.push({ path, text: read.success ? read.data.text : null, version: read.success ? read.data.version : null })
    }
    this.#changeContext({ type: 'refresh', files })
  }

  #callTool(name: string, args: unknown): Promise<ToolOutcome> {
    return this.#calls.call(name, args)
  }

  async #judge(): Promise<Verdict> {
    const outcome = await this.#recorder.effect(
      {
        intent: 'judge.intent',
        request: { judge: 'checks', branchId: this.branchId },
        outcome: 'judge.verdict',
        effectClass: 'idempotent',
      },
      async () => {
        const capture = await this.#captureFiles()
        const changed = await this.#changedBetween(null, capture.manifest)
        const verdict = await this.#parts.judge(capture.manifest, changed, this.#parts.control.call, (chunk) => this.#checksPrinted(chunk))
        this.#stopIfSuspended()
        this.#terminal.flush()
        return { payload: verdict, checkpoint: this.#partsOf(capture, 'judged') }
      },
      { recover: (intent) => redo(intent.n, 'idempotent', 'checks run in a sandbox of their own') },
    )
    this.#changeContext({ type: 'checks', frame: outcome.n, verdict: outcome.payload })
    return outcome.payload
  }

  #checksPrinted(chunk: string): void {
    this.observe('checks', 'output', chunk)
    this.#parts.tellTerminal(this.branchId, 'checks', chunk)
  }

  async #rehearse(branchId: BranchId, variant: Variant | undefined, fromFrame: number, start: RunState): Promise<SpeculationResult> {
    if (variant === undefined) throw new Error(`branch ${branchId} has no variant`)
    const child = new BranchEngine(this.#parts, this.#options, this.task, branchId, start)
    const unregister = this.#parts.registerBranch(branchId, child)
    try {
      child.recorder.note('fork', {
        parent: this.branchId,
        fromFrame,
        label: variant.label,
        reason: 'speculation',
        task: null,
        options: null,
      })
      const result = await child.#runVariant(variant)
      const verdict = result.ok ? await child.judge() : null
      return { branchId, label: variant.label, ok: result.ok, summary: result.summary, verdict }
    } finally {
      unregister()
      await child.close()
    }
  }

  async #runVariant(variant: Variant): Promise<{ ok: boolean; summary: string }> {
    try {
      return await variant.run(this)
    } catch (thrown) {
      if (mustReachRun(thrown) || !(thrown instanceof KeyframeError)) throw thrown
      const failure = toFailure(thrown)
      this.#recorder.note('error', { ...failure, where: `variant ${variant.label}` }, { checkpoint: await this.#capture('variant failed') })
      return { ok: false, summary: failure.message }
    }
  }

  #ask(request: Omit<HumanRequest, 'requestId' | 'shown'>): Promise<HumanAnswer> {
    return this.#step(request.type, 'pure', () => this.#askNow(request))
  }

  async #askNow(request: Omit<HumanRequest, 'requestId' | 'shown'>): Promise<HumanAnswer> {
    // A tick that reads several files may ask about more than one of them.
    const nth = this.#askedInTick === this.#tick ? (this.#asked += 1) : (this.#asked = 0)
    this.#askedInTick = this.#tick
    const sealed = sealRequest({ ...request, requestId: `${this.branchId}-${this.#tick}${nth === 0 ? '' : `.${nth}`}` })
    const answer = await this.#recorder.effect(
      { intent: 'human.request', request: sealed, outcome: 'human.answer', effectClass: 'pure' },
      async (intent) => {
        const askedAtMs = this.#parts.clock()
        const automatic = automaticAnswer(sealed, this.#options.approval)
        const given =
          automatic ??
          (await this.#parts.queue.ask(
            { runId: this.#parts.runId, branchId: this.branchId, frame: intent.n, atMs: intent.atMs, request: sealed },
            this.#parts.control.life,
          ))
        const by = automatic === null ? 'person' : `policy ${this.#options.approval}`
        return {
          payload: { ...given, by, waitedMs: this.#parts.clock() - askedAtMs },
          checkpoint: await this.#capture('decided by a human'),
        }
      },
    )
    const { by: _by, waitedMs: _waited, ...given } = answer.payload
    if (given.text !== undefined && given.text !== '') {
      this.#changeContext({
        type: 'note',
        id: `answer:${given.requestId}`,
        title: `Answer: ${request.title}`,
        text: given.text,
        kind: 'note',
        by: 'human',
      })
    }
    return given
  }

  async #mergeNow(branchId: BranchId, answer: HumanAnswer, intent: number): Promise<FramePayload<'merge.outcome'>> {
    const { files, base } = this.#parts
    const manifest = this.#parts.stateOf(branchId).checkpoint?.ref.manifest ?? null
    const selection = answer.hunks ?? null
    const merged = await files.merge(
      base,
      manifest,
      selection,
      approvedPaths(selection),
      this.#parts.mergeDir(intent),
      mergeGuard(this.#role, this.state.grants ?? []),
    )
    return { branchId, ...merged }
  }

  async #checkpointFrame(reason: string, name: string | null): Promise<FrameOf<'checkpoint'>> {
    return this.#recorder.note('checkpoint', { reason, name }, { checkpoint: await this.#capture(reason) })
  }

  /** Files and shells now. On tape nothing is captured: the recorded checkpoint is what is compared. */
  async #capture(reason: string): Promise<CheckpointParts> {
    if (this.#recorder.onTape || this.#recorder.replaying) return { manifest: null, shell: null, memoryVersion: 0, reason }
    return this.#partsOf(await this.#captureFiles(), reason)
  }

  async #captureFiles(): Promise<DeviceCapture> {
    const capture = await this.device.capture()
    this.#stopIfSuspended()
    return capture
  }

  #partsOf(capture: { manifest: ContentHash | null; shell: ContentHash | null }, reason: string): CheckpointParts {
    return { manifest: capture.manifest, shell: capture.shell, memoryVersion: this.#parts.memoryVersion(), reason }
  }

  async #changedBetween(from: ContentHash | null, to: ContentHash | null): Promise<string[]> {
    const { files, base } = this.#parts
    const diffs = await files.at(base, to).diff(from === null ? 'base' : files.at(base, from))
    return diffs.map((diff) => diff.path)
  }

  #changeContext(event: ContextEvent): void {
    this.#context.change(event)
    if (this.#promotion === null || !this.live) return
    if (event.type === 'focus') this.#promotion.touched(event.paths)
    if (event.type === 'files-changed') this.#promotion.changed(event.paths.slice(0, MAX_FILES_AT_ONCE))
    if (event.type === 'tool-outcome' && event.outcome.ok) {
      const { path } = toolTarget(event.args)
      this.#promotion.touched([...pathsOf(event.outcome).slice(0, 3), ...(path === undefined ? [] : [path])])
    }
  }

  #stopIfSuspended(): void {
    if (this.#parts.control.ended instanceof RunSuspended) throw this.#parts.control.ended
  }
}

function redo(intent: number, effect: EffectClass, detail: string): FramePayload<'recovery'> {
  return { intent, effect, resolution: 'redo', detail }
}
