import type { BreakpointHit } from '../../../shared/breakpoints'
import { KeyframeError } from '../../../shared/failure'

/** The run is to end now; its program is left by this exception and the run is recorded as cancelled. */
export class RunCancelled extends Error {
  override readonly name = 'RunCancelled'
}

/** The kernel is closing: nothing more is recorded, the run goes on when it is resumed. */
export class RunSuspended extends Error {
  override readonly name = 'RunSuspended'
}

/**
 * What people and the kernel tell a running run: pause, step, go on, stop. All its branches obey the same one. Each tick
 * passes the gate.
 */
export class RunControl {
  #paused = false
  #stoppedAt: BreakpointHit | null = null
  #steps = 0
  #end: RunCancelled | RunSuspended | null = null
  #wake: (() => void)[] = []
  #call = new AbortController()
  readonly #life = new AbortController()

  get paused(): boolean {
    return this.#paused
  }

  /** The breakpoint that paused it, until somebody lets it go on. */
  get stoppedAt(): BreakpointHit | null {
    return this.#stoppedAt
  }

  get ended(): RunCancelled | RunSuspended | null {
    return this.#end
  }

  /** Aborts when the run ends, for whatever reason. */
  get life(): AbortSignal {
    return this.#life.signal
  }

  /** Aborts when the run ends or a person interrupts the calls that are under way. */
  get call(): AbortSignal {
    return AbortSignal.any([this.#call.signal, this.#life.signal])
  }

  pause(): void {
    this.#paused = true
  }

  /** Pauses because of a breakpoint. False when one already did: the first is what the run stands at. */
  stopAt(hit: BreakpointHit): boolean {
    this.#paused = true
    this.#steps = 0
    if (this.#stoppedAt !== null) return false
    this.#stoppedAt = hit
    return true
  }

  interrupt(): void {
    this.#paused = true
    this.#call.abort(new KeyframeError({ code: 'cancelled', message: 'Interrupted by a person.' }))
    this.#call = new AbortController()
  }

  resume(): void {
    this.#paused = false
    this.#stoppedAt = null
    this.#steps = 0
    this.#wakeAll()
  }

  step(): void {
    this.#paused = true
    this.#stoppedAt = null
    this.#steps += 1
    this.#wakeAll()
  }

  /** Idempotent: the first reason stays. */
  stop(reason: RunCancelled | RunSuspended): void {
    if (this.#end !== null) return
    this.#end = reason
    this.#life.abort(reason)
    this.#wakeAll()
  }

  /** Resolves when one tick may go on. Throws what `stop` was given. */
  async gate(): Promise<void> {
    for (;;) {
      if (this.#end !== null) throw this.#end
      if (!this.#paused) return
      if (this.#steps > 0) {
        this.#steps -= 1
        return
      }
      await new Promise<void>((resolve) => this.#wake.push(resolve))
    }
  }

  #wakeAll(): void {
    const wake = this.#wake
    this.#wake = []
    for (const one of wake) one()
  }
}
