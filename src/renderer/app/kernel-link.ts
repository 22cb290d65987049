import { createStore, type StoreApi } from 'zustand/vanilla'
import {
  PROTOCOL,
  type EventData,
  type EventName,
  type MethodName,
  type MethodParams,
  type MethodResult,
} from '../../shared/contract/methods'
import type { CancelSignal, KernelClient } from '../../shared/contract/service'
import { KeyframeError, toFailure, type Failure } from '../../shared/failure'

export interface LinkState {
  readonly phase: 'connecting' | 'live' | 'lost'
  /** Why the connection is lost; null while it lives. */
  readonly failure: Failure | null
  /** Process id of the kernel of this connection. */
  readonly pid: number | null
  readonly version: string | null
  /** When the next attempt is made, as milliseconds from the loss; null while connected. */
  readonly retryInMs: number | null
}

/** `restarted` is true when another kernel process answers than before the loss: nothing that was fetched holds any more. */
export type LiveListener = (change: { readonly first: boolean; readonly restarted: boolean }) => void

/** The window's one connection: survives losses by connecting again, so that subscribers register once. */
export interface KernelLink {
  readonly state: StoreApi<LinkState>
  call<M extends MethodName>(method: M, params: MethodParams<M>, options?: { signal?: CancelSignal }): Promise<MethodResult<M>>
  on<E extends EventName>(event: E, listener: (data: EventData<E>) => void): () => void
  /** Called after each (re)connection; the receiver fetches what it mirrors again. */
  onLive(listener: LiveListener): () => void
  start(): void
  retryNow(): void
}

const FIRST_RETRY_MS = 300
const LAST_RETRY_MS = 5_000

type Attach = (client: KernelClient) => () => void

export function createKernelLink(connect: () => Promise<KernelClient>): KernelLink {
  const state = createStore<LinkState>(() => ({ phase: 'connecting', failure: null, pid: null, version: null, retryInMs: null }))
  const attachments = new Map<Attach, (() => void) | null>()
  const liveListeners = new Set<LiveListener>()
  let client: KernelClient | null = null
  let timer: ReturnType<typeof setTimeout> | null = null
  let retryMs = FIRST_RETRY_MS
  let connectedBefore = false
  let attempting = false

  async function attempt(): Promise<void> {
    if (attempting || client !== null) return
    attempting = true
    try {
      const next = await connect()
      const hello = await next.call('kernel.hello', { protocol: PROTOCOL })
      adopt(next, hello.pid, hello.version)
    } catch (thrown) {
      lose(toFailure(thrown))
    } finally {
      attempting = false
    }
  }

  function adopt(next: KernelClient, pid: number, version: string): void {
    const restarted = connectedBefore && state.getState().pid !== pid
    client = next
    retryMs = FIRST_RETRY_MS
    for (const attach of attachments.keys()) attachments.set(attach, attach(next))
    state.setState({ phase: 'live', failure: null, pid, version, retryInMs: null })
    const first = !connectedBefore
    connectedBefore = true
    for (const listener of liveListeners) listener({ first, restarted })
    void next.closed.then((reason) => {
      if (client === next) lose({ code: 'connection.lost', message: `The connection to the kernel was lost: ${reason}.`, retryable: true })
    })
  }

  function lose(failure: Failure): void {
    client = null
    state.setState({ phase: 'lost', failure, retryInMs: retryMs })
    timer = setTimeout(() => void attempt(), retryMs)
    retryMs = Math.min(retryMs * 2, LAST_RETRY_MS)
  }

  return {
    state,
    async call(method, params, options) {
      if (client === null) {
        throw new KeyframeError({
          code: 'connection.lost',
          message: 'The kernel is not connected.',
          action: 'Wait for the connection, then try again.',
          retryable: true,
        })
      }
      return client.call(method, params, options)
    },
    on(event, listener) {
      const attach: Attach = (to) => to.on(event, listener)
      attachments.set(attach, client === null ? null : attach(client))
      return () => {
        attachments.get(attach)?.()
        attachments.delete(attach)
      }
    },
    onLive(listener) {
      liveListeners.add(listener)
      return () => liveListeners.delete(listener)
    },
    start: () => void attempt(),
    retryNow() {
      if (timer !== null) clearTimeout(timer)
      retryMs = FIRST_RETRY_MS
      void attempt()
    },
  }
}
