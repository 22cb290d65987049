import { KeyframeError } from '../failure'
import { ServerMessage } from './messages'
import { type EventData, type EventName, Events, type MethodName, type MethodParams, type MethodResult, Methods } from './methods'
import type { CancelSignal, KernelClient } from './service'
import type { Transport } from './transport'

interface Pending {
  readonly method: MethodName
  settle(result: { ok: true; value: unknown } | { ok: false; error: KeyframeError }): void
}

/**
 * The caller's half of the contract. Results and events are checked against their schemas; a message that does not fit
 * fails its call (`contract.bad-result`) or closes the connection, since after it nothing can be relied on.
 * After the close every call fails with `connection.closed`, which is retryable over a new connection.
 */
export function createClient(transport: Transport): KernelClient {
  let nextId = 0
  let closeReason: string | null = null
  const pending = new Map<number, Pending>()
  const listeners = new Map<EventName, Set<(data: never) => void>>()

  const closed = new Promise<string>((resolve) => {
    transport.onClose((reason) => {
      closeReason = reason
      const error = connectionClosed(reason)
      for (const call of pending.values()) call.settle({ ok: false, error })
      pending.clear()
      resolve(reason)
    })
  })

  transport.onMessage((text) => {
    const message = parseServerMessage(text)
    if (message === null) return transport.close('The kernel sent a message that is not part of the contract.')
    if (message.type === 'event') return deliver(message.event, message.data)
    const call = pending.get(message.id)
    if (call === undefined) return
    pending.delete(message.id)
    if (message.type === 'failure') return call.settle({ ok: false, error: new KeyframeError(message.failure) })
    const result = Methods[call.method].result.safeParse(message.result)
    if (result.success) call.settle({ ok: true, value: result.data })
    else call.settle({ ok: false, error: badResult(call.method, result.error.message) })
  })

  function deliver(event: string, data: unknown): void {
    // An event of a newer kernel that this client does not know is no fault.
    if (!isEventName(event)) return
    const parsed = Events[event].safeParse(data)
    if (!parsed.success) return transport.close(`The kernel sent a ${event} event that does not fit its schema: ${parsed.error.message}`)
    for (const listener of [...(listeners.get(event) ?? [])]) listener(parsed.data as never)
  }

  function call<M extends MethodName>(method: M, params: MethodParams<M>, options?: { signal?: CancelSignal }): Promise<MethodResult<M>> {
    if (closeReason !== null) return Promise.reject(connectionClosed(closeReason))
    const signal = options?.signal
    if (signal?.aborted === true) return Promise.reject(cancelled())
    const id = nextId
    nextId += 1
    return new Promise<MethodResult<M>>((resolve, reject) => {
      const cancel = (): void => {
        pending.delete(id)
        transport.send(JSON.stringify({ type: 'cancel', id }))
        reject(cancelled())
      }
      signal?.addEventListener('abort', cancel, { once: true })
      pending.set(id, {
        method,
        settle(result) {
          signal?.removeEventListener('abort', cancel)
          if (result.ok) resolve(result.value as MethodResult<M>)
          else reject(result.error)
        },
      })
      transport.send(JSON.stringify({ type: 'call', id, method, params }))
    })
  }

  return {
    call,
    on<E extends EventName>(event: E, listener: (data: EventData<E>) => void) {
      const set = listeners.get(event) ?? new Set()
      listeners.set(event, set)
      set.add(listener as (data: never) => void)
      return () => void set.delete(listener as (data: never) => void)
    },
    closed,
    close: () => transport.close('Closed by this side.'),
  }
}

function parseServerMessage(text: string): ServerMessage | null {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (thrown) {
    if (thrown instanceof SyntaxError) return null
    throw thrown
  }
  const parsed = ServerMessage.safeParse(json)
  return parsed.success ? parsed.data : null
}

function isEventName(name: string): name is EventName {
  return Object.hasOwn(Events, name)
}

function connectionClosed(reason: string): KeyframeError {
  return new KeyframeError({ code: 'connection.closed', message: `The connection to the kernel is closed: ${reason}`, retryable: true })
}

function cancelled(): KeyframeError {
  return new KeyframeError({ code: 'cancelled', message: 'Cancelled.', retryable: true })
}

function badResult(method: string, detail: string): KeyframeError {
  return new KeyframeError({ code: 'contract.bad-result', message: `The kernel's answer to ${method} does not fit its schema: ${detail}` })
}
