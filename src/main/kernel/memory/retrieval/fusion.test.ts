import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bestFusedScore, fuse } from './fusion'

const item = fc.constantFrom(...'abcdefghij')
const list = fc.record({
  list: fc.constantFrom('words', 'vectors', 'history'),
  weight: fc.double({ min: 0, max: 1, noNaN: true }),
  items: fc.array(item),
})

describe('reciprocal rank fusion', () => {
  it('adds the shares of the lists', () => {
    expect(
      fuse([
        { list: 'words', weight: 1, items: ['a', 'b'] },
        { list: 'vectors', weight: 0.5, items: ['b', 'b', 'c'] },
      ]),
    ).toEqual([
      {
        item: 'b',
        score: 1 / 62 + 0.5 / 61,
        parts: [
          { list: 'words', rank: 2, weight: 1 / 62 },
          { list: 'vectors', rank: 1, weight: 0.5 / 61 },
        ],
      },
      { item: 'a', score: 1 / 61, parts: [{ list: 'words', rank: 1, weight: 1 / 61 }] },
      { item: 'c', score: 0.5 / 62, parts: [{ list: 'vectors', rank: 2, weight: 0.5 / 62 }] },
    ])
  })

  it('gives every item of a weighted list once, best first, each score the sum of its parts and never above the greatest there can be', () => {
    fc.assert(
      fc.property(fc.array(list, { maxLength: 6 }), (lists) => {
        const fused = fuse(lists)
        const expected = new Set(lists.flatMap(({ weight, items }) => (weight > 0 ? items : [])))
        expect(new Set(fused.map((entry) => entry.item))).toEqual(expected)
        expect(fused.length).toBe(expected.size)
        const most = bestFusedScore(lists.map(({ weight }) => weight))
        for (const [at, entry] of fused.entries()) {
          expect(entry.score).toBeCloseTo(
            entry.parts.reduce((sum, part) => sum + part.weight, 0),
            12,
          )
          expect(entry.score).toBeLessThanOrEqual(most + 1e-12)
          expect(entry.score).toBeLessThanOrEqual(fused[at - 1]?.score ?? Number.POSITIVE_INFINITY)
        }
      }),
    )
  })

  it('ranks no item lower for standing higher in one of the lists', () => {
    fc.assert(
      fc.property(fc.uniqueArray(item, { minLength: 2 }), fc.array(list, { maxLength: 3 }), fc.nat(), (items, others, pick) => {
        const at = 1 + (pick % (items.length - 1))
        const raised = items.toSpliced(at - 1, 2, items[at] ?? '', items[at - 1] ?? '')
        const place = (order: readonly string[]) =>
          fuse([{ list: 'words', weight: 1, items: order }, ...others]).find((entry) => entry.item === items[at])?.score ?? 0
        expect(place(raised)).toBeGreaterThan(place(items))
      }),
    )
  })

  it('keeps the order of a list that stands alone', () => {
    fc.assert(
      fc.property(fc.uniqueArray(item), (items) => {
        expect(fuse([{ list: 'words', weight: 0.3, items }]).map((entry) => entry.item)).toEqual(items)
      }),
    )
  })
})
