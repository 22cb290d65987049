import type { Transport } from '../../shared/contract/transport'
import { KeyframeError } from '../../shared/failure'

/** How often the queue is looked at while it is not empty: a WebSocket tells nobody when it has drained. */
const DRAIN_CHECK_MS = 50

/** Connects to the web host that served this page. */
export function connectWebSocket(): Promise<Transport> {
  const socket = new WebSocket(`${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/kernel`)
  return new Promise((resolve, reject) => {
    socket.addEventListener('open', () => resolve(webSocketTransport(socket)), { once: true })
    socket.addEventListener('close', () => reject(notReached()), { once: true })
  })
}

function webSocketTransport(socket: WebSocket): Transport {
  let isClosed = false
  let timer: ReturnType<typeof setTimeout> | null = null
  let messageListener: (text: string) => void = () => undefined
  let drainListener: () => void = () => undefined
  let closeListener: (reason: string) => void = () => undefined

  const end = (reason: string): void => {
    if (isClosed) return
    isClosed = true
    if (timer !== null) clearTimeout(timer)
    closeListener(reason)
  }
  const watchDrain = (): void => {
    timer ??= setTimeout(() => {
      timer = null
      drainListener()
      if (socket.bufferedAmount > 0) watchDrain()
    }, DRAIN_CHECK_MS)
  }

  const transport: Transport = {
    send(text) {
      if (isClosed) return
      socket.send(text)
      watchDrain()
    },
    get queuedBytes() {
      return socket.bufferedAmount
    },
    onMessage: (listener) => void (messageListener = listener),
    onDrain: (listener) => void (drainListener = listener),
    onClose: (listener) => void (closeListener = listener),
    close(reason) {
      end(reason)
      socket.close()
    },
  }
  socket.addEventListener('message', (event: MessageEvent<unknown>) => {
    if (typeof event.data === 'string') messageListener(event.data)
    else transport.close('A message was not text.')
  })
  socket.addEventListener('close', (event) => end(event.reason === '' ? 'The kernel is gone.' : event.reason))
  return transport
}

function notReached(): KeyframeError {
  return new KeyframeError({
    code: 'connection.failed',
    message: 'The kernel cannot be reached.',
    action: 'Is `npm start` or `keyframe serve` still running? Start it again, then reload this page.',
    retryable: true,
  })
}
