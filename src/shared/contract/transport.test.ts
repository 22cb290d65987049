import { describe, expect, it } from 'vitest'
import { createPortTransport, type PausableTransport, type PortLike } from './transport'

interface TestPort extends PortLike {
  readonly posted: unknown[]
  deliver(data: unknown): void
  endFromOutside(): void
}

function createTestPort(): TestPort {
  const posted: unknown[] = []
  let message: (data: unknown) => void = () => undefined
  let close: () => void = () => undefined
  return {
    post: (data) => void posted.push(data),
    onMessage: (listener) => void (message = listener),
    onClose: (listener) => void (close = listener),
    close: () => undefined,
    posted,
    deliver: (data) => message(data),
    endFromOutside: () => close(),
  }
}

function open(): { port: TestPort; transport: PausableTransport; texts: string[]; reasons: string[]; drains: () => number } {
  const port = createTestPort()
  const transport = createPortTransport(port)
  const texts: string[] = []
  const reasons: string[] = []
  let drains = 0
  transport.onMessage((text) => texts.push(text))
  transport.onClose((reason) => reasons.push(reason))
  transport.onDrain(() => (drains += 1))
  return { port, transport, texts, reasons, drains: () => drains }
}

const BIG = 'x'.repeat(100_000)

describe('createPortTransport', () => {
  it('counts what was sent until the other end has acknowledged it', () => {
    const { port, transport, drains } = open()
    transport.send(BIG)
    transport.send(BIG)
    const queued = transport.queuedBytes
    port.deliver(200_000)
    expect([queued > 100_000, transport.queuedBytes, drains()]).toEqual([true, 0, 1])
  })

  it('acknowledges what it has taken, not what it holds back', () => {
    const { port, transport, texts } = open()
    transport.pause()
    port.deliver(BIG)
    port.deliver('last')
    expect([texts, port.posted]).toEqual([[], []])
    transport.resume()
    expect([texts, port.posted]).toEqual([[BIG, 'last'], [100_000]])
  })

  it.each([
    ['something that is no text', { type: 'call' }, 'A message was not text.'],
    ['an acknowledgement of more than was sent', 1, 'The other end acknowledged more than it was sent.'],
  ])('closes on %s', (_name, data, reason) => {
    const { port, reasons } = open()
    port.deliver(data)
    port.deliver('later')
    port.endFromOutside()
    expect(reasons).toEqual([reason])
  })

  it('sends nothing after the close', () => {
    const { port, transport, reasons } = open()
    port.endFromOutside()
    transport.send('late')
    transport.close('again')
    expect([port.posted, reasons]).toEqual([[], ['The other end closed the connection.']])
  })
})
