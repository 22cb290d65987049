import { expect, it } from 'vitest'
import { afterCrash, type Crashes } from './restart-delay'

it('waits twice as long after each crash in a row, at most half a minute, and forgets after a healthy minute', () => {
  let crashes: Crashes | null = null
  const delays: number[] = []
  for (let n = 0; n < 9; n += 1) {
    crashes = afterCrash(crashes, 100)
    delays.push(crashes.delayMs)
  }
  expect(delays).toEqual([250, 500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000])
  expect(afterCrash(crashes, 60_000)).toEqual({ inARow: 1, delayMs: 250 })
})
