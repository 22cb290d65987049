import { describe, expect, it } from 'vitest'
import { createClient } from '../../shared/contract/client'
import type { ServerMessage } from '../../shared/contract/messages'
import type { Caller } from '../../shared/contract/service'
import type { Transport } from '../../shared/contract/transport'
import { KeyframeError } from '../../shared/failure'
import { createSmallService, type SmallService } from '../kernel/testing/small-service'
import { connectInProcess, createTransportPair } from './memory-transport'
import { serveConnection } from './serve-connection'

/** A client that says whatever a test wants, and remembers what it hears. */
function rawClient(service: SmallService): { say(text: string): Promise<void>; heard: ServerMessage[]; closed: Promise<string> } {
  const [near, far] = createTransportPair()
  const heard: ServerMessage[] = []
  near.onMessage((text) => heard.push(JSON.parse(text) as ServerMessage))
  const listening = spyClose(far)
  serveConnection(service, listening.transport)
  return { say: async (text) => (near.send(text), settle()), heard, closed: listening.reason }
}

/** The reason with which the server closed its own end. */
function spyClose(transport: Transport): { transport: Transport; reason: Promise<string> } {
  let resolve: (reason: string) => void = () => undefined
  const reason = new Promise<string>((settleReason) => {
    resolve = settleReason
  })
  const spied: Transport = {
    send: (text) => transport.send(text),
    get queuedBytes() {
      return transport.queuedBytes
    },
    onMessage: (listener) => transport.onMessage(listener),
    onDrain: (listener) => transport.onDrain(listener),
    onClose: (listener) => transport.onClose(listener),
    close(why) {
      resolve(why)
      transport.close(why)
    },
  }
  return { transport: spied, reason }
}

const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5))
const codeOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'no failure',
    (thrown: unknown) => (thrown instanceof KeyframeError ? thrown.code : thrown),
  )

