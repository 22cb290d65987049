import { describe, expect, test } from 'vitest'
import { frameMessage, MessageUnframer } from './message-framing'

describe('messages of a byte stream', () => {
  test('come out whole however the bytes are cut', () => {
    const messages = ['{"a":1}', '{"b":"é😀"}', '{}']
    const bytes = Buffer.concat(messages.map(frameMessage))
    for (let size = 1; size <= bytes.length; size++) {
      const got: string[] = []
      const unframer = new MessageUnframer((json) => got.push(json))
      for (let at = 0; at < bytes.length; at += size) unframer.push(bytes.subarray(at, at + size))
      expect(got).toEqual(messages)
    }
  })

  test.each([
    ['an endless header', Buffer.alloc(5000, 'x')],
    ['a header without a length', Buffer.from('X: 1\r\n\r\n{}')],
    ['a length that nobody sends', Buffer.from('Content-Length: 999999999999\r\n\r\n')],
  ])('%s is refused', (_name, bytes) => {
    expect(() => new MessageUnframer(() => undefined).push(bytes)).toThrow(/language server sent/)
  })
})
