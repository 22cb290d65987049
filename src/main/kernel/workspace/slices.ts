import { setImmediate as nextTurn } from 'node:timers/promises'

/**
 * Synchronous file calls are ten times cheaper than asynchronous ones, but must not hold the event loop. Call `pause()` between
 * items: it gives the loop a turn after `maxMs` of work, and throws AbortError when the signal has fired.
 */
export class Slices {
  readonly #signal: AbortSignal | undefined
  readonly #maxMs: number
  #start = performance.now()

  constructor(signal?: AbortSignal, maxMs = 8) {
    this.#signal = signal
    this.#maxMs = maxMs
  }

  /** True when it is time to `await rest()`; cheap enough for every item. */
  due(): boolean {
    return performance.now() - this.#start > this.#maxMs
  }

  async rest(): Promise<void> {
    this.#signal?.throwIfAborted()
    await nextTurn()
    this.#signal?.throwIfAborted()
    this.#start = performance.now()
  }
}
