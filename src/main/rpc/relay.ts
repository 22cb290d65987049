import type { PausableTransport } from '../../shared/contract/transport'

const HOLD_BACK_ABOVE_BYTES = 1024 * 1024

/**
 * Passes messages between two transports unread. When one end is slow the other is not read any more, so that the
 * backlog stays with the kernel, which knows how to drop events and ask for a resync.
 */
export function relay(a: PausableTransport, b: PausableTransport): void {
  forward(a, b)
  forward(b, a)
}

function forward(from: PausableTransport, to: PausableTransport): void {
  let isHeldBack = false
  from.onMessage((text) => {
    to.send(text)
    if (isHeldBack || to.queuedBytes <= HOLD_BACK_ABOVE_BYTES) return
    isHeldBack = true
    from.pause()
  })
  to.onDrain(() => {
    if (!isHeldBack || to.queuedBytes > HOLD_BACK_ABOVE_BYTES / 4) return
    isHeldBack = false
    from.resume()
  })
  from.onClose((reason) => to.close(reason))
}
