import { describe, expect, it } from 'vitest'
import { branchOrigins, foldFrames, pathTo } from '../../shared/run-state'
import { StateCache } from './state-cache'
import { branch, fork, message, put } from './testing/frame-fixtures'

/** A main line of 200 frames with a fork at 100, whose frames alternate with the main line's, and a fork of the fork. */
function longRun(): StateCache {
  const cache = new StateCache()
  for (let n = 1; n <= 100; n += 1) cache.append(put(n, 'b0', `item-${n % 30}`))
  cache.append(fork(101, 'b1', 'b0', 100))
  for (let n = 102; n <= 299; n += 1) cache.append(put(n, n % 2 === 0 ? 'b0' : 'b1', `item-${n % 30}`))
  cache.append(fork(300, 'b2', 'b1', 201))
  for (let n = 301; n <= 400; n += 1) cache.append(message(n, 'b2'))
  return cache
}

describe('StateCache', () => {
  it('has the same state as a whole fold, at any frame and in any order of asking', () => {
    const cache = longRun()
    const origins = branchOrigins(cache.frames)
    for (const [branchId, n] of [
      ['b0', 250],
      ['b1', 299],
      ['b0', 64],
      ['b0', 65],
      ['b1', 100],
      ['b2', 400],
      ['b2', 250],
      ['b1', 1],
      ['b0', 400],
    ] as const) {
      const whole = foldFrames(pathTo(cache.frames, origins, branch(branchId), n))
      expect(cache.stateAt(branch(branchId), n)).toEqual(whole)
    }
  })

  it('finds neighbours on the way to a branch, across its fork', () => {
    const cache = longRun()
    expect(cache.atOrBefore(branch('b1'), 300)).toBe(299)
    expect(cache.atOrBefore(branch('b1'), 101)).toBe(101)
    expect(cache.atOrBefore(branch('b1'), 100)).toBe(100)
    expect(cache.after(branch('b1'), 99)).toBe(100)
    expect(cache.after(branch('b1'), 100)).toBe(101)
    expect(cache.after(branch('b1'), 101)).toBe(103)
    expect(cache.after(branch('b1'), 299)).toBeNull()
    expect(cache.after(branch('b2'), 201)).toBe(300)
    expect(cache.tip(branch('b0'))).toBe(298)
    expect(cache.atOrBefore(branch('b0'), 0)).toBe(0)
  })

  it('takes frames in order only', () => {
    const cache = new StateCache()
    cache.append(message(1, 'b0'))
    expect(() => cache.append(message(3, 'b0'))).toThrow(RangeError)
    expect(() => cache.append(message(2, 'b7'))).toThrow(RangeError)
  })
})
