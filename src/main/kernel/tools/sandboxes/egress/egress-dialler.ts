import { lookup as lookupName } from 'node:dns/promises'
import { connect, type Socket } from 'node:net'
import type { EgressGate } from '../sandbox'
import { canonicalAddress, type Authority } from './authority'
import { ConnectionSlots, type Slot } from './connection-slots'
import type { EgressLimits } from './egress-limits'
import type { RequestLog } from './request-log'

/** What became of a wish to connect. The caller owns an open socket. */
export type Dialled =
  | { readonly kind: 'connected'; readonly socket: Socket }
  | { readonly kind: 'denied'; readonly reason: string }
  | { readonly kind: 'failed'; readonly status: 502 | 503 | 504; readonly reason: string }

/** Whether some address of a name might be permitted. Never throws. */
export type NameGate = (host: string, port: number) => ReturnType<EgressGate>

export interface DiallerOptions {
  readonly gate: EgressGate
  readonly mayResolve: NameGate | undefined
  readonly lookup: ((host: string) => Promise<string[]>) | undefined
  readonly limits: EgressLimits
  readonly log: RequestLog
}

/**
 * Resolves a name once, asks about each of its addresses in turn and connects to the first permitted one that answers: to that
 * address itself, so that what a name service says a moment later plays no part. Addresses that are not permitted are passed over.
 */
export class EgressDialler {
  readonly #options: DiallerOptions
  readonly #slots: ConnectionSlots

  constructor(options: DiallerOptions) {
    this.#options = options
    this.#slots = new ConnectionSlots(options.limits.maxConnections)
  }

  async dial(authority: Authority): Promise<Dialled> {
    const { host, port } = authority
    const named = authority.literal === null ? this.#options.mayResolve?.(host, port) : undefined
    if (named?.allowed === false) {
      this.#options.log.add({ host, port, address: null, ...named })
      return { kind: 'denied', reason: named.reason }
    }
    const found = authority.literal === null ? await this.#resolve(authority.host) : { addresses: [authority.literal] }
    if (found.addresses.length === 0) {
      const verdict = this.#decide(authority, null)
      if (!verdict.allowed) return { kind: 'denied', reason: verdict.reason }
      return { kind: 'failed', status: 502, reason: found.failure ?? 'The name has no address.' }
    }
    let outcome: Dialled | null = null
    for (const address of found.addresses) {
      const verdict = this.#decide(authority, address)
      if (!verdict.allowed) {
        outcome ??= { kind: 'denied', reason: verdict.reason }
        continue
      }
      outcome = await this.#connect(authority, address)
      if (outcome.kind === 'connected') return outcome
    }
    return outcome ?? { kind: 'failed', status: 502, reason: 'The name has no address.' }
  }

  #decide({ host, port }: Authority, address: string | null): ReturnType<EgressGate> {
    const verdict = this.#options.gate({ host, port, address })
    this.#options.log.add({ host, port, address, ...verdict })
    return verdict
  }

  async #resolve(host: string): Promise<{ addresses: string[]; failure?: string }> {
    const { lookup = systemLookup, limits } = this.#options
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error('the name service did not answer in time')), limits.lookupMs)
    })
    try {
      const found = await Promise.race([lookup(host), late])
      return { addresses: [...new Set(found.flatMap((address) => canonicalAddress(address) ?? []))] }
    } catch (cause) {
      // Whatever a name service says is the client's to know, as a failed request.
      return { addresses: [], failure: `The name could not be resolved: ${cause instanceof Error ? cause.message : String(cause)}.` }
    } finally {
      clearTimeout(timer)
    }
  }

  /** What was permitted before the wait may have been revoked meanwhile, so it is asked about again. */
  async #queue(authority: Authority, address: string): Promise<Slot | Dialled> {
    const slot = await this.#slots.take(this.#options.limits.queueMs)
    if (slot === null) return { kind: 'failed', status: 503, reason: 'The branch has too many connections open.' }
    const { host, port } = authority
    const verdict = this.#options.gate({ host, port, address })
    if (verdict.allowed) return slot
    slot.give()
    this.#options.log.add({ host, port, address, ...verdict })
    return { kind: 'denied', reason: verdict.reason }
  }

  async #connect(authority: Authority, address: string): Promise<Dialled> {
    const { limits } = this.#options
    const slot = this.#slots.tryTake() ?? (await this.#queue(authority, address))
    if ('kind' in slot) return slot
    const socket = connect({ host: address, port: authority.port, allowHalfOpen: true, noDelay: true })
    socket.once('close', slot.give)
    return new Promise((resolve) => {
      const fail = (status: 502 | 504, reason: string): void => {
        socket.destroy()
        resolve({ kind: 'failed', status, reason })
      }
      const onError = (cause: Error): void => fail(502, `No connection: ${cause.message}.`)
      socket.once('error', onError)
      socket.setTimeout(limits.connectMs, () => fail(504, 'The host did not answer in time.'))
      socket.once('connect', () => {
        socket.off('error', onError)
        socket.removeAllListeners('timeout')
        socket.setTimeout(limits.idleMs, () => socket.destroy(new Error('nothing was sent for too long')))
        resolve({ kind: 'connected', socket })
      })
    })
  }
}

async function systemLookup(host: string): Promise<string[]> {
  return (await lookupName(host, { all: true })).map(({ address }) => address)
}
