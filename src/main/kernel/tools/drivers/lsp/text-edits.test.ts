import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { applyEdits, editsBetween, sortedEdits, textIn } from './text-edits'
import { moduleNameFor, updateReExports } from './re-exports'

describe('edits of texts', () => {
  test('the edits between two texts make the one from the other', () => {
    const line = fc.constantFrom('a', 'b', 'c', '')
    const text = fc.tuple(fc.array(line), fc.constantFrom('', '\n')).map(([lines, end]) => lines.join('\n') + end)
    fc.assert(fc.property(text, text, (before, after) => applyEdits(before, editsBetween(before, after)) === after))
    expect(applyEdits('a\r\nb\r\n', editsBetween('a\r\nb\r\n', 'a\r\nc\r\n'))).toBe('a\r\nc\r\n')
  })

  test('overlaps and places outside of the text are refused', () => {
    const edit = { startLine: 1, startColumn: 0, endLine: 1, endColumn: 3, newText: '' }
    expect(() => sortedEdits('a.ts', [edit, { ...edit, startColumn: 2 }])).toThrow(/overlap/)
    expect(() => applyEdits('ab', [edit])).toThrow(/not in the file/)
    expect(textIn('one\ntwo', { startLine: 2, startColumn: 1, endLine: 2, endColumn: 3 })).toBe('wo')
  })
})

describe('re-exports of a moved name', () => {
  const moved = { name: 'user', oldModule: './a', newModule: './b', isType: false }
  test.each([
    ["export { user } from './a'\n", "export { user } from './b'\n"],
    ['export { user as User, other } from "./a";\n', 'export { other } from "./a";\nexport { user as User } from "./b";\n'],
    ["export {\n  other,\n  type user,\n} from './a'\n", "export {\n  other,\n} from './a'\nexport { type user } from './b'\n"],
    ["export * from './a'\n", "export * from './a'\nexport { user } from './b'\n"],
    ["export * from './a'\nexport * from './b'\n", "export * from './a'\nexport * from './b'\n"],
    ["export { users } from './a'\nexport { user } from './c'\n", "export { users } from './a'\nexport { user } from './c'\n"],
  ])('%j', (before, after) => expect(updateReExports(before, moved)).toBe(after))

  test.each([
    ['src/index.ts', 'src/deep/b.ts', './a', './deep/b'],
    ['src/web/index.ts', 'src/b.tsx', '../a.js', '../b.js'],
    ['index.ts', 'b.mts', './a.mjs', './b.mjs'],
    ['index.ts', 'b.ts', './a.ts', './b.ts'],
  ])('the name of a module from %s to %s', (from, to, old, name) => expect(moduleNameFor(from, to, old)).toBe(name))
})
