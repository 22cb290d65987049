import { KeyframeError } from '../../../shared/failure'
import type { PortRange } from './sandboxes/sandbox'

/** Below the ranges from which Linux (32768 and up) and IANA (49152 and up) give ports to clients. */
const FIRST_PORT = 20_000
const LAST_PORT = 31_999
const PORTS_EACH = 20

/** Hands each open branch ports of its own, so that the same build started in two branches does not collide where the network is shared. */
export class PortRanges {
  readonly #used = new Set<number>()

  /** Throws `sandbox.no-ports` when more branches are open than there are ranges. */
  take(): { readonly range: PortRange; release(): void } {
    for (let first = FIRST_PORT; first + PORTS_EACH - 1 <= LAST_PORT; first += PORTS_EACH) {
      if (this.#used.has(first)) continue
      this.#used.add(first)
      return { range: { first, last: first + PORTS_EACH - 1 }, release: () => void this.#used.delete(first) }
    }
    throw new KeyframeError({
      code: 'sandbox.no-ports',
      message: `All ${this.#used.size} port ranges are in use.`,
      action: 'End some branches first.',
      retryable: true,
    })
  }
}
