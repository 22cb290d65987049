import type { NetworkRequest } from '../../../../../shared/frames'

type Decided = Omit<NetworkRequest, 'count'>

/** A program that walks through names must not fill the memory or a frame. */
const MAX_ENTRIES = 1000

/** What a branch's proxy decided since it was last asked, equal requests together. */
export class RequestLog {
  #entries = new Map<string, NetworkRequest>()

  add(decided: Decided): void {
    const entry = this.#entries.get(keyOf(decided)) === undefined && this.#entries.size >= MAX_ENTRIES ? others(decided) : decided
    const key = keyOf(entry)
    this.#entries.set(key, { ...entry, count: (this.#entries.get(key)?.count ?? 0) + 1 })
  }

  /** In the order in which they were first seen. */
  drain(): NetworkRequest[] {
    const drained = [...this.#entries.values()]
    this.#entries = new Map()
    return drained
  }
}

function keyOf({ host, port, address, allowed, reason }: Decided): string {
  return JSON.stringify([host, port, address, allowed, reason])
}

function others({ allowed }: Decided): Decided {
  return { host: '(others)', port: 0, address: null, allowed, reason: `More than ${MAX_ENTRIES} different requests: the rest together.` }
}
