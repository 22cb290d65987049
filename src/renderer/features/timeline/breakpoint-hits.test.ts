import { expect, it } from 'vitest'
import { type Breakpoint, hitsIn } from '../../../shared/breakpoints'
import { message, put } from '../../app/testing/frame-fixtures'
import { hitsOf } from './breakpoint-hits'

it('has what a look at all frames has, however they came, and the same object while nothing is new', () => {
  const frames = Array.from({ length: 40 }, (_, index) => (index % 3 === 0 ? message(index + 1, 'b0') : put(index + 1, 'b0', `i${index}`)))
  const settings = { name: '', enabled: true, runId: null, branchId: null }
  const some: Breakpoint[] = [
    { ...settings, id: '1', condition: { on: 'kind', kinds: ['agent.message'] }, fromHit: 3 },
    { ...settings, id: '2', condition: { on: 'tokens', over: 100 }, fromHit: 1 },
    { ...settings, id: '3', condition: { on: 'error' }, fromHit: 1 },
  ]
  for (const breakpoint of some) {
    const grown = []
    for (const frame of frames) {
      grown.push(frame)
      expect(hitsOf(breakpoint, grown)).toEqual(hitsIn(breakpoint, grown))
      expect(hitsOf(breakpoint, grown)).toBe(hitsOf(breakpoint, grown))
    }
    expect(hitsOf(breakpoint, frames.slice(0, 5))).toEqual(hitsIn(breakpoint, frames.slice(0, 5)))
  }
})
