import { describe, expect, it } from 'vitest'
import { branch } from '../../app/testing/frame-fixtures'
import { laneAt, laneMiddle, lanesOf, nearest, rulerStep } from './lanes'

const ORIGINS = [
  { branchId: branch('b0'), parent: null, fromFrame: 0 },
  { branchId: branch('b1'), parent: branch('b0'), fromFrame: 40 },
  { branchId: branch('b2'), parent: branch('b0'), fromFrame: 40 },
  { branchId: branch('b3'), parent: branch('b2'), fromFrame: 60 },
]

describe('lanesOf', () => {
  it('puts the main line first, then what was chosen, then the others by fork time', () => {
    expect(lanesOf(ORIGINS, new Set([branch('b2')])).map((lane) => lane.branchId)).toEqual(['b0', 'b2', 'b1', 'b3'])
    expect(lanesOf(ORIGINS, new Set()).map((lane) => lane.index)).toEqual([0, 1, 2, 3])
  })

  it('is hit in the middle of each lane and nowhere else', () => {
    const lanes = lanesOf(ORIGINS, new Set())
    for (const lane of lanes) expect(laneAt(lanes, laneMiddle(lane.index))).toBe(lane)
    expect(laneAt(lanes, 5)).toBeNull()
    expect(laneAt(lanes, 5_000)).toBeNull()
  })
})

describe('rulerStep', () => {
  it('leaves room between numbers, in steps of 1, 2 and 5', () => {
    expect([60, 30, 14, 3, 0.5, 0.1].map(rulerStep)).toEqual([1, 2, 5, 20, 200, 1_000])
  })
})

describe('nearest', () => {
  const frames = [{ n: 2 }, { n: 5 }, { n: 11 }]

  it('finds the frame that is nearest to a number', () => {
    expect([0, 2, 3, 4, 7, 9, 99].map((n) => nearest(frames, n))).toEqual([0, 0, 0, 1, 1, 2, 2])
    expect(nearest([], 3)).toBe(-1)
  })
})
