import { describe, expect, it } from 'vitest'
import { type ContextItem, type ContextState, emptyContext } from '../../../shared/context'
import { HASH } from '../../app/testing/frame-fixtures'
import { rowsOf, segmentsOf } from './tier-rows'

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

describe('rowsOf', () => {
  const state = stateOf([item('a', 100), item('b', 300), item('c', 50, { tier: 'L2' })], [item('d', 10), item('e', 20)])

  it('lists tiers with their items, then what was evicted, newest first', () => {
    expect(
      rowsOf(state, 'tokens', '', null).map((row) =>
        row.kind === 'item' ? row.item.id : row.kind === 'evicted' ? row.evicted.item.id : row.kind,
      ),
    ).toEqual(['tier', 'b', 'a', 'tier', 'c', 'evicted-title', 'e', 'd'])
  })

  it('shows a tier that is never more than the sum of its items', () => {
    const tier = rowsOf(state, 'title', '', null).find((row) => row.kind === 'tier' && row.tier === 'L1')
    expect(tier).toEqual({ kind: 'tier', tier: 'L1', tokens: 400, items: 2 })
  })

  it('filters by words and marks what differs from another frame', () => {
    const before = stateOf([item('a', 100, { tier: 'L2' })])
    const rows = rowsOf(state, 'title', 'READ', before).flatMap((row) => (row.kind === 'item' ? [[row.item.id, row.change]] : []))
    expect(rows).toEqual([
      ['a', 'moved'],
      ['b', 'added'],
      ['c', 'added'],
    ])
    expect(rowsOf(state, 'title', 'nothing has this', null).some((row) => row.kind === 'item')).toBe(false)
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
