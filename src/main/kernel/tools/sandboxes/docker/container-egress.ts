import { join } from 'node:path'
import type { NetworkRequest } from '../../../../../shared/frames'
import { KeyframeError } from '../../../../../shared/failure'
import { EGRESS_RELAY } from '../../guest/guest-binds'
import { RELAY_PORT } from '../branch-egress'
import { EGRESS_FOLDER } from '../branch-folders'
import { startEgressProxy, type EgressProxy } from '../egress/egress-proxy'
import { GUEST_NODE, GUEST_PROXY_SOCKET } from '../guest-view'
import type { EgressGate } from '../sandbox'
import type { Container } from './container'
import { startCommand, type ContainerCommand } from './container-command'
import type { EngineClient } from './engine-client'

const READY_MS = 20_000

/** The proxy outside, on a socket that is mounted into the container, and the relay inside that carries connections to it. */
export class ContainerEgress {
  readonly socketPath: string
  readonly #proxy: EgressProxy
  #relay: ContainerCommand | null = null
  #starting: Promise<void> | null = null

  private constructor(socketPath: string, proxy: EgressProxy) {
    this.socketPath = socketPath
    this.#proxy = proxy
  }

  /** `dir`: the branch's folder, with its private folder for the socket. */
  static async open(dir: string, gate: EgressGate): Promise<ContainerEgress> {
    const socketPath = join(dir, EGRESS_FOLDER, 'proxy.sock')
    return new ContainerEgress(socketPath, await startEgressProxy({ socketPath, gate }))
  }

  drain(): NetworkRequest[] {
    return this.#proxy.drain()
  }

  /** The relay's supervisor, as the system numbers it; zero while there is none. */
  get relay(): number {
    return this.#relay?.supervisor() ?? 0
  }

  /** Starts the relay when it is not running. Throws `sandbox.no-egress` when it does not come up. */
  async ensureRelay(engine: EngineClient, container: Container): Promise<void> {
    if (this.#relay !== null) return
    this.#starting ??= this.#start(engine, container).finally(() => {
      this.#starting = null
    })
    await this.#starting
  }

  /** The relay ends with the container. */
  close(): Promise<void> {
    return this.#proxy.close()
  }

  async #start(engine: EngineClient, container: Container): Promise<void> {
    const relay = await startCommand(engine, container, {
      argv: [GUEST_NODE, EGRESS_RELAY, GUEST_PROXY_SOCKET, `${RELAY_PORT}`],
      cwd: '/',
      env: {},
      stdin: 'pipe',
      terminal: null,
    })
    let complaint = ''
    relay.stderr.on('data', (chunk: Buffer) => {
      if (complaint.length < 4096) complaint += chunk.toString('utf8')
    })
    await new Promise<void>((resolve, reject) => {
      const fail = (reason: string): void => {
        relay.kill()
        reject(
          new KeyframeError({
            code: 'sandbox.no-egress',
            message: `The relay of the sandbox's proxy could not be started: ${complaint.trim() || reason}.`,
            action: 'Run `npm run -s keyframe -- doctor` to see what the engine does not allow.',
            retryable: true,
          }),
        )
      }
      const timer = setTimeout(() => fail('it does not answer'), READY_MS)
      // One that ends later is started again for the next command.
      const ended = (reason: string): void => {
        clearTimeout(timer)
        if (this.#relay === relay) this.#relay = null
        fail(reason)
      }
      relay.exited.then(
        (code) => ended(`it ended with code ${code}`),
        (cause: unknown) => ended(String(cause)),
      )
      relay.stdout.on('data', (chunk: Buffer) => {
        if (!chunk.includes('ready')) return
        clearTimeout(timer)
        this.#relay = relay
        resolve()
      })
    })
  }
}
