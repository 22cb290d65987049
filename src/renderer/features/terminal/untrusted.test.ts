import { expect, it } from 'vitest'
import { cleanPaste, isTerminalReply, needsAsking } from './untrusted'

it('tells answers of the terminal from keys of a person', () => {
  const replies = [
    '\u001b[?1;2c',
    '\u001b[>0;276;0c',
    '\u001b[12;40R',
    '\u001b[0n',
    '\u001b[?2026;2$y',
    '\u001b[I',
    '\u001b[<0;3;4M',
    '\u001b[M !!',
    '\u001bP1$r0m\u001b\\',
    '\u001b]11;rgb:0000/0000/0000\u001b\\',
    '\u001b]10;rgb:ffff/ffff/ffff\u0007',
    '\u001b[?1;2c\u001b[1;1R',
  ]
  expect(replies.filter((reply) => !isTerminalReply(reply))).toEqual([])
  const keys = ['a', '\r', '\u001b', '\u001b[A', '\u001b[1;5C', '\u001bOP', '\u001b[3~', '\u001b[200~text\u001b[201~', '', '\u001b[1;1Rls']
  expect(keys.filter(isTerminalReply)).toEqual([])
})

it('pastes no control characters', () => {
  expect(cleanPaste('a\r\nb\rc\td')).toBe('a\nb\nc\td')
  // The end of a bracketed paste in the text would let the rest run as if it was typed.
  expect(cleanPaste('safe\u001b[201~rm -rf x\u0003\u0085')).toBe('safe[201~rm -rf x')
})

it('asks before several lines', () => {
  expect([needsAsking('ls'), needsAsking('ls\nrm x')]).toEqual([false, true])
})
