import { type Failure, KeyframeError, toFailure } from '../../../shared/failure'
import type { ToolOutcome } from '../../../shared/frames'
import type { BranchDevice } from './branch-device'
import type { ToolSpec } from './driver'

export interface ToolCallOptions {
  readonly signal: AbortSignal
  /** Monotonic milliseconds, for the duration. */
  readonly clock: () => number
  onOutput(chunk: string): void
}

export type ToolRun = Pick<ToolOutcome, 'ok' | 'output' | 'text' | 'durationMs'> & { readonly error: Failure | null }

/** The tool of this name, or a failure that lists what there is. */
export function findTool(device: BranchDevice, name: string): ToolSpec {
  const tool = device.tools.get(name)
  if (tool !== undefined) return tool
  throw new KeyframeError({
    code: 'tool.unknown',
    message: `There is no tool ${name}.`,
    action: `Known tools: ${[...device.tools.keys()].sort().join(', ')}.`,
  })
}

/**
 * Runs one tool call to its end: arguments and result checked by schema, time-out and cancellation enforced. Never throws for
 * what the tool does wrong: that is a failed run.
 */
export async function runTool(device: BranchDevice, tool: ToolSpec, args: unknown, options: ToolCallOptions): Promise<ToolRun> {
  const startedAt = options.clock()
  const done = (run: Omit<ToolRun, 'durationMs'>): ToolRun => ({ ...run, durationMs: Math.round(options.clock() - startedAt) })
  const parsed = tool.input.safeParse(args)
  if (!parsed.success) {
    return done({
      ok: false,
      output: null,
      text: '',
      error: { code: 'tool.bad-arguments', message: `Arguments of ${tool.name}: ${parsed.error.message}`, retryable: false },
    })
  }
  const timeout = AbortSignal.timeout(tool.timeoutMs)
  try {
    const sandbox = await device.sandbox()
    const { output, text } = await tool.execute(parsed.data, {
      sandbox,
      signal: AbortSignal.any([options.signal, timeout]),
      onOutput: options.onOutput,
    })
    return done({ ok: true, output: tool.output.parse(output), text, error: null })
  } catch (thrown) {
    return done({ ok: false, output: null, text: '', error: failureOf(thrown, tool, timeout.aborted) })
  }
}

function failureOf(thrown: unknown, tool: ToolSpec, timedOut: boolean): Failure {
  if (timedOut)
    return { code: 'tool.timed-out', message: `${tool.name} took longer than ${tool.timeoutMs / 1000} s and was ended.`, retryable: true }
  return toFailure(thrown)
}
