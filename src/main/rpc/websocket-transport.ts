import type { WebSocket } from 'ws'
import type { PausableTransport } from '../../shared/contract/transport'

const POLICY_VIOLATION = 1008
/** RFC 6455: a close frame carries at most 123 bytes of reason. */
const REASON_BYTES = 123

/** A transport over a server-side WebSocket. The size of a message is limited by the server's `maxPayload`. */
export function createWebSocketTransport(socket: WebSocket): PausableTransport {
  let isClosed = false
  let messageListener: (text: string) => void = () => undefined
  let drainListener: () => void = () => undefined
  let closeListener: (reason: string) => void = () => undefined

  const end = (reason: string): void => {
    if (isClosed) return
    isClosed = true
    closeListener(reason)
  }

  const transport: PausableTransport = {
    send(text) {
      if (isClosed) return
      socket.send(text, (error) => {
        if (error === undefined || error === null) drainListener()
        else end(`The socket failed: ${error.message}`)
      })
    },
    get queuedBytes() {
      return socket.bufferedAmount
    },
    onMessage: (listener) => void (messageListener = listener),
    onDrain: (listener) => void (drainListener = listener),
    onClose: (listener) => void (closeListener = listener),
    close(reason) {
      if (isClosed) return
      end(reason)
      socket.close(POLICY_VIOLATION, Buffer.from(reason).subarray(0, REASON_BYTES).toString())
      const timer = setTimeout(() => socket.terminate(), LINGER_MS)
      timer.unref()
      socket.once('close', () => clearTimeout(timer))
    },
    pause: () => socket.pause(),
    resume: () => socket.resume(),
  }

  socket.on('message', (data, isBinary) => {
    if (isClosed) return
    if (isBinary) return transport.close('A message was not text.')
    messageListener(Array.isArray(data) ? Buffer.concat(data).toString() : Buffer.from(data as Buffer).toString())
  })
  socket.on('error', (error) => end(`The socket failed: ${error.message}`))
  socket.on('close', (code, reason) => end(reason.length > 0 ? reason.toString() : `The other end closed the connection (${code}).`))
  return transport
}

const LINGER_MS = 500
