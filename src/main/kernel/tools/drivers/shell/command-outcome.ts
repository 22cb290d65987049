import type { z } from 'zod'
import { KeyframeError } from '../../../../../shared/failure'
import type { CommandOutput } from '../../schemas/shell'

/** `restarted`: the command ended the shell, so another one was started with the state of the last prompt. */
export type CommandOutcome = Omit<z.output<typeof CommandOutput>, 'session'> & { readonly restarted: boolean }

/** When to come back although the program runs: never, when it seems to wait for an answer, after so many milliseconds. */
export type WaitFor = 'end' | 'input' | number

export interface WaitOptions {
  /** Default `end`. */
  readonly waitFor?: WaitFor | undefined
  readonly timeoutMs: number
  readonly signal: AbortSignal
  onOutput(chunk: string): void
}

export interface CommandRequest extends WaitOptions {
  readonly command: string
  /** It was given to the shell: from now on it can be waited for. */
  onTyped?(): void
}

export function busy(session: string, running: string | null): KeyframeError {
  const what = running === null ? 'Another program' : `"${running.slice(0, 200)}"`
  return new KeyframeError({
    code: 'shell.busy',
    message: `${what} runs in the session ${session}, so that the command could not be started.`,
    action: 'Answer it (shell.input), wait for it (shell.wait), end it (shell.interrupt), or use another session.',
    retryable: true,
  })
}

export function nothingRuns(session: string): KeyframeError {
  return new KeyframeError({
    code: 'shell.nothing-runs',
    message: `Nothing that could be answered runs in the session ${session}.`,
    action: 'Run commands with shell.run.',
  })
}

export function closed(session: string): KeyframeError {
  return new KeyframeError({ code: 'shell.closed', message: `The session ${session} was closed.`, retryable: true })
}
