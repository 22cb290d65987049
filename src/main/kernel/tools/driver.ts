import type { z } from 'zod'
import type { EffectClass } from '../../../shared/frames'
import type { PolicyAction } from '../../../shared/policy'
import type { Sandbox } from './sandboxes/sandbox'

/** What a tool call may use while it runs. One per call. */
export interface ToolCallContext {
  readonly sandbox: Sandbox
  readonly signal: AbortSignal
  /** Output as it happens, for the window; the whole output is in the result too. */
  onOutput(chunk: string): void
}

/**
 * What a call will touch, for the policy to decide before it runs. Paths as the caller wrote them, relative to the workspace: the
 * runtime resolves them before it asks. Commands as text.
 */
export interface CapabilityRequest {
  readonly action: PolicyAction
  readonly resource: string
}

export interface ToolSuccess<Output> {
  readonly output: Output
  /** What a reader is shown: for a model, so short and exact. */
  readonly text: string
}

/**
 * One operation of a driver. `input` and `output` are schemas of plain JSON; the runtime validates both. Throws KeyframeError for
 * expected failures (file not found, stale version, time-out); the runtime turns them into failed outcomes.
 */
export interface ToolSpec<Input extends z.ZodType = z.ZodType, Output extends z.ZodType = z.ZodType> {
  readonly name: string
  readonly description: string
  readonly input: Input
  readonly output: Output
  readonly effect: EffectClass
  readonly timeoutMs: number
  /** Absent: only `tool.use` is asked for. */
  capabilities?(args: z.output<Input>): readonly CapabilityRequest[]
  execute(args: z.output<Input>, call: ToolCallContext): Promise<ToolSuccess<z.input<Output>>>
}

/**
 * An adapter to one device, with the state it keeps for one branch (handles, sessions, servers). A branch has its own
 * instance. `capture` is called at checkpoints, `restore` before the first call after a restore or fork.
 */
export interface Driver {
  readonly name: string
  readonly tools: readonly ToolSpec[]
  /** JSON that `restore` understands; null while there is nothing to keep. */
  capture(): Promise<unknown>
  restore(captured: unknown, sandbox: Sandbox): Promise<{ readonly notRestored: readonly string[] }>
  /** Files changed by somebody else (a restore, another driver, the shell): forget what was cached of them. */
  filesChanged(paths: readonly string[]): Promise<void>
  dispose(): Promise<void>
}

/** Keeps the types of one tool's schemas and its function together. */
export function defineTool<Input extends z.ZodType, Output extends z.ZodType>(spec: ToolSpec<Input, Output>): ToolSpec<Input, Output> {
  return spec
}
