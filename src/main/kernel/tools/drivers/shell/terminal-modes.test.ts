import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { TerminalFlow } from './terminal-flow'
import { keySequence } from './terminal-keys'
import { TerminalModes } from './terminal-modes'

const undone = (...parts: string[]): string => {
  const modes = new TerminalModes()
  for (const part of parts) modes.read(part)
  return modes.undo()
}

describe('TerminalModes', () => {
  it('has nothing to undo where a program left nothing behind', () => {
    const clean = [
      'plain',
      '\x1b[31mred\x1b[0m',
      '\x1b[?1049h\x1b[5;6r\x1b[r\x1b[?25l\x1b[?25h\x1b[?1049l',
      '\x1b]0;title\x07',
      '\x1b(0\x1b(B',
      '\x1b[?2004h',
    ]
    for (const text of clean) expect([text, undone(text)]).toEqual([text, ''])
  })

  it('undoes what was left on or off', () => {
    expect(undone('\x1b[?1049;1003h\x1b[?25l')).toBe('\x1b[?1049l\x1b[?1003l\x1b[?25h')
    expect(undone('\x1b(0\x1b[4h\x1b=')).toBe('\x0f\x1b(B\x1b[4l\x1b>')
    expect(undone('\x1b[3;9r')).toBe('\x1b[r\x1b[9999;1H\r\n')
    expect(undone('\x1b]52;c;')).toBe('\x18')
    expect(undone('\u009d52;c;')).toBe('\x18')
    expect(undone('\u009b?1000h')).toBe('\x1b[?1000l')
    expect(undone('\x1b[?1000h\x1bc')).toBe('')
  })

  it('is the same however the output is cut', () => {
    const parts = fc.array(
      fc.constantFrom('text', '\x1b[?1049h', '\x1b[?1049l', '\x1b[2;3r', '\x1b]0;', '\x07', '\x1b(0', '\x1b[?25l', '\x1b[?1003h'),
      { maxLength: 8 },
    )
    fc.assert(
      fc.property(parts, fc.array(fc.nat(100), { maxLength: 6 }), (texts, cuts) => {
        const whole = `${texts.join('')}.`
        const places = [...cuts.map((cut) => cut % whole.length), 0, whole.length].sort((a, b) => a - b)
        expect(undone(...places.slice(1).map((end, index) => whole.slice(places[index], end)))).toBe(undone(whole))
      }),
    )
  })
})

describe('TerminalFlow', () => {
  it('passes everything below its bound, and the end of what is beyond it', () => {
    const flow = new TerminalFlow(10)
    expect([flow.push('12345'), flow.push('67890'), flow.end()]).toEqual(['12345', '67890', ''])
    expect([flow.push('12345678'), flow.push('abcdef')]).toEqual(['12345678', ''])
    for (let round = 0; round < 5; round += 1) expect(flow.push('x'.repeat(50_000))).toBe('')
    expect(flow.push('last')).toBe('')
    const end = flow.end()
    expect(end).toContain('[... 184474 characters were not recorded ...]')
    expect(end.endsWith('xxlast')).toBe(true)
    expect([flow.push('again'), flow.end()]).toEqual(['again', ''])
  })
})

describe('keySequence', () => {
  it('knows keys by name, in any of their usual spellings', () => {
    expect(keySequence(['ctrl-c', 'Ctrl+D', 'ENTER', 'up', 'alt-b', 'x', 'é', 'shift-tab', 'page_down'])).toBe(
      '\x03\x04\r\x1b[A\x1bbxé\x1b[Z\x1b[6~',
    )
  })

  it('refuses others', () => {
    for (const key of ['hyper-x', 'ctrl-', '', 'toString']) expect(() => keySequence([key])).toThrow('There is no key')
  })
})
