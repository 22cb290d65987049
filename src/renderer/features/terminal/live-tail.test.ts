import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { reconcile } from './live-tail'

describe('reconcile', () => {
  it('prints what only frames tell', () => {
    expect(reconcile('', 'checks passed')).toEqual({ screen: 'print', tail: '' })
  })

  it('keeps the screen when events said the same before', () => {
    expect(reconcile('echo a\r\nb', 'echo a\r\n')).toEqual({ screen: 'keep', tail: 'b' })
  })

  it('writes the screen again when the frame begins before the first event', () => {
    expect(reconcile('world!', 'hello wor')).toEqual({ screen: 'rewrite', tail: 'ld!' })
  })

  it('trusts frames where a secret was taken out', () => {
    expect(reconcile('token=s3cret', 'token=[redacted]')).toEqual({ screen: 'rewrite', tail: '' })
  })

  it('ends with what the frames say, wherever the window came in and however both are cut', () => {
    const pieces = fc.array(fc.string({ minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 12 })
    fc.assert(
      fc.property(pieces, fc.nat(), fc.array(fc.nat(7), { maxLength: 12 }), (texts, missed, lags) => {
        const whole = texts.join('')
        let screen = ''
        let framed = ''
        let tail = ''
        // Events come from somewhere on; frames say everything, later and in other pieces.
        for (const event of texts.slice(missed % texts.length)) {
          tail += event
          screen += event
        }
        for (let at = 0; at < whole.length;) {
          const data = whole.slice(at, at + 1 + (lags[at % Math.max(1, lags.length)] ?? 0))
          at += data.length
          framed += data
          const next = reconcile(tail, data)
          tail = next.tail
          if (next.screen === 'print') screen += data
          if (next.screen === 'rewrite') screen = framed + tail
        }
        expect(tail === '' ? screen : framed).toBe(whole)
      }),
    )
  })
})
