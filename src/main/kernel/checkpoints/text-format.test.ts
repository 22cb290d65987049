import { expect, it } from 'vitest'
import { decodeText, detectEncoding, detectEol, encodeText } from './text-format'

it.each([
  ['utf-8', Buffer.from('naïve')],
  ['utf-8', Buffer.alloc(0)],
  ['utf-8-bom', Buffer.from('\ufeffx')],
  ['utf-16le', Buffer.from('\ufeffx', 'utf16le')],
  ['latin1', Buffer.from('naïve', 'latin1')],
  ['binary', Buffer.from([1, 0, 2])],
  ['binary', Buffer.from([0xff, 0xd8, 0x01, 0x02])],
] as const)('knows %s', (encoding, bytes) => {
  expect(detectEncoding(bytes)).toBe(encoding)
  const text = decodeText(bytes, encoding)
  expect(text === null).toBe(encoding === 'binary')
  if (text !== null) expect(encodeText(text, encoding)).toEqual(bytes)
})

it.each([
  ['a\nb\n', 'lf'],
  ['a\r\nb\r\n', 'crlf'],
  ['a\r\nb\n', 'mixed'],
  ['a', 'none'],
])('line ends of %j are %s', (text, eol) => expect(detectEol(text)).toBe(eol))
