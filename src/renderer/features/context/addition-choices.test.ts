import { describe, expect, it } from 'vitest'
import type { TreeEntry } from '../../../shared/files'
import { filesMatching, languageOf, pathAndLines } from './addition-choices'

function entry(path: string, part: Partial<TreeEntry> = {}): TreeEntry {
  return { path, type: 'file', sizeBytes: 1, status: 'same', ...part }
}

describe('what @ offers', () => {
  it('reads lines behind a path', () => {
    expect(pathAndLines('src/a.ts:10-20')).toEqual({ path: 'src/a.ts', lines: { from: 10, to: 20 } })
    expect(pathAndLines(' src/a.ts:7 ')).toEqual({ path: 'src/a.ts', lines: { from: 7, to: 7 } })
    expect(pathAndLines('src/a.ts')).toEqual({ path: 'src/a.ts', lines: null })
    for (const odd of ['a.ts:0', 'a.ts:9-3', 'a.ts:', ':4']) expect(pathAndLines(odd)).toEqual({ path: odd, lines: null })
  })

  it('finds files that are there, by name before folder', () => {
    const tree = [
      entry('src/tax/index.ts'),
      entry('src/billing/tax.ts'),
      entry('src/tax', { type: 'directory' }),
      entry('old/tax.ts', { status: 'deleted' }),
    ]
    expect(filesMatching(tree, 'tax ts').map(({ path }) => path)).toEqual(['src/billing/tax.ts', 'src/tax/index.ts'])
    expect(filesMatching(tree, 'billing/tax.ts:3-4').map(({ path }) => path)).toEqual(['src/billing/tax.ts'])
    expect(filesMatching(tree, '')).toEqual([])
  })

  it('tells Cypher from words', () => {
    expect(languageOf('MATCH (f:function) RETURN f')).toBe('cypher')
    expect(languageOf('optional match (f)\nreturn f.name')).toBe('cypher')
    expect(languageOf('match the tax rate')).toBe('search')
    expect(languageOf('return value of total')).toBe('search')
  })
})
