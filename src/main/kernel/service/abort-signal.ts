import type { Caller } from '../../../shared/contract/service'

/** The caller's signal as one that Node's functions take. */
export function abortSignalOf(caller: Caller): AbortSignal {
  const controller = new AbortController()
  if (caller.signal.aborted) controller.abort()
  caller.signal.addEventListener('abort', () => controller.abort(), { once: true })
  return controller.signal
}
