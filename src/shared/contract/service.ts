import type { EventData, EventName, MethodName, MethodParams, MethodResult } from './methods'

/** The part of AbortSignal that both sides of the contract have; shared code knows neither the DOM nor Node. */
export interface CancelSignal {
  readonly aborted: boolean
  addEventListener(type: 'abort', listener: () => void, options?: { once?: boolean }): void
  removeEventListener(type: 'abort', listener: () => void): void
}

/** Identifies who is at the other end of a call: channels and subscriptions are closed with their connection. */
export interface Caller {
  readonly id: string
  readonly signal: CancelSignal
}

/**
 * What a kernel offers to hosts: every method of the contract, and its events. Calls may come from several connections
 * at once. Throws KeyframeError for expected failures; everything else is a fault and reaches the caller as `internal`.
 */
export interface KernelService {
  call<M extends MethodName>(method: M, params: MethodParams<M>, caller: Caller): Promise<MethodResult<M>>
  /** Returns the function that ends the subscription. `caller` narrows events that belong to one connection (lsp). */
  subscribe(listener: <E extends EventName>(event: E, data: EventData<E>) => void, caller: Caller): () => void
}

/** What a window or the CLI holds: the same, seen from the other side of a transport. */
export interface KernelClient {
  call<M extends MethodName>(method: M, params: MethodParams<M>, options?: { signal?: CancelSignal }): Promise<MethodResult<M>>
  on<E extends EventName>(event: E, listener: (data: EventData<E>) => void): () => void
  readonly closed: Promise<string>
  close(): void
}
