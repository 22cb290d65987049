import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeFrame, FrameDecoder } from './framing'

describe('framing', () => {
  it('puts texts together again however the stream is cut', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme' }), { maxLength: 8 }), fc.integer({ min: 1, max: 7 }), (texts, step) => {
        const stream = Buffer.concat(texts.map(encodeFrame))
        const decoder = new FrameDecoder()
        const got: string[] = []
        for (let at = 0; at < stream.length; at += step) got.push(...decoder.push(stream.subarray(at, at + step)))
        expect(got).toEqual(texts)
      }),
    )
  })

  it('refuses a message that is announced beyond the limit before it arrives', () => {
    const decoder = new FrameDecoder(10)
    expect(() => decoder.push(Buffer.from([0, 0, 0, 11]))).toThrow(new RangeError('a message of 11 bytes, the limit is 10'))
  })

  it('refuses bytes that are no UTF-8', () => {
    expect(() => new FrameDecoder().push(Buffer.from([0, 0, 0, 2, 0xc3, 0x28]))).toThrow(TypeError)
  })
})
