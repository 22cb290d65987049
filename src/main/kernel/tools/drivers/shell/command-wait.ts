import type { WaitOptions } from './command-outcome'
import type { ShellCommand } from './shell-command'

/** `running`: it was to come back although the command runs. */
export type Settled = 'ended' | 'timed-out' | 'cancelled' | 'running'

export const LOOK_EVERY_MS = 100
/** Where only a shell that another took the place of is looked for: a job runs for hours. */
const LOOK_SELDOM_MS = 500

/** Resolves with the first of what ends the wait. `isWaiting` is asked now and then once the command has begun. */
export function settle(command: ShellCommand, options: WaitOptions, isWaiting: () => boolean): Promise<Settled> {
  const { waitFor = 'end', timeoutMs, signal } = options
  return new Promise((resolve) => {
    const onAbort = (): void => done('cancelled')
    const onEnd = (): void => done('ended')
    const timer = setTimeout(() => done('timed-out'), timeoutMs)
    // What was only typed cannot be answered yet: it is given back once it has begun.
    let due = false
    const giveBack = (): void => {
      due = true
      if (command.begun) done('running')
    }
    const handBack = typeof waitFor === 'number' ? setTimeout(giveBack, waitFor) : undefined
    const look = setInterval(
      () => {
        if (command.begun && (isWaiting() || due)) done('running')
      },
      waitFor === 'end' ? LOOK_SELDOM_MS : LOOK_EVERY_MS,
    )
    const done = (how: Settled): void => {
      clearTimeout(timer)
      clearTimeout(handBack)
      clearInterval(look)
      signal.removeEventListener('abort', onAbort)
      resolve(how)
    }
    signal.addEventListener('abort', onAbort, { once: true })
    if (signal.aborted) onAbort()
    void command.ended.then(onEnd)
  })
}
