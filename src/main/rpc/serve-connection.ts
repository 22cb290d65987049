import { ClientMessage, MAX_MESSAGE_BYTES, type ServerMessage } from '../../shared/contract/messages'
import { type EventName, Events, type MethodName, Methods } from '../../shared/contract/methods'
import type { Caller, KernelService } from '../../shared/contract/service'
import type { Transport } from '../../shared/contract/transport'
import { type Failure, KeyframeError, toFailure } from '../../shared/failure'

export interface ConnectionLimits {
  /** Beyond this, events are dropped until the client has caught up; it is then sent `resync`. */
  readonly maxQueuedEventBytes: number
  /** Beyond this, the client is taken for dead and the connection is closed. */
  readonly maxQueuedBytes: number
  readonly maxCallsAtOnce: number
}

export const DEFAULT_LIMITS: ConnectionLimits = {
  maxQueuedEventBytes: 8 * 1024 * 1024,
  maxQueuedBytes: 128 * 1024 * 1024,
  maxCallsAtOnce: 512,
}

let connections = 0

/**
 * Serves the contract to one client until the transport closes; then everything that the client had under way is
 * cancelled. Nothing that a client sends can make this throw: what does not fit is answered with a failure where it
 * names a call, and otherwise ends the connection with a reason.
 *
 * A call and the subscription get a `Caller` with the connection's id; its signal fires when the call is cancelled or
 * the connection ends, even after the call returned, so that a service can close the channels that it opened.
 */
export function serveConnection(service: KernelService, transport: Transport, limits: ConnectionLimits = DEFAULT_LIMITS): void {
  connections += 1
  const id = `c${connections}`
  const connection = new AbortController()
  const calls = new Map<number, AbortController>()
  let isBehind = false

  const post = (message: ServerMessage): void => {
    const text = JSON.stringify(message)
    if (text.length > MAX_MESSAGE_BYTES && message.type === 'result') return fail(message.id, tooLarge(text.length))
    transport.send(text)
    if (transport.queuedBytes > limits.maxQueuedBytes) transport.close('The client does not read what it asked for.')
  }
  const fail = (callId: number, failure: Failure): void => post({ type: 'failure', id: callId, failure })

  const unsubscribe = service.subscribe(
    (event, data) => {
      if (isBehind || connection.signal.aborted) return
      if (transport.queuedBytes > limits.maxQueuedEventBytes) {
        isBehind = true
        return
      }
      post(checkedEvent(event, data))
    },
    { id, signal: connection.signal },
  )

  transport.onDrain(() => {
    if (!isBehind || transport.queuedBytes > limits.maxQueuedEventBytes / 4) return
    isBehind = false
    post({ type: 'event', event: 'resync', data: { reason: 'The window was too slow and updates were dropped.' } })
  })

  transport.onClose(() => {
    unsubscribe()
    connection.abort()
    calls.clear()
  })

  transport.onMessage((text) => {
    const message = parseClientMessage(text)
    if (typeof message === 'string') return transport.close(message)
    if (message.type === 'cancel') return calls.get(message.id)?.abort()
    if (calls.has(message.id)) return transport.close(`Call number ${message.id} is already in use.`)
    if (calls.size >= limits.maxCallsAtOnce) return fail(message.id, busy(limits.maxCallsAtOnce))
    void answer(message.id, message.method, message.params)
  })

  async function answer(callId: number, method: string, params: unknown): Promise<void> {
    const call = new AbortController()
    calls.set(callId, call)
    let reply: ServerMessage
    try {
      const caller = { id, signal: AbortSignal.any([connection.signal, call.signal]) }
      reply = { type: 'result', id: callId, result: await perform(service, method, params, caller) }
    } catch (thrown) {
      // Whatever a service throws crosses as a failure: this is the boundary where stacks end.
      reply = { type: 'failure', id: callId, failure: toFailure(thrown) }
    }
    calls.delete(callId)
    // Nobody waits for the answer to a cancelled call.
    if (!connection.signal.aborted && !call.signal.aborted) post(reply)
  }
}

async function perform(service: KernelService, method: string, params: unknown, caller: Caller): Promise<unknown> {
  if (!isMethodName(method)) {
    throw new KeyframeError({
      code: 'contract.unknown-method',
      message: `There is no method "${method.slice(0, 100)}".`,
      action: 'Reload the window: it may be of another version than the kernel.',
    })
  }
  const checked = Methods[method].params.safeParse(params)
  if (!checked.success) {
    throw new KeyframeError({ code: 'contract.bad-params', message: `The parameters of ${method} do not fit: ${checked.error.message}` })
  }
  const result: unknown = await service.call(method, checked.data as never, caller)
  const fitting = Methods[method].result.safeParse(result)
  if (fitting.success) return fitting.data
  throw new KeyframeError({
    code: 'contract.bad-result',
    message: `The kernel's answer to ${method} does not fit its schema: ${fitting.error.message}`,
    action: 'This is a fault in Keyframe: please report it with the log.',
  })
}

/** An event that does not fit is a fault of the kernel; the client is told to fetch everything instead of being fed it. */
function checkedEvent(event: EventName, data: unknown): ServerMessage {
  const fitting = Events[event].safeParse(data)
  if (fitting.success) return { type: 'event', event, data: fitting.data }
  return { type: 'event', event: 'resync', data: { reason: `A ${event} event did not fit its schema: ${fitting.error.message}` } }
}

function parseClientMessage(text: string): ClientMessage | string {
  if (text.length > MAX_MESSAGE_BYTES) return 'contract.too-large: the message is over the limit.'
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (thrown) {
    if (thrown instanceof SyntaxError) return 'contract.malformed: the message is not JSON.'
    throw thrown
  }
  const parsed = ClientMessage.safeParse(json)
  return parsed.success ? parsed.data : 'contract.malformed: the message is neither a call nor a cancel.'
}

function isMethodName(name: string): name is MethodName {
  return Object.hasOwn(Methods, name)
}

function busy(limit: number): Failure {
  return { code: 'contract.busy', message: `More than ${limit} calls are under way on this connection.`, retryable: true }
}

function tooLarge(sizeBytes: number): Failure {
  return {
    code: 'contract.too-large',
    message: `The answer is ${sizeBytes} bytes, over the limit of ${MAX_MESSAGE_BYTES}.`,
    action: 'Ask for less at once.',
    retryable: false,
  }
}
