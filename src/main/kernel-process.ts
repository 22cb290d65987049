import { createPortTransport } from '../shared/contract/transport'
import { toFailure } from '../shared/failure'
import { keyframeHome } from './cli/home'
import { openKernel } from './kernel/kernel'
import { accessKernel } from './rpc/kernel-access'

/**
 * The kernel under Electron: a utility process that owns one workspace and serves each port it is handed. It talks to
 * Electron's main process through `process.parentPort` alone: `connect` with a port, `close`.
 */
const [root, appRoot] = process.argv.slice(2)
if (root === undefined || appRoot === undefined) throw new Error('usage: kernel-process ROOT APP_ROOT')

const log = (line: string): void => void process.stderr.write(`${line}\n`)
const access = accessKernel(() => openKernel({ root, home: keyframeHome(), appRoot, nodePath: process.execPath, upgradeCalls: true, log }))
access.catch((thrown: unknown) => {
  const failure = toFailure(thrown)
  log(`${failure.code}: ${failure.message} ${failure.action ?? ''}`)
  process.exit(1)
})

process.parentPort.on('message', ({ data, ports }) => {
  if (isMessage(data, 'close')) return void access.then((kernel) => kernel.close()).finally(() => process.exit(0))
  const port = ports[0]
  if (!isMessage(data, 'connect') || port === undefined) return log('kernel process: a message that is not known was ignored')
  const transport = createPortTransport({
    post: (message) => port.postMessage(message),
    onMessage: (listener) => void port.on('message', (event) => listener(event.data)),
    onClose: (listener) => void port.on('close', listener),
    close: () => port.close(),
  })
  void access.then((kernel) => {
    kernel.attach(transport)
    // Messages that arrived before the kernel was open wait in the port until now.
    port.start()
  })
})

function isMessage(data: unknown, type: string): boolean {
  return typeof data === 'object' && data !== null && 'type' in data && data.type === type
}
