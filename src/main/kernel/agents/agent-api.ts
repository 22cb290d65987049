import type { z } from 'zod'
import type { HumanAnswer, HumanOption, Plan, ToolOutcome, Verdict } from '../../../shared/frames'
import type { BranchId, ContentHash } from '../../../shared/ids'
import type { ContextItem } from '../../../shared/context'
import type { ContextItemKind } from '../../../shared/context'

/** A tool call that was refused or failed is an ordinary value: agents handle it, programs that ignore it get an exception. */
export type ToolReply<Output> =
  { readonly ok: true; readonly output: Output; readonly outcome: ToolOutcome } | { readonly ok: false; readonly outcome: ToolOutcome }

export interface SymbolRef {
  readonly path: string
  /** From 1. */
  readonly line: number
  /** From 0, UTF-16 units. */
  readonly column: number
}

export interface Variant {
  readonly label: string
  readonly detail: string
  /** Runs on its own branch from the checkpoint of this moment. Sequential in itself, parallel to the other variants. */
  run(api: AgentApi): Promise<{ ok: boolean; summary: string }>
}

export interface SpeculationResult {
  readonly branchId: BranchId
  readonly label: string
  readonly ok: boolean
  readonly summary: string
  /** From the judges; null when the variant failed before it could be judged. */
  readonly verdict: Verdict | null
}

export interface ContextBundle {
  readonly items: readonly { readonly item: ContextItem; readonly text: string }[]
  readonly tokens: { readonly l1: number; readonly l2: number; readonly availableTokens: number }
}

/**
 * All that an agent sees of the kernel. Every member that returns a promise is one scheduler tick and one recorded
 * effect: an agent is a function of their results alone (no clock, no random, no files, no network of its own), which is
 * what makes its run replay exactly. Calls on one branch must not overlap; a second call while one is under way throws.
 */
export interface AgentApi {
  readonly branchId: BranchId
  readonly task: string
  /** True when mutating steps are refused for this run (`--deny`). */
  readonly readOnly: boolean

  getContext(): ContextBundle
  /** These files matter now: they are read into L2 and kept there ahead of others. */
  focusOn(paths: readonly string[]): Promise<void>
  remember(key: string, title: string, text: string, kind?: ContextItemKind): Promise<void>
  recall(
    query: string,
    limit: number,
  ): Promise<readonly { path: string; line: number; text: string; symbol: string | null; score: number }[]>

  /** Any tool by name, its output checked by the schema that is given. */
  call<Output extends z.ZodType>(tool: string, args: unknown, output: Output): Promise<ToolReply<z.output<Output>>>
  readFile(path: string): Promise<ToolReply<{ text: string; version: ContentHash }>>
  writeFile(path: string, text: string, expectedVersion?: ContentHash): Promise<ToolReply<{ version: ContentHash }>>
  runCommand(command: string, options?: { timeoutMs?: number }): Promise<ToolReply<{ exitCode: number; output: string }>>
  findReferences(
    symbol: SymbolRef,
  ): Promise<
    ToolReply<readonly { path: string; startLine: number; startColumn: number; endLine: number; endColumn: number; context: string }[]>
  >
  searchCode(query: string, limit: number): Promise<ToolReply<readonly { path: string; line: number; text: string }[]>>

  message(text: string, level?: 'info' | 'success' | 'warning' | 'error'): Promise<void>
  setPlan(plan: Plan): Promise<void>
  setState(state: string, data?: Readonly<Record<string, unknown>>): Promise<void>
  checkpoint(name: string): Promise<{ readonly frame: number }>
  /** Files, shells and context of this branch go back to the checkpoint; the frames in between stay recorded. */
  rollback(to: { readonly frame: number }): Promise<void>
  speculate(variants: readonly Variant[]): Promise<readonly SpeculationResult[]>
  /** Runs the workspace's own checks on this branch as it is now, with the base's configuration. */
  judge(): Promise<Verdict>

  approvePlan(plan: Plan, body: string): Promise<HumanAnswer>
  chooseOption(title: string, body: string, options: readonly HumanOption[]): Promise<HumanAnswer>
  provideContext(title: string, question: string): Promise<HumanAnswer>
  /** Shows the branches side by side and asks which to merge, whole or per hunk. Best first. */
  reviewMerge(title: string, results: readonly SpeculationResult[]): Promise<HumanAnswer>
  merge(branchId: BranchId, answer: HumanAnswer): Promise<{ applied: number; conflicts: readonly { path: string; reason: string }[] }>
}

/** A program on the API. `version` is part of every request key: change it when behaviour changes. */
export interface AgentProgram {
  readonly id: string
  readonly version: string
  readonly title: string
  readonly summary: string
  readonly examples: readonly string[]
  readonly mutates: boolean
  /** The role whose policies hold for it unless a run names another. */
  readonly role: string
  run(api: AgentApi): Promise<{ ok: boolean; summary: string }>
}
