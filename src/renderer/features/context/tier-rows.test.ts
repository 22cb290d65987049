import { describe, expect, it } from 'vitest'
import { type ContextItem, type ContextState, emptyContext } from '../../../shared/context'
import { ContentHash } from '../../../shared/ids'
import { HASH } from '../../app/testing/frame-fixtures'
import { compareStates, type Row, rowsOf, type RowsWanted, segmentsOf, sourceInWords } from './tier-rows'

const OTHER_HASH = ContentHash.parse('b'.repeat(64))

function item(id: string, tokens: number, part: Partial<ContextItem> = {}): ContextItem {
  return {
    id,
    tier: 'L1',
    kind: 'file',
    title: id,
    content: HASH,
    tokens,
    source: { by: 'agent', frame: 1 },
    reason: 'read by the agent',
    addedAt: 1,
    lastUsedAt: 1,
    pinned: false,
    stale: false,
    ...part,
  }
}

function stateOf(items: ContextItem[], evicted: ContextItem[] = []): ContextState {
  return {
    ...emptyContext(),
    items: Object.fromEntries(items.map((entry) => [entry.id, entry])),
    evicted: evicted.map((entry) => ({ item: entry, rule: 'over budget', atFrame: 9 })),
  }
}

const BY_TOKENS: RowsWanted = { sort: { key: 'tokens', descending: true }, filter: '', compared: null, differencesOnly: false }

function idsOf(rows: readonly Row[]): string[] {
  return rows.map((row) => {
    if (row.kind === 'evicted') return `out ${row.evicted.item.id}`
    return row.kind === 'item' ? row.item.id : row.kind === 'gone' ? `gone ${row.item.id}` : row.kind
  })
}

describe('rowsOf', () => {
  const state = stateOf([item('a', 100), item('b', 300), item('c', 50, { tier: 'L2' })], [item('d', 10), item('e', 20)])

  it('lists tiers with their items, then what was evicted, newest first', () => {
    expect(idsOf(rowsOf(state, BY_TOKENS))).toEqual(['tier', 'b', 'a', 'tier', 'c', 'evicted-title', 'out e', 'out d'])
    const ascending = rowsOf(state, { ...BY_TOKENS, sort: { key: 'tokens', descending: false } })
    expect(idsOf(ascending).slice(0, 3)).toEqual(['tier', 'a', 'b'])
  })

  it('shows a tier that is never more than the sum of its items, also while a filter hides some', () => {
    const tier = rowsOf(state, { ...BY_TOKENS, filter: 'b' }).find((row) => row.kind === 'tier' && row.tier === 'L1')
    expect(tier).toEqual({ kind: 'tier', tier: 'L1', tokens: 400, items: 2 })
  })

  it('filters by title, kind, reason, source and marks', () => {
    const found = stateOf([
      item('a', 1, { pinned: true }),
      item('b', 1, { stale: true }),
      item('c', 1, { source: { by: 'agent', frame: 3, tool: 'memory.search', query: 'tax rate' } }),
    ])
    const ids = (filter: string): string[] => idsOf(rowsOf(found, { ...BY_TOKENS, filter })).filter((id) => id !== 'tier')
    expect(ids('PINNED')).toEqual(['a'])
    expect(ids('stale file')).toEqual(['b'])
    expect(ids('search tax')).toEqual(['c'])
    expect(ids('read by')).toEqual(['a', 'b', 'c'])
    expect(ids('nothing has this')).toEqual([])
  })

  it('marks what differs from another frame, and lists what is gone', () => {
    const before = stateOf([
      item('a', 100, { tier: 'L2' }),
      item('b', 260, { content: OTHER_HASH }),
      item('c', 50, { tier: 'L2' }),
      item('e', 20),
      item('f', 5),
    ])
    const rows = rowsOf(state, { ...BY_TOKENS, compared: before })
    expect(rows.flatMap((row) => (row.kind === 'item' || row.kind === 'evicted' ? [row.change] : []))).toEqual([
      { is: 'changed', from: 'L1', tokensBy: 40 },
      { is: 'moved', from: 'L2', tokensBy: 0 },
      { is: 'same' },
      { is: 'removed' },
      { is: 'same' },
    ])
    expect(idsOf(rows).slice(-4)).toEqual(['evicted-title', 'gone f', 'out e', 'out d'])
    expect(idsOf(rowsOf(state, { ...BY_TOKENS, compared: before, differencesOnly: true }))).toEqual([
      ...['tier', 'b', 'a', 'tier', 'evicted-title', 'gone f', 'out e'],
    ])
    expect(compareStates(before, state)).toEqual({ added: 0, removed: 2, moved: 1, changed: 1, tokensBy: { L1: 115, L2: -100 } })
  })
})

describe('sourceInWords', () => {
  it('names the tool and the place, a person, or the query', () => {
    const of = (source: ContextItem['source']): string => sourceInWords(item('a', 1, { source }))
    expect(of({ by: 'agent', frame: 4, tool: 'fs.read', path: 'a.ts', lines: { from: 3, to: 9 } })).toBe('fs.read a.ts:3-9')
    expect(of({ by: 'agent', frame: 4, tool: 'memory.search', query: 'tax' })).toBe('memory.search "tax"')
    expect(of({ by: 'human', frame: 4, path: 'a.ts' })).toBe('by hand, a.ts')
    expect(of({ by: 'kernel', frame: null, path: 'AGENTS.md' })).toBe('AGENTS.md')
    expect(of({ by: 'kernel', frame: 2 })).toBe('kernel')
  })
})

describe('segmentsOf', () => {
  it('starts with what is pinned and never leaves the bar', () => {
    const segments = segmentsOf(stateOf([item('a', 600), item('b', 500, { pinned: true })]), 'L1', 1_000)
    expect(segments.map((segment) => segment.id)).toEqual(['b', 'a'])
    expect(segments.reduce((sum, segment) => sum + segment.width, 0)).toBeCloseTo(1)
  })

  it('joins items that are too small to be seen', () => {
    const small = Array.from({ length: 40 }, (_, index) => item(`s${index}`, 1))
    const segments = segmentsOf(stateOf([item('a', 500), ...small]), 'L1', 1_000)
    expect(segments).toHaveLength(2)
    expect(segments[1]).toMatchObject({ title: '40 small items', tokens: 40 })
  })
})
