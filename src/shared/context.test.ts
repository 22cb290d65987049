import { describe, expect, it } from 'vitest'
import { canonicalJson } from './canonical-json'
import {
  cacheImpact,
  ContextChange,
  type ContextItem,
  ContextState,
  DEFAULT_BUDGET,
  emptyContext,
  promptChange,
  promptOrder,
  reduceChanges,
  reduceContext,
} from './context'
import type { ContentHash } from './ids'

const hash = (digit: string): ContentHash => digit.repeat(64) as ContentHash

function item(id: string, more: Partial<ContextItem> = {}): ContextItem {
  return {
    ...{ id, tier: 'L2', kind: 'file', title: id, content: hash('a'), tokens: 10, reason: 'read' },
    ...{ source: { by: 'agent', frame: 1 }, addedAt: 1, lastUsedAt: 1, pinned: false, stale: false },
    ...more,
  }
}

describe('changes that were recorded before there was more to record', () => {
  it('are read, and give the state that they gave then', () => {
    const recorded = [
      { op: 'put', item: item('file:a') },
      { op: 'put', item: item('file:b') },
      { op: 'touch', id: 'file:a' },
      { op: 'pin', id: 'file:a', pinned: true, rule: 'x' },
      { op: 'rewrite', id: 'file:a', content: hash('b'), tokens: 5, rule: 'edited' },
      { op: 'move', id: 'file:a', from: 'L2', to: 'L1', rule: 'moved' },
      { op: 'stale', id: 'file:a', stale: true },
      { op: 'evict', id: 'file:b', rule: 'old' },
      { op: 'evict', id: 'nothing', rule: 'old' },
      { op: 'bring-back', id: 'nothing', to: 'L1' },
    ].map((change) => ContextChange.parse(change))
    const expected = {
      budget: DEFAULT_BUDGET,
      items: {
        'file:a': item('file:a', { tier: 'L1', content: hash('b'), tokens: 5, reason: 'moved', lastUsedAt: 4, pinned: true, stale: true }),
      },
      evicted: [{ item: item('file:b'), rule: 'old', atFrame: 4 }],
    }
    const state = reduceChanges(emptyContext(), recorded, 4)
    expect(canonicalJson(state)).toBe(canonicalJson(expected))
    expect(canonicalJson(ContextState.parse(state))).toBe(canonicalJson(expected))
    expect(recorded.reduce((at, change) => reduceContext(at, change, 4), emptyContext())).toEqual(expected)
  })
})

describe('reducing', () => {
  it('never touches the state that it began with, and gives the same one back when nothing changes', () => {
    const before = reduceContext(emptyContext(), { op: 'put', item: item('file:a') }, 1)
    const copy = structuredClone(before)
    reduceChanges(
      before,
      [
        { op: 'evict', id: 'file:a', rule: 'x' },
        { op: 'bring-back', id: 'file:a', to: 'L1' },
      ],
      2,
    )
    expect(before).toEqual(copy)
    expect(reduceContext(before, { op: 'touch', id: 'nothing' }, 2)).toBe(before)
  })

  it('takes an id for what it is', () => {
    const state = reduceContext(emptyContext(), { op: 'put', item: item('__proto__') }, 1)
    expect(Object.keys(state.items)).toEqual(['__proto__'])
    expect(Object.keys(reduceContext(state, { op: 'evict', id: '__proto__', rule: 'x' }, 2).items)).toEqual([])
  })

  it('lists at most 200 evicted items, the newest', () => {
    let state = emptyContext()
    for (let frame = 1; frame <= 205; frame += 1) {
      const id = `tool:${frame}`
      state = reduceChanges(
        state,
        [
          { op: 'put', item: item(id) },
          { op: 'evict', id, rule: 'x' },
        ],
        frame,
      )
    }
    expect(state.evicted.map((entry) => entry.atFrame)).toEqual(Array.from({ length: 200 }, (_, index) => index + 6))
  })
})

describe('the order of the prompt', () => {
  const items = [
    item('file:a', { addedAt: 2, content: hash('1') }),
    item('file:b', { addedAt: 3, content: hash('2'), tier: 'L1' }),
    item('task', { kind: 'task', addedAt: 9, content: hash('3') }),
    item('instruction:x', { kind: 'instruction', addedAt: 9, content: hash('4') }),
    item('file:gone', { tier: 'L3' }),
  ]
  const state = items.reduce((at, one) => reduceContext(at, { op: 'put', item: one }, 1), emptyContext())
  const idsOf = (of: ContextState): string[] => promptOrder(of).map((one) => one.id)

  it('is instructions, the task, then by the frame that gave the text', () => {
    expect(idsOf(state)).toEqual(['instruction:x', 'task', 'file:a', 'file:b'])
    const rewritten = reduceContext(state, { op: 'rewrite', id: 'file:a', content: hash('5'), tokens: 4, rule: 'x', textAt: 12 }, 12)
    expect(idsOf(rewritten)).toEqual(['instruction:x', 'task', 'file:b', 'file:a'])
  })

  it('is not changed by pinning or moving, which therefore cost nothing', () => {
    const moved = reduceChanges(
      state,
      [
        { op: 'pin', id: 'file:b', pinned: true, rule: 'x' },
        { op: 'move', id: 'file:a', from: 'L2', to: 'L1', rule: 'x' },
      ],
      10,
    )
    expect(idsOf(moved)).toEqual(idsOf(state))
    expect(cacheImpact(state, moved)).toEqual({ keptTokens: 40, refillTokens: 0, savedTokens: 0 })
    expect(promptChange(state, moved)).toBeNull()
  })

  it('says from where on it is read anew when something goes, and that adding breaks nothing', () => {
    const without = reduceContext(state, { op: 'evict', id: 'file:a', rule: 'x' }, 10)
    expect(cacheImpact(state, without)).toEqual({ keptTokens: 20, refillTokens: 10, savedTokens: 10 })
    expect(promptChange(state, without)).toMatchObject({ op: 'prompt', id: 'file:a' })
    const longer = reduceContext(state, { op: 'put', item: item('tool:11', { addedAt: 11 }) }, 11)
    expect(cacheImpact(state, longer)).toEqual({ keptTokens: 40, refillTokens: 10, savedTokens: 0 })
    expect(promptChange(state, longer)).toBeNull()
  })
})
