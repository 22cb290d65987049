import fc from 'fast-check'
import { expect, it } from 'vitest'
import { bytesOfPath, nameFromBytes } from './path-bytes'

it('any bytes come back', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 20 }), (bytes) => {
      expect([...bytesOfPath(nameFromBytes(Buffer.from(bytes).toString('latin1')))]).toEqual([...bytes])
    }),
  )
})

it('keeps text and tells an escape from its literal spelling', () => {
  expect(nameFromBytes('a b')).toBe('a b')
  expect(nameFromBytes(Buffer.from('é→').toString('latin1'))).toBe('é→')
  expect(nameFromBytes('\xff')).toBe('\\xff')
  expect(nameFromBytes('\\xff')).toBe('\\x5cxff')
  expect(nameFromBytes('\\n')).toBe('\\n')
})
