import { createStore, type StoreApi } from 'zustand/vanilla'
import type { MethodResult } from '../../shared/contract/methods'
import { toFailure, type Failure } from '../../shared/failure'
import type { KernelLink } from './kernel-link'

export type PendingRequest = MethodResult<'humans.list'>[number]

export interface Inbox {
  readonly status: 'loading' | 'ready' | 'failed'
  readonly failure: Failure | null
  /** Oldest first: what has waited longest is answered first. */
  readonly requests: readonly PendingRequest[]
}

export interface InboxStore {
  readonly store: StoreApi<Inbox>
  refresh(): Promise<void>
}

export function createInboxStore(link: KernelLink): InboxStore {
  const store = createStore<Inbox>(() => ({ status: 'loading', failure: null, requests: [] }))
  let asked = 0

  async function refresh(): Promise<void> {
    asked += 1
    const mine = asked
    try {
      const requests = await link.call('humans.list', {})
      if (mine === asked) store.setState({ status: 'ready', failure: null, requests: requests.toSorted((a, b) => a.atMs - b.atMs) })
    } catch (thrown) {
      if (mine === asked) store.setState({ status: 'failed', failure: toFailure(thrown) })
    }
  }

  link.on('humans.changed', () => void refresh())
  return { store, refresh }
}
