import { describe, expect, it } from 'vitest'
import type { TreeEntry } from '../../../shared/files'
import { buildTree, filterTree, foldersTo, visibleRows } from './tree-rows'

function entry(path: string, status: TreeEntry['status'] = 'same', type: TreeEntry['type'] = 'file'): TreeEntry {
  return { path, type, sizeBytes: 1, status }
}

const ENTRIES = [
  entry('README.md'),
  entry('src', 'same', 'directory'),
  entry('src/file10.ts'),
  entry('src/file2.ts', 'changed'),
  entry('src/deep/er/new.ts', 'created'),
  entry('docs/gone.md', 'deleted'),
  entry('empty', 'same', 'directory'),
]

function names(rows: ReturnType<typeof visibleRows>): string[] {
  return rows.map((row) => `${'  '.repeat(row.depth)}${row.node.name}${row.node.isFolder ? '/' : ''} ${row.node.status}`)
}

describe('file tree', () => {
  it('nests a flat listing, folders first, numbers in order, and marks the folders above a change', () => {
    expect(names(visibleRows(buildTree(ENTRIES), () => true))).toEqual([
      'docs/ changed',
      '  gone.md deleted',
      'empty/ same',
      'src/ changed',
      '  deep/ changed',
      '    er/ changed',
      '      new.ts created',
      '  file2.ts changed',
      '  file10.ts same',
      'README.md same',
    ])
  })

  it('leaves the children of closed folders out and counts siblings', () => {
    const rows = visibleRows(buildTree(ENTRIES), (path) => path === 'src')
    expect(rows.map((row) => [row.node.path, row.position, row.siblings, row.open])).toEqual([
      ['docs', 1, 4, false],
      ['empty', 2, 4, false],
      ['src', 3, 4, true],
      ['src/deep', 1, 3, false],
      ['src/file2.ts', 2, 3, false],
      ['src/file10.ts', 3, 3, false],
      ['README.md', 4, 4, false],
    ])
  })

  it('filters by every word of the path and by change, keeping the folders on the way', () => {
    const tree = buildTree(ENTRIES)
    const paths = (filter: Parameters<typeof filterTree>[1]): string[] =>
      visibleRows(filterTree(tree, filter), () => true).map((row) => row.node.path)
    expect(paths({ text: 'SRC file1', changedOnly: false })).toEqual(['src', 'src/file10.ts'])
    expect(paths({ text: '', changedOnly: true })).toEqual([
      'docs',
      'docs/gone.md',
      'src',
      'src/deep',
      'src/deep/er',
      'src/deep/er/new.ts',
      'src/file2.ts',
    ])
    expect(paths({ text: 'nothing like it', changedOnly: false })).toEqual([])
    expect(filterTree(tree, { text: '  ', changedOnly: false })).toBe(tree)
  })

  it('names the folders above a path, outermost first', () => {
    expect(foldersTo('a/b/c.ts')).toEqual(['a', 'a/b'])
    expect(foldersTo('c.ts')).toEqual([])
  })

  it('nests 20,000 files', () => {
    const many = Array.from({ length: 20_000 }, (_, index) => entry(`src/m${index % 200}/f${index}.ts`))
    expect(visibleRows(buildTree(many), () => true)).toHaveLength(20_201)
  })
})
