import ts from 'typescript'
import type { z } from 'zod'
import { type ContextItem, type ContextItemKind } from '../../../shared/context'
import { type Failure, toFailure } from '../../../shared/failure'
import type { HumanAnswer, HumanOption, Plan, ToolOutcome, Verdict } from '../../../shared/frames'
import type { BranchId } from '../../../shared/ids'
import type { AgentApi, ContextBundle, SpeculationResult, SymbolRef, ToolReply, Variant } from '../agents/agent-api'
import { type ToolName, ToolSchemas } from '../tools/schemas'
import { type FileMap, TypeScriptTools, versionOf } from './typescript-tools'

type ScriptedTool = (args: Record<string, unknown>) => unknown

export interface RecordingOptions {
  readonly task: string
  readonly files: Readonly<Record<string, string>>
  readonly readOnly?: boolean
  /** Texts of notes in the context. */
  readonly notes?: readonly string[]
  /** Tools answered by the test instead of by the files: what `memory.find` returns, a tool that throws. */
  readonly tools?: Partial<Record<ToolName, ScriptedTool>>
  readonly serverPrefersAliases?: boolean
  readonly judge?: (files: FileMap) => Verdict
  /** By the member that asks; default: approve, the recommended option or none, the best passing branch. */
  readonly answers?: {
    readonly approvePlan?: Partial<HumanAnswer>
    readonly chooseOption?: Partial<HumanAnswer>
    readonly reviewMerge?: Partial<HumanAnswer>
  }
}

export interface RecordedCall {
  readonly member: string
  readonly args: readonly unknown[]
}

const PASSED: Verdict = { judge: 'checks', score: 1, passed: true, checks: [] }
const registry = ts.createDocumentRegistry()

/**
 * The agent API over files in memory, which writes down every call. Branches are copies of the files; a merge puts a branch's
 * files over the main ones. Calls that overlap on one branch throw, as they do in the engine.
 */
export class RecordingAgentApi implements AgentApi {
  readonly branchId: BranchId
  readonly task: string
  readonly readOnly: boolean
  readonly calls: RecordedCall[]
  readonly files: FileMap
  readonly branches = new Map<BranchId, RecordingAgentApi>()
  readonly #options: RecordingOptions
  readonly #tools: TypeScriptTools
  #busy: string | null = null

  constructor(options: RecordingOptions, branchId = 'b0' as BranchId, files: FileMap = new Map(Object.entries(options.files))) {
    this.branchId = branchId
    this.task = options.task
    this.readOnly = options.readOnly ?? false
    this.files = files
    this.calls = []
    this.#options = options
    this.#tools = new TypeScriptTools(files, options.serverPrefersAliases ?? true, registry)
  }

  /** Arguments of the calls of one member, in order. */
  of(member: string): (readonly unknown[])[] {
    return this.calls.filter((call) => call.member === member).map((call) => call.args)
  }

  get states(): unknown[] {
    return this.of('setState').map(([state]) => state)
  }

  get messages(): string {
    return this.of('message')
      .map(([text]) => String(text))
      .join('\n')
  }

  /** The files of the branch with this label, as the variant left them. */
  branch(label: string): FileMap {
    const variants = this.of('speculate').flatMap(([labels]) => labels as string[])
    const found = this.branches.get(`b${variants.indexOf(label) + 1}` as BranchId)
    if (found === undefined) throw new Error(`no variant ${label} among ${variants.join(', ')}`)
    return found.files
  }

