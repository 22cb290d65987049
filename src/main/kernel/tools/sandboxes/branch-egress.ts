import { join } from 'node:path'
import type { NetworkRequest } from '../../../../shared/frames'
import { KeyframeError } from '../../../../shared/failure'
import { EGRESS_RELAY } from '../guest/guest-binds'
import { EGRESS_FOLDER } from './branch-folders'
import { startEgressProxy, type EgressProxy } from './egress/egress-proxy'
import { GUEST_NODE, GUEST_PROXY_SOCKET } from './guest-view'
import { childrenOf, hasEnded } from './process-tree'
import type { EgressGate } from './sandbox'
import { launch, type LaunchContext, type Launched } from './sandbox-launch'

const SOCKET_NAME = 'proxy.sock'
export const RELAY_PORT = 3128
const PROXY_URL = `http://127.0.0.1:${RELAY_PORT}`
const READY_MS = 20_000

const LOCAL = 'localhost,127.0.0.1,::1'

/** Variables that make ordinary clients use the proxy. */
export const PROXY_VARIABLES: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY'].flatMap((name) => [name, name.toLowerCase()].map((key) => [key, PROXY_URL])),
  ),
  NO_PROXY: LOCAL,
  no_proxy: LOCAL,
  npm_config_proxy: PROXY_URL,
  npm_config_https_proxy: PROXY_URL,
  npm_config_noproxy: LOCAL,
  // Node's own fetch looks at the variables only when it is told to.
  NODE_USE_ENV_PROXY: '1',
}

/**
 * A branch's way to the network: the proxy outside, which decides, and a relay inside, which carries connections of the branch's
 * loopback to the proxy's socket. The relay runs in a process namespace of its own, so that no command can reach it.
 */
export class BranchEgress {
  readonly #proxy: EgressProxy
  #relay: { launched: Launched; ended: Promise<void> } | null = null
  #starting: Promise<void> | null = null
  #isClosed = false

  private constructor(proxy: EgressProxy) {
    this.#proxy = proxy
  }

  /** `dir`: the branch's folder, with its private folder for the socket. */
  static async open(dir: string, gate: EgressGate): Promise<BranchEgress> {
    return new BranchEgress(await startEgressProxy({ socketPath: join(dir, EGRESS_FOLDER, SOCKET_NAME), gate }))
  }

  /** Below the branch's folder. */
  static readonly socket = `${EGRESS_FOLDER}/${SOCKET_NAME}`

  drain(): NetworkRequest[] {
    return this.#proxy.drain()
  }

  /** The relay's first process; zero while there is none. */
  get relayInside(): number {
    return this.#relay?.launched.firstInside() ?? 0
  }

  /** Starts the relay when it is not running. Throws `sandbox.no-egress` when it does not come up. */
  async ensureRelay(context: LaunchContext): Promise<void> {
    if (this.#starting === null && this.#relay !== null && !isServing(this.#relay.launched)) await this.#relay.ended
    if (this.#starting === null && (this.#relay !== null || this.#isClosed)) return
    this.#starting ??= this.#start(context).finally(() => {
      this.#starting = null
    })
    await this.#starting
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await this.#starting?.catch(() => undefined)
    this.#relay?.launched.killTree()
    await this.#relay?.ended
    await this.#proxy.close()
  }

  async #start(context: LaunchContext): Promise<void> {
    const argv = [GUEST_NODE, EGRESS_RELAY, GUEST_PROXY_SOCKET, `${RELAY_PORT}`]
    const { child, launched } = launch(context, { argv, cwd: '/', env: { PATH: '/usr/bin:/bin' } }, 'pipe')
    let complaint = ''
    child.stderr?.on('data', (chunk: Buffer) => {
      if (complaint.length < 4096) complaint += chunk.toString('utf8')
    })
    child.stdin?.on('error', () => undefined)
    const closed = new Promise<void>((resolve) => child.once('close', () => resolve()))
    const ended = closed
      .then(() => launched.gone())
      .then(() => launched.clear())
      .finally(() => {
        this.#relay = null
      })
    // Whoever closes waits for it; one that ends by itself is started again for the next command.
    ended.catch((thrown: unknown) => process.emitWarning(`The relay of a sandbox's proxy did not end: ${String(thrown)}`))
    this.#relay = { launched, ended }
    await new Promise<void>((resolve, reject) => {
      const fail = (reason: string): void => {
        launched.killTree()
        reject(
          new KeyframeError({
            code: 'sandbox.no-egress',
            message: `The relay of the sandbox's proxy could not be started: ${complaint.trim() || reason}.`,
            action: 'Run `npm run -s keyframe -- doctor` to see what the system does not allow.',
            retryable: true,
          }),
        )
      }
      const timer = setTimeout(() => fail('it does not answer'), READY_MS)
      child.once('error', (error) => fail(error.message))
      child.once('close', (code) => {
        clearTimeout(timer)
        fail(`it ended with code ${code}`)
      })
      child.stdout?.on('data', (chunk: Buffer) => {
        if (!chunk.includes('ready')) return
        clearTimeout(timer)
        resolve()
      })
    })
  }
}

/** bubblewrap's first process inside outlives the program by a moment. */
function isServing(launched: Launched): boolean {
  const first = launched.firstInside()
  return first !== 0 && childrenOf(first).some((pid) => !hasEnded(pid))
}
