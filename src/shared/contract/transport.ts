/**
 * One end of an ordered, reliable channel of texts; each text is one message of the contract. What carries it
 * (MessagePort, WebSocket, unix socket) is the only thing that differs between hosts.
 *
 * Listeners are set once, directly after construction, by the one owner of the transport.
 */
export interface Transport {
  /** Queues a text; never blocks and never throws. A text sent after the close is dropped. */
  send(text: string): void
  /** Bytes that were sent and not yet taken by the other end, as far as the carrier can tell. */
  readonly queuedBytes: number
  onMessage(listener: (text: string) => void): void
  /** Called whenever `queuedBytes` has gone down. */
  onDrain(listener: () => void): void
  /** Called exactly once, with a sentence that says why. */
  onClose(listener: (reason: string) => void): void
  close(reason: string): void
}

/** A transport whose reading side can be held back, so that the sender's queue grows instead of ours. */
export interface PausableTransport extends Transport {
  pause(): void
  resume(): void
}

/** The part of a message port that Electron's MessagePortMain and the DOM's MessagePort have in common. */
export interface PortLike {
  post(data: unknown): void
  onMessage(listener: (data: unknown) => void): void
  onClose(listener: () => void): void
  close(): void
}

/** A port accepts without end; acknowledgements, sent after this many bytes, are what makes its queue measurable. */
const ACKNOWLEDGE_EVERY_BYTES = 64 * 1024

/**
 * A transport over a message port. Texts travel as strings, acknowledgements as numbers (units taken so far). One
 * unit is one UTF-16 code unit: exact byte counts do not matter for the bound.
 */
export function createPortTransport(port: PortLike): PausableTransport {
  let sent = 0
  let acknowledged = 0
  let received = 0
  let reported = 0
  let isClosed = false
  let held: string[] | null = null
  let messageListener: (text: string) => void = () => undefined
  let drainListener: () => void = () => undefined
  let closeListener: (reason: string) => void = () => undefined

  const end = (reason: string): void => {
    if (isClosed) return
    isClosed = true
    closeListener(reason)
  }

  /** What is held back is not acknowledged, so that the sender sees it as its own backlog. */
  const take = (text: string): void => {
    received += text.length
    messageListener(text)
    if (received - reported < ACKNOWLEDGE_EVERY_BYTES) return
    reported = received
    port.post(received)
  }

  port.onMessage((data) => {
    if (isClosed) return
    if (typeof data === 'number') {
      if (data > sent || data < acknowledged) return transport.close('The other end acknowledged more than it was sent.')
      acknowledged = data
      return drainListener()
    }
    if (typeof data !== 'string') return transport.close('A message was not text.')
    if (held === null) take(data)
    else held.push(data)
  })
  port.onClose(() => end('The other end closed the connection.'))

  const transport: PausableTransport = {
    send(text) {
      if (isClosed) return
      sent += text.length
      port.post(text)
    },
    get queuedBytes() {
      // What the receiver has taken but not yet acknowledged is not a backlog.
      return Math.max(0, sent - acknowledged - ACKNOWLEDGE_EVERY_BYTES)
    },
    onMessage: (listener) => void (messageListener = listener),
    onDrain: (listener) => void (drainListener = listener),
    onClose: (listener) => void (closeListener = listener),
    close(reason) {
      if (isClosed) return
      port.close()
      end(reason)
    },
    pause: () => void (held ??= []),
    resume() {
      const texts = held ?? []
      held = null
      for (const text of texts) if (!isClosed) take(text)
    },
  }
  return transport
}
