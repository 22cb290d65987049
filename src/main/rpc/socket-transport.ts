import type { Socket } from 'node:net'
import type { PausableTransport } from '../../shared/contract/transport'
import { encodeFrame, FrameDecoder } from './framing'

/** A transport over a stream socket (unix socket), length-framed. Owns the socket from here on. */
export function createSocketTransport(socket: Socket): PausableTransport {
  const decoder = new FrameDecoder()
  let isClosed = false
  let messageListener: (text: string) => void = () => undefined
  let drainListener: () => void = () => undefined
  let closeListener: (reason: string) => void = () => undefined

  const end = (reason: string): void => {
    if (isClosed) return
    isClosed = true
    socket.destroy()
    closeListener(reason)
  }

  socket.on('data', (chunk) => {
    if (isClosed) return
    let texts: string[]
    try {
      texts = decoder.push(Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk))
    } catch (thrown) {
      if (thrown instanceof RangeError) return end(`The other end sent ${thrown.message}.`)
      if (thrown instanceof TypeError) return end('The other end sent bytes that are not UTF-8.')
      throw thrown
    }
    for (const text of texts) if (!isClosed) messageListener(text)
  })
  socket.on('drain', () => drainListener())
  socket.on('error', (error) => end(`The socket failed: ${error.message}`))
  socket.on('close', () => end('The other end closed the connection.'))

  return {
    send(text) {
      if (!isClosed) socket.write(encodeFrame(text))
    },
    get queuedBytes() {
      return socket.writableLength
    },
    onMessage: (listener) => void (messageListener = listener),
    onDrain: (listener) => void (drainListener = listener),
    onClose: (listener) => void (closeListener = listener),
    close(reason) {
      if (isClosed) return
      // What was queued before the close (the failure that explains it) still goes out.
      isClosed = true
      socket.end()
      const timer = setTimeout(() => socket.destroy(), LINGER_MS)
      timer.unref()
      socket.once('close', () => clearTimeout(timer))
      closeListener(reason)
    },
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
  }
}

const LINGER_MS = 500