  getContext(): ContextBundle {
    const items = (this.#options.notes ?? []).map((text, index) => ({ item: noteItem(index), text }))
    return { items, tokens: { l1: 0, l2: 0, availableTokens: 1000 } }
  }

  focusOn(paths: readonly string[]): Promise<void> {
    return this.#step('focusOn', [paths], () => undefined)
  }

  remember(key: string, title: string, text: string, kind?: ContextItemKind): Promise<void> {
    return this.#step('remember', [key, title, text, kind], () => undefined)
  }

  recall(query: string, limit: number) {
    return this.#step('recall', [query, limit], () => [])
  }

  call<Output extends z.ZodType>(tool: string, args: unknown, output: Output): Promise<ToolReply<z.output<Output>>> {
    return this.#step('call', [tool, args], () => this.#answer(tool as ToolName, args, output))
  }

  readFile(path: string) {
    return this.call('fs.read', { path }, ToolSchemas['fs.read'].output)
  }

  writeFile(path: string, text: string, expectedVersion?: string) {
    return this.call('fs.write', { path, text, expectedVersion }, ToolSchemas['fs.write'].output)
  }

  runCommand(command: string) {
    return this.call('shell.run', { command }, ToolSchemas['shell.run'].output)
  }

  async findReferences(symbol: SymbolRef) {
    const reply = await this.call('lsp.references', symbol, ToolSchemas['lsp.references'].output)
    return reply.ok ? { ...reply, output: reply.output.locations } : reply
  }

  async searchCode(query: string, limit: number) {
    const reply = await this.call('code.search', { query, limit }, ToolSchemas['code.search'].output)
    return reply.ok ? { ...reply, output: reply.output.hits } : reply
  }

  message(text: string, level?: 'info' | 'success' | 'warning' | 'error'): Promise<void> {
    return this.#step('message', [text, level], () => undefined)
  }

  setPlan(plan: Plan): Promise<void> {
    return this.#step('setPlan', [plan], () => undefined)
  }

  setState(state: string, data?: Readonly<Record<string, unknown>>): Promise<void> {
    return this.#step('setState', [state, data], () => undefined)
  }

  checkpoint(name: string): Promise<{ readonly frame: number }> {
    return this.#step('checkpoint', [name], () => ({ frame: 1 }))
  }

  rollback(to: { readonly frame: number }): Promise<void> {
    return this.#step('rollback', [to], () => undefined)
  }

  speculate(variants: readonly Variant[]): Promise<readonly SpeculationResult[]> {
    return this.#step('speculate', [variants.map((variant) => variant.label)], () =>
      Promise.all(
        variants.map(async (variant, index): Promise<SpeculationResult> => {
          const branchId = `b${index + 1}` as BranchId
          const branch = new RecordingAgentApi(this.#options, branchId, new Map(this.files))
          this.branches.set(branchId, branch)
          const result = await variant.run(branch)
          return { branchId, label: variant.label, ...result, verdict: result.ok ? await branch.judge() : null }
        }),
      ),
    )
  }

  judge(): Promise<Verdict> {
    return this.#step('judge', [], () => this.#options.judge?.(this.files) ?? PASSED)
  }

  approvePlan(plan: Plan, body: string): Promise<HumanAnswer> {
    return this.#ask('approvePlan', [plan, body], { decision: 'approve' })
  }

  chooseOption(title: string, body: string, options: readonly HumanOption[]): Promise<HumanAnswer> {
    const recommended = options.find((option) => option.recommended === true)
    const given = recommended === undefined ? { decision: 'deny' as const } : { decision: 'choose' as const, optionId: recommended.id }
    return this.#ask('chooseOption', [title, body, options], given)
  }

  provideContext(title: string, question: string): Promise<HumanAnswer> {
    return this.#ask('approvePlan', [title, question], { decision: 'deny' })
  }

  reviewMerge(title: string, results: readonly SpeculationResult[]): Promise<HumanAnswer> {
    const best = results.find((result) => result.verdict?.passed === true)
    return this.#ask(
      'reviewMerge',
      [title, results],
      best === undefined ? { decision: 'deny' } : { decision: 'approve', branchId: best.branchId },
    )
  }

  merge(branchId: BranchId, answer: HumanAnswer): Promise<{ applied: number; conflicts: readonly { path: string; reason: string }[] }> {
    return this.#step('merge', [branchId, answer], () => {
      let applied = 0
      for (const [path, text] of this.branches.get(branchId)?.files ?? []) {
        if (this.files.get(path) === text) continue
        this.#tools.write(path, text)
        applied += 1
      }
      return { applied, conflicts: [] }
    })
  }

  async #step<T>(member: string, args: readonly unknown[], body: () => T | Promise<T>): Promise<T> {
    if (this.#busy !== null) throw new Error(`${member} was called while ${this.#busy} is under way on ${this.branchId}`)
    this.#busy = member
    this.calls.push({ member, args })
    try {
      await Promise.resolve()
      return await body()
    } finally {
      this.#busy = null
    }
  }

  #ask(
    member: 'approvePlan' | 'chooseOption' | 'reviewMerge',
    args: readonly unknown[],
    usual: Partial<HumanAnswer>,
  ): Promise<HumanAnswer> {
    return this.#step(member, args, () => {
      const given = this.#options.answers?.[member] ?? usual
      return { requestId: member, shown: versionOf(member), decision: 'approve', ...given }
    })
  }

  #answer<Output extends z.ZodType>(tool: ToolName, args: unknown, output: Output): ToolReply<z.output<Output>> {
    const scripted = this.#options.tools?.[tool]
    try {
      const input = ToolSchemas[tool].input.parse(args) as Record<string, unknown>
      const answer = scripted === undefined ? this.#unscripted(tool, input) : scripted(input)
      return { ok: true, output: output.parse(answer), outcome: outcomeOf(tool, answer) }
    } catch (error) {
      return { ok: false, outcome: outcomeOf(tool, null, toFailure(error)) }
    }
  }

  #unscripted(tool: ToolName, input: Record<string, unknown>): unknown {
    return tool === 'memory.find' ? { nodes: [] } : this.#tools.call(tool, input)
  }
}

function outcomeOf(tool: string, output: unknown, error?: Failure): ToolOutcome {
  return {
    tool,
    ok: error === undefined,
    output,
    text: '',
    ...(error === undefined ? {} : { error }),
    sideEffects: { files: [], processes: [] },
    isolation: 'none',
    durationMs: 0,
  }
}

function noteItem(index: number): ContextItem {
  return {
    id: `note:${index}`,
    tier: 'L1',
    kind: 'note',
    title: 'Note',
    content: versionOf(String(index)),
    tokens: 1,
    source: { by: 'human', frame: null },
    reason: 'written by hand',
    addedAt: 0,
    lastUsedAt: 0,
    pinned: true,
    stale: false,
  }
}
