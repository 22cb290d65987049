import { describe, expect, it } from 'vitest'
import { emptyContext } from '../../../shared/context'
import { KeyframeError } from '../../../shared/failure'
import type { GraphNode, GraphTable } from '../../../shared/graph'
import { contextSession, hashOf } from '../testing/context-session'
import { type EditSources, resolveEdits } from './resolve-edits'

const text = ['import x', 'export function total(a) {', '  return sum(a)', '}', ''].join('\n')
const node = (id: string, startLine: number, endLine: number): GraphNode => ({
  ...{ id, kind: 'function', name: id.split('#')[1] ?? id, path: 'src/a.ts', startLine, endLine, nameLine: startLine, nameColumn: 0 },
  ...{ exported: true, signature: `function ${id.split('#')[1] ?? id}(a)` },
})
const total = node('src/a.ts#total', 2, 4)
const edge = { from: 'src/b.ts#bill', to: total.id, kind: 'calls' as const, confidence: 1, method: 'import', line: 7 }
const table: GraphTable = {
  ...{ columns: ['n', 'count'], nodes: [total], edges: [], truncated: true, limit: 'rows', durationMs: 1 },
  rows: [[{ is: 'node', id: total.id }, 3]],
}

const sources: EditSources = {
  readFile: async (path) => (path === 'src/a.ts' ? { text, version: hashOf(text) } : null),
  editedAt: (frame) => {
    if (frame !== 4) throw new KeyframeError({ code: 'context.no-such-edit', message: 'no' })
    return { before: emptyContext(), changes: [] }
  },
  graph: {
    node: async (id) => (id === total.id ? total : null),
    neighbours: async () => ({ nodes: [total, node('src/b.ts#bill', 5, 9)], edges: [edge, edge], truncated: false }),
    search: async () => [
      { path: 'src/a.ts', line: 2, text: 'export function total', symbol: 'total', score: 0.7, kind: 'function', endLine: 4, reasons: [] },
    ],
    query: async () => table,
  },
}

describe('what edits add', () => {
  it('is the file or the lines that are there, as of the point', async () => {
    const version = hashOf(text)
    expect(
      await resolveEdits(
        [
          { op: 'add-file', path: 'src/a.ts' },
          { op: 'add-file', path: 'src/a.ts', lines: { from: 2, to: 3 } },
          { op: 'add-file', path: 'src/a.ts', lines: { from: 4, to: 900 } },
          { op: 'add-file', path: 'src/a.ts', lines: { from: 1, to: 5 } },
        ],
        sources,
      ),
    ).toEqual([
      { op: 'add-file-text', path: 'src/a.ts', version, text, lines: null },
      {
        op: 'add-file-text',
        path: 'src/a.ts',
        version,
        text: 'export function total(a) {\n  return sum(a)',
        lines: { from: 2, to: 3, of: 5 },
      },
      { op: 'add-file-text', path: 'src/a.ts', version, text: '}\n', lines: { from: 4, to: 5, of: 5 } },
      { op: 'add-file-text', path: 'src/a.ts', version, text, lines: null },
    ])
  })

  it('is the source of a symbol with its neighbours, the hits of a search, the rows of a query', async () => {
    const [symbol, hits, rows] = await resolveEdits(
      [
        { op: 'add-symbol', id: total.id },
        { op: 'add-query', language: 'search', query: 'total' },
        { op: 'add-query', language: 'cypher', query: 'MATCH (n) RETURN n, count(*)' },
      ],
      sources,
    )
    expect(symbol).toMatchObject({
      ...{ op: 'add-text', id: 'symbol:src/a.ts#total', kind: 'symbols', title: 'total, src/a.ts:2-4' },
      source: { node: total.id, path: 'src/a.ts', version: hashOf(text), lines: { from: 2, to: 4 } },
      text: [
        'function total in src/a.ts:2-4',
        'function total(a)',
        'export function total(a) {\n  return sum(a)\n}',
        'calls by src/b.ts#bill (src/a.ts:5) function bill(a)',
      ].join('\n'),
    })
    expect(hits).toMatchObject({ kind: 'query', text: 'src/a.ts:2 total: export function total', source: { query: 'total', score: 0.7 } })
    expect(rows).toMatchObject({ kind: 'query', text: 'n | count\nsrc/a.ts#total | 3\n... and more: rows' })
  })

  it.each([
    [{ op: 'add-file' as const, path: 'gone.ts' }, 'context.no-such-file'],
    [{ op: 'add-symbol' as const, id: 'gone' }, 'context.no-such-symbol'],
    [{ op: 'undo' as const, frame: 3 }, 'context.no-such-edit'],
  ])('is refused: %j with %s', async (edit, code) => {
    await expect(resolveEdits([edit], sources)).rejects.toMatchObject({ failure: { code } })
  })

  it('is refused without an index, which files do not need', async () => {
    const without = { ...sources, graph: null }
    await expect(resolveEdits([{ op: 'add-symbol', id: total.id }], without)).rejects.toMatchObject({
      failure: { code: 'context.no-index' },
    })
    expect(await resolveEdits([{ op: 'add-file', path: 'src/a.ts' }], without)).toHaveLength(1)
  })

  it('comes into the tiers with where it came from, once', async () => {
    const run = contextSession()
    const edits = await resolveEdits(
      [
        { op: 'add-file', path: 'src/a.ts' },
        { op: 'add-symbol', id: total.id },
        { op: 'add-query', language: 'search', query: 'total' },
      ],
      sources,
    )
    run.send({ type: 'edits', edits, by: 'human' })
    run.send({ type: 'edits', edits, by: 'human' })
    expect(Object.keys(run.state.items).sort()).toEqual(['file:src/a.ts', 'query:search:total', 'symbol:src/a.ts#total'])
    expect(run.state.items['symbol:src/a.ts#total']).toMatchObject({
      ...{ tier: 'L2', kind: 'symbols', reason: 'added by hand' },
      source: { by: 'human', path: 'src/a.ts', node: total.id },
    })
    run.send({ type: 'files-changed', paths: ['src/a.ts'], frame: 3 })
    expect(
      Object.values(run.state.items)
        .flatMap((item) => (item.stale ? [item.id] : []))
        .sort(),
    ).toEqual(['file:src/a.ts', 'symbol:src/a.ts#total'])
  })

  it('of lines is shown anew from the same lines when the file is read again', async () => {
    const run = contextSession()
    const edits = await resolveEdits([{ op: 'add-file', path: 'src/a.ts', lines: { from: 2, to: 3 } }], sources)
    run.send({ type: 'edits', edits, by: 'human' })
    run.send({ type: 'files-changed', paths: ['src/a.ts'], frame: 2 })
    run.send({ type: 'refresh', files: [{ path: 'src/a.ts', text: 'a\nb\nc\nd', version: hashOf('new') }] })
    expect(run.text('file:src/a.ts:2-3')).toBe('b\nc')
    expect(run.state.items['file:src/a.ts:2-3']).toMatchObject({ stale: false, source: { version: hashOf('new') } })
  })
})
