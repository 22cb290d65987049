import { z } from 'zod'
import { type Failure, KeyframeError, toFailure } from '../../../shared/failure'
import type { ToolOutcome } from '../../../shared/frames'
import type { BranchDevice } from './branch-device'
import { defineTool, type ToolSpec } from './driver'

/** How long a tool may take to end after it was told to. */
const STOP_GRACE_MS = 5_000

export interface ToolCallOptions {
  readonly signal: AbortSignal
  /** Monotonic milliseconds, for the duration. */
  readonly clock: () => number
  onOutput(chunk: string): void
}

export type ToolRun = Pick<ToolOutcome, 'ok' | 'output' | 'text' | 'durationMs'> & { readonly error: Failure | null }

/** The tool of this name. Throws `tool.unknown`, which lists what there is. */
export function findTool(device: BranchDevice, name: string): ToolSpec {
  const tool = device.tools.get(name)
  if (tool !== undefined) return tool
  throw noSuchTool(device, name)
}

/** Stands for a tool that an agent made up: calling it is recorded and fails as a call, not as the run. */
export function unknownTool(device: BranchDevice, name: string): ToolSpec {
  return defineTool({
    name,
    description: 'There is no such tool.',
    input: z.unknown(),
    output: z.null(),
    effect: 'pure',
    timeoutMs: 1000,
    execute: async () => {
      throw noSuchTool(device, name)
    },
  })
}

function noSuchTool(device: BranchDevice, name: string): KeyframeError {
  return new KeyframeError({
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
  // Not AbortSignal.any and timeout: what listens to such a signal is kept until the time is over, an hour after the call.
  const ending = new AbortController()
  const { signal } = ending
  let timedOut = false
  const timer = setTimeout(() => {
    timedOut = true
    ending.abort(new DOMException('The time for the call is over.', 'TimeoutError'))
  }, tool.timeoutMs)
  const stop = (): void => ending.abort(options.signal.reason)
  if (options.signal.aborted) stop()
  else options.signal.addEventListener('abort', stop, { once: true })
  try {
    const call = device.sandbox().then((sandbox) => tool.execute(parsed.data, { sandbox, signal, onOutput: options.onOutput }))
    const { output, text } = await endedBy(signal, call)
    return done({ ok: true, output: tool.output.parse(output), text, error: null })
  } catch (thrown) {
    const error = failureOf(thrown, tool, { timedOut, stopped: options.signal.aborted })
    // A guest can end its own sandbox with everything in it: the next call gets another one on the files of the last capture.
    if (error.code === 'sandbox.ended') await device.reset(device.origin)
    return done({ ok: false, output: null, text: '', error })
  } finally {
    clearTimeout(timer)
    options.signal.removeEventListener('abort', stop)
  }
}

/**
 * A tool that is told to stop may take a moment to end well (a shell brings its command down and keeps its session). One that
 * does not end is left behind: its sandbox is disposed of with the branch.
 */
async function endedBy<T>(signal: AbortSignal, call: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const abandoned = new Promise<never>((_resolve, reject) => {
    const stop = (): void => {
      timer = setTimeout(() => reject(signal.reason), STOP_GRACE_MS)
    }
    if (signal.aborted) stop()
    else signal.addEventListener('abort', stop, { once: true })
  })
  try {
    return await Promise.race([call, abandoned])
  } finally {
    clearTimeout(timer)
  }
}

function failureOf(thrown: unknown, tool: ToolSpec, why: { timedOut: boolean; stopped: boolean }): Failure {
  if (why.stopped) return { code: 'cancelled', message: `${tool.name} was stopped before it had ended.`, retryable: true }
  if (why.timedOut)
    return { code: 'tool.timed-out', message: `${tool.name} took longer than ${tool.timeoutMs / 1000} s and was ended.`, retryable: true }
  return toFailure(thrown)
}
