import fc from 'fast-check'
import { expect, it } from 'vitest'
import { BoundedOutput } from './bounded-output'

it('keeps everything that fits', () => {
  const kept = new BoundedOutput(10)
  kept.push(Buffer.from('01234'))
  kept.push(Buffer.from('56789'))
  expect({ text: kept.text(), truncated: kept.truncated }).toEqual({ text: '0123456789', truncated: false })
})

it('keeps the first and the last half and says how much is missing', () => {
  const kept = new BoundedOutput(10)
  for (const part of ['first', 'middle', 'last!']) kept.push(Buffer.from(part))
  expect({ text: kept.text(), truncated: kept.truncated }).toEqual({ text: 'first\n[... 6 bytes left out ...]\nlast!', truncated: true })
})

it('cuts between characters', () => {
  const kept = new BoundedOutput(8)
  kept.push(Buffer.from('aéé€€€éb'))
  expect(kept.text()).toBe('aé\n[... 11 bytes left out ...]\néb')
})

it('gives the same text whatever the chunks', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.integer({ min: 2, max: 64 }), fc.integer({ min: 1, max: 40 }), (bytes, max, step) => {
      const whole = new BoundedOutput(max)
      whole.push(Buffer.from(bytes))
      const parts = new BoundedOutput(max)
      for (let at = 0; at < bytes.length; at += step) parts.push(Buffer.from(bytes.subarray(at, at + step)))
      expect(parts.text()).toBe(whole.text())
      expect(parts.truncated).toBe(whole.truncated)
    }),
  )
})
