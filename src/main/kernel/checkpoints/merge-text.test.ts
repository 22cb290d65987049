import { expect, it } from 'vitest'
import { mergeText } from './merge-text'

function merge(base: string, branch: string, live: string): string {
  const result = mergeText(Buffer.from(base), Buffer.from(branch), Buffer.from(live))
  return 'merged' in result ? result.merged.toString('utf8') : `conflict: ${result.conflict}`
}

it('takes both sides where they changed different lines', () => {
  expect(merge('a\nb\nc\nd\n', 'A\nb\nc\nd\n', 'a\nb\nc\nD\n')).toBe('A\nb\nc\nD\n')
})

it('takes an equal change once', () => {
  expect(merge('a\nb\n', 'x\nb\n', 'x\nb\n')).toBe('x\nb\n')
})

it('names the place of a conflict', () => {
  expect(merge('a\nb\nc\n', 'a\nB\nc\n', 'a\nmine\nc\n')).toBe('conflict: both sides changed the same lines near line 2 (“mine”)')
})

it('keeps the line ends and the byte order mark of the live file', () => {
  expect(merge('a\nb\nc\n', 'A\nb\nc\n', 'a\r\nb\r\nc\r\n')).toBe('A\r\nb\r\nc\r\n')
  expect(merge('a\nb\nc\n', 'A\nb\nc\n', '\ufeffa\nb\nc\nd\n')).toBe('\ufeffA\nb\nc\nd\n')
  expect(merge('a\r\nb\nc\n', 'A\r\nb\nc\n', 'a\r\nb\nC\n')).toBe('A\r\nb\nC\n')
  expect(merge('a\nb\nc', 'A\nb\nc', 'a\nb\nc\n')).toBe('A\nb\nc\n')
})

it('merges in the encoding of the live file, and refuses what that cannot carry', () => {
  const latin = (text: string) => Buffer.from(text, 'latin1')
  expect(mergeText(latin('é\nb\nc\n'), latin('é\nB\nc\n'), latin('ü\nb\nc\n'))).toMatchObject({ conflict: expect.any(String) })
  expect(mergeText(latin('é\nb\nc\nd\n'), latin('é\nb\nc\nD\n'), latin('ü\nb\nc\nd\n'))).toEqual({ merged: latin('ü\nb\nc\nD\n') })
  expect(mergeText(Buffer.from('a\nb\nc\n'), Buffer.from('a\nb\n→\n'), latin('ü\nb\nc\n'))).toEqual({
    conflict: 'the change has characters that latin1 cannot carry',
  })
  expect(mergeText(latin('a\0'), latin('b\0'), latin('c\0'))).toEqual({ conflict: 'it is binary and was changed on both sides' })
})
