import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { TerminalMarks, type TerminalPiece } from './terminal-marks'

const mark = (fields: string): string => `\x1b]633;NONCE;${fields}\x07`

function join(pieces: readonly TerminalPiece[]): TerminalPiece[] {
  const joined: TerminalPiece[] = []
  for (const piece of pieces) {
    const last = joined.at(-1)
    if (piece.kind === 'data' && last?.kind === 'data') joined[joined.length - 1] = { kind: 'data', data: last.data + piece.data }
    else joined.push(piece)
  }
  return joined
}

describe('TerminalMarks', () => {
  it('takes marks out of the data', () => {
    expect(new TerminalMarks('NONCE').read(`a${mark('D;7;0;3')}b${mark('B')}`)).toEqual([
      { kind: 'data', data: 'a' },
      { kind: 'mark', letter: 'D', fields: ['7', '0', '3'] },
      { kind: 'data', data: 'b' },
      { kind: 'mark', letter: 'B', fields: [] },
    ])
  })

  it('leaves marks with another nonce, other sequences and what never ends alone', () => {
    const data = `\x1b]633;OTHER;D;1;0\x07\x1b]0;title\x07\x1b]633;NONCE;${'x'.repeat(300)}`
    expect(join(new TerminalMarks('NONCE').read(data))).toEqual([{ kind: 'data', data }])
  })

  it('finds the same however the stream is cut', () => {
    const parts = fc.array(fc.constantFrom('text', '\x1b', '\x1b]633;', '\x1b]633;NONCE', mark('D;1;0;1'), mark('B'), '\x07', '🙂'), {
      maxLength: 12,
    })
    fc.assert(
      fc.property(parts, fc.array(fc.nat(200), { maxLength: 10 }), (texts, cuts) => {
        const whole = `${texts.join('')}.`
        const marks = new TerminalMarks('NONCE')
        const places = [...cuts.map((cut) => cut % whole.length), 0, whole.length].sort((a, b) => a - b)
        const pieces = places.slice(1).flatMap((end, index) => marks.read(whole.slice(places[index], end)))
        expect(join([...pieces, ...marks.read('.'.repeat(600))])).toEqual(join(new TerminalMarks('NONCE').read(whole + '.'.repeat(600))))
      }),
    )
  })
})
