import { describe, expect, it } from 'vitest'
import type { GraphEdge, GraphNode, GraphResult } from '../../../shared/graph'
import type { MemoryReader } from '../memory/memory'
import { hashOf } from '../testing/context-session'
import { contextSourcesOf, editGraphOf } from './memory-sources'

const node = (id: string, startLine: number): GraphNode => ({
  ...{ id, kind: 'function', name: id, path: 'src/deep/a.ts', startLine, endLine: startLine + 3, nameLine: startLine, nameColumn: 0 },
  ...{ exported: true, signature: '' },
})
const edge = (from: string, to: string, kind: GraphEdge['kind']): GraphEdge => ({
  from,
  to,
  kind,
  confidence: 1,
  method: 'import',
  line: 1,
})
const around: GraphResult = {
  nodes: [node('src/deep/a.ts', 1), node('b', 20), node('a', 3), node('other.ts', 1)],
  edges: [edge('src/deep/a.ts', 'b', 'contains'), edge('src/deep/a.ts', 'a', 'contains'), edge('other.ts', 'src/deep/a.ts', 'imports')],
  truncated: false,
}
const nothing: GraphResult = { nodes: [], edges: [], truncated: false }
const reader: MemoryReader = {
  find: () => [],
  node: (id) => around.nodes.find((one) => one.id === id) ?? null,
  neighbourhood: (id) => (id === 'src/deep/a.ts' ? around : nothing),
  path: () => nothing,
  flow: () => ({ ways: [], nodes: [], edges: [], truncated: false }),
  query: (cypher) => ({ columns: [cypher], rows: [], nodes: [], edges: [], truncated: false, limit: null, durationMs: 0 }),
  summary: () => ({ nodes: [], edges: [] }),
  searchText: () => [],
  search: async () => ({ hits: [], lists: [], truncated: false, durationMs: 0 }),
}
const files = new Map([
  ['AGENTS.md', 'of the root'],
  ['src/CLAUDE.md', 'of src'],
  ['src/deep/AGENTS.md', 'of deep'],
  ['src/deep/CLAUDE.md', 'the same again'],
])
const sources = contextSourcesOf({
  reader: async () => reader,
  history: {
    log: () => [
      { commit: 'c1', subject: 'Add', body: '', author: { name: 'Ann', email: 'a@example.org' }, atMs: 5, files: [], fileCount: 1 },
    ],
    authorsOf: () => [{ name: 'Ann', email: 'a@example.org', commits: 3, lastAtMs: 5 }],
    coChanged: () => [{ path: 'b.ts', support: 2, confidence: 0.5 }],
  },
  readFile: async (path) => {
    const text = files.get(path)
    return text === undefined ? null : { text, version: hashOf(text) }
  },
})

describe('what the memory tells of a file', () => {
  it('is its symbols in their order, its neighbours without them, its commits and who made them', async () => {
    expect((await sources.symbols('src/deep/a.ts')).map((symbol) => symbol.id)).toEqual(['a', 'b'])
    expect((await sources.neighbours('src/deep/a.ts')).edges.map((one) => one.kind)).toEqual(['imports'])
    expect(await sources.history('src/deep/a.ts')).toEqual({
      commits: [{ commit: 'c1', atMs: 5, author: 'Ann', subject: 'Add' }],
      authors: [{ name: 'Ann', commits: 3 }],
      together: [{ path: 'b.ts', commits: 2 }],
    })
  })

  it('is the instruction files of its folders, one a folder, nearest last, without that of the root', async () => {
    const found = await sources.instructions('src/deep/a.ts')
    expect(found.map((file) => file.path)).toEqual(['src/CLAUDE.md', 'src/deep/AGENTS.md'])
    expect(await sources.instructions('a.ts')).toEqual([])
  })

  it('is what edits by hand ask for', async () => {
    const graph = editGraphOf(reader)
    expect((await graph.node('a'))?.id).toBe('a')
    expect((await graph.neighbours('src/deep/a.ts')).nodes).toHaveLength(4)
    expect((await graph.query('RETURN 1')).columns).toEqual(['RETURN 1'])
    expect(await graph.search('x')).toEqual([])
  })
})