describe('serveConnection', () => {
  it('answers calls through the client', async () => {
    const client = connectInProcess(createSmallService())
    await client.call('ui.set', { key: 'theme', value: 'dark' })
    expect(await client.call('ui.get', { key: 'theme' })).toEqual({ value: 'dark' })
  })

  it.each([
    ['text that is no JSON', 'hello', 'contract.malformed: the message is not JSON.'],
    ['JSON that is no message', '{"type":"shout"}', 'contract.malformed: the message is neither a call nor a cancel.'],
    [
      'a call without a number',
      '{"type":"call","method":"ui.get","params":{}}',
      'contract.malformed: the message is neither a call nor a cancel.',
    ],
  ])('closes on %s, with the reason', async (_name, text, reason) => {
    const service = createSmallService()
    const { say, closed } = rawClient(service)
    await say(text)
    expect(await closed).toBe(reason)
    expect(service.subscribers).toBe(0)
  })

  it('answers an unknown method and parameters that do not fit with failures, and goes on', async () => {
    const { say, heard } = rawClient(createSmallService())
    await say('{"type":"call","id":1,"method":"__proto__","params":{}}')
    await say('{"type":"call","id":2,"method":"ui.get","params":{"key":7}}')
    await say('{"type":"call","id":3,"method":"ui.get","params":{"key":"a"}}')
    expect(heard.map((message) => (message.type === 'failure' ? message.failure.code : message.type))).toEqual([
      'contract.unknown-method',
      'contract.bad-params',
      'result',
    ])
  })

  it('never lets a stack or an answer out of shape across', async () => {
    const service = createSmallService({
      'ui.get': () => {
        throw new TypeError('broken inside')
      },
      'kernel.hello': () => ({ pid: 'none' }),
    })
    const { say, heard } = rawClient(service)
    await say('{"type":"call","id":1,"method":"ui.get","params":{"key":"a"}}')
    await say('{"type":"call","id":2,"method":"kernel.hello","params":{"protocol":1}}')
    expect(heard[0]).toEqual({
      type: 'failure',
      id: 1,
      failure: {
        code: 'internal',
        message: 'TypeError: broken inside',
        action: 'This is a fault in Keyframe: please report it with the log.',
        retryable: false,
      },
    })
    expect(heard[1]?.type === 'failure' && heard[1].failure.code).toBe('contract.bad-result')
  })

  it('cancels a call that the client gives up, and every call when the connection ends', async () => {
    const waiting: Caller[] = []
    const service = createSmallService({
      'ui.get': (_params, caller) => {
        waiting.push(caller)
        return new Promise(() => undefined)
      },
    })
    const client = connectInProcess(service)
    const given = new AbortController()
    const first = codeOf(client.call('ui.get', { key: 'a' }, { signal: given.signal }))
    const second = codeOf(client.call('ui.get', { key: 'b' }))
    await settle()
    given.abort()
    expect(await first).toBe('cancelled')
    await settle()
    expect(waiting.map((caller) => caller.signal.aborted)).toEqual([true, false])
    client.close()
    expect(await second).toBe('connection.closed')
    await settle()
    expect(waiting.map((caller) => caller.signal.aborted)).toEqual([true, true])
    expect(waiting[0]?.id).toBe(waiting[1]?.id)
    expect(service.subscribers).toBe(0)
  })

  it('refuses more calls at once than its limit', async () => {
    const service = createSmallService({ 'ui.get': () => new Promise(() => undefined) })
    const [near, far] = createTransportPair()
    serveConnection(service, far, { maxQueuedEventBytes: 1000, maxQueuedBytes: 10_000, maxCallsAtOnce: 1 })
    const client = createClient(near)
    void client.call('ui.get', { key: 'a' }).catch(() => undefined)
    expect(await codeOf(client.call('ui.get', { key: 'b' }))).toBe('contract.busy')
  })

  it('drops events for a client that does not read, then tells it to resync', async () => {
    const service = createSmallService()
    const [near, far] = createTransportPair()
    const limit = 256 * 1024
    serveConnection(service, far, { maxQueuedEventBytes: limit, maxQueuedBytes: 100 * limit, maxCallsAtOnce: 8 })
    const client = createClient(near)
    const seen: string[] = []
    client.on('lsp.message', (event) => seen.push(event.channel))
    client.on('resync', (event) => seen.push(event.reason))
    near.pause()
    for (let n = 0; n < 1000; n += 1) service.emit('lsp.message', { channel: String(n), message: 'x'.repeat(10_000) })
    await settle()
    expect(far.queuedBytes).toBeLessThan(2 * limit)
    near.resume()
    await settle()
    expect(seen.length).toBeLessThan(60)
    expect(seen.at(-1)).toBe('The window was too slow and updates were dropped.')
    service.emit('lsp.message', { channel: 'after', message: '' })
    await settle()
    expect(seen.at(-1)).toBe('after')
  })

  it('closes the connection of a client that asks and never reads', async () => {
    const service = createSmallService({ 'ui.get': () => ({ value: 'x'.repeat(100_000) }) })
    const [near, far] = createTransportPair()
    const { transport, reason } = spyClose(far)
    serveConnection(service, transport, { maxQueuedEventBytes: 1000, maxQueuedBytes: 400_000, maxCallsAtOnce: 100 })
    near.onMessage(() => undefined)
    near.pause()
    for (let id = 0; id < 20; id += 1) near.send(JSON.stringify({ type: 'call', id, method: 'ui.get', params: { key: 'a' } }))
    expect(await reason).toBe('The client does not read what it asked for.')
  })
})

describe('createClient', () => {
  it('fails a call whose answer does not fit, and closes on a message that is none', async () => {
    const [near, far] = createTransportPair()
    const client = createClient(near)
    const call = codeOf(client.call('ui.get', { key: 'a' }))
    far.send('{"type":"result","id":0,"result":{"value":7}}')
    expect(await call).toBe('contract.bad-result')
    far.send('nonsense')
    expect(await client.closed).toBe('The kernel sent a message that is not part of the contract.')
    expect(await codeOf(client.call('ui.get', { key: 'a' }))).toBe('connection.closed')
  })

  it('ignores events that it does not know', async () => {
    const [near, far] = createTransportPair()
    const client = createClient(near)
    far.send('{"type":"event","event":"moon.rose","data":{}}')
    far.send('{"type":"event","event":"humans.changed","data":{"pending":2}}')
    expect(await new Promise((resolve) => client.on('humans.changed', resolve))).toEqual({ pending: 2 })
  })
})
