import type { KeyframeBridge } from '../../shared/contract/bridge'
import { BRIDGE_KERNEL_DOWN, BRIDGE_PORT } from '../../shared/contract/bridge'
import { createPortTransport, type Transport } from '../../shared/contract/transport'
import { KeyframeError } from '../../shared/failure'

declare global {
  interface Window {
    /** Present under Electron only; see the preload. */
    readonly keyframe?: KeyframeBridge
  }
}

const PORT_TIMEOUT_MS = 60_000

export function findBridge(): KeyframeBridge | null {
  return window.keyframe ?? null
}

/** Asks Electron's main process for a port to the kernel; while the kernel is being restarted the answer is late. */
export function connectBridge(bridge: KeyframeBridge): Promise<Transport> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => finish(() => reject(noPort())), PORT_TIMEOUT_MS)
    const receive = (event: MessageEvent<unknown>): void => {
      const port = event.ports[0]
      if (event.source !== window || event.data !== BRIDGE_PORT || port === undefined) return
      finish(() => resolve(portTransport(port)))
    }
    const finish = (then: () => void): void => {
      clearTimeout(timer)
      window.removeEventListener('message', receive)
      then()
    }
    window.addEventListener('message', receive)
    bridge.requestPort()
  })
}

function portTransport(port: MessagePort): Transport {
  let closeListener: () => void = () => undefined
  const onDown = (event: MessageEvent<unknown>): void => {
    if (event.source !== window || event.data !== BRIDGE_KERNEL_DOWN) return
    window.removeEventListener('message', onDown)
    port.close()
    closeListener()
  }
  window.addEventListener('message', onDown)
  const transport = createPortTransport({
    post: (data) => port.postMessage(data),
    onMessage: (listener) => port.addEventListener('message', (event) => listener(event.data)),
    onClose(listener) {
      closeListener = listener
      port.addEventListener('close', listener)
    },
    close: () => port.close(),
  })
  port.start()
  return transport
}

function noPort(): KeyframeError {
  return new KeyframeError({
    code: 'connection.failed',
    message: 'The kernel did not start in time.',
    action: 'Restart Keyframe; if it stays so, run `keyframe doctor`.',
    retryable: true,
  })
}
