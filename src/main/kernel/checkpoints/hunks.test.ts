import { applyPatch } from 'diff'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { applyHunks, makeHunks } from './hunks'

const text = fc
  .tuple(fc.array(fc.constantFrom('a', 'b', 'c', '', 'd\r'), { maxLength: 40 }), fc.boolean())
  .map(([lines, ended]) => lines.join('\n') + (ended ? '\n' : ''))

it('all hunks give the new text, none the old one, and ids are unique', () => {
  fc.assert(
    fc.property(text, text, (before, after) => {
      const hunks = makeHunks('f', before, after)
      expect(applyHunks(before, after, hunks)).toBe(after)
      expect(applyHunks(before, after, [])).toBe(before)
      expect(new Set(hunks.map((hunk) => hunk.id)).size).toBe(hunks.length)
    }),
  )
})

it('writes hunks that another program applies', () => {
  const before = Array.from({ length: 60 }, (_, i) => `${i}\n`).join('')
  const after = before.replace('\n5\n', '\nfive\n').replace('\n30\n', '\n').replace('\n58\n', '\n58\nmore\n')
  const hunks = makeHunks('f', before, after)
  expect(hunks).toHaveLength(3)
  const patch = hunks.map((h) => [`@@ -${h.oldStart},${h.oldLines} +${h.newStart},${h.newLines} @@`, ...h.lines, ''].join('\n')).join('')
  expect(applyPatch(before, `--- f\n+++ f\n${patch}`)).toBe(after)
})

it('keeps the id of a change when another change of the file comes or goes', () => {
  const before = Array.from({ length: 40 }, (_, i) => `${i}\n`).join('')
  const one = makeHunks('f', before, before.replace('\n30\n', '\nthirty\n'))
  const two = makeHunks('f', before, before.replace('\n30\n', '\nthirty\n').replace('\n3\n', '\nthree\nmore\n'))
  expect(two[1]?.id).toBe(one[0]?.id)
  expect(makeHunks('other', before, before.replace('\n30\n', '\nthirty\n'))[0]?.id).not.toBe(one[0]?.id)
})

it('shows a pair that is too different as one block, in bounded time', () => {
  const before = Array.from({ length: 20_000 }, (_, i) => `${i * 7}\n`).join('')
  const after = Array.from({ length: 20_000 }, (_, i) => `${i * 11}\n`).join('')
  const hunks = makeHunks('f', before, after)
  expect(applyHunks(before, after, hunks)).toBe(after)
})
