import { describe, expect, it } from 'vitest'
import { clamp, fit, frameAt, needsMinimap, reveal, showsEnd, type Viewport, xOf, zoomAt } from './viewport'

const WIDTH = 1_000

describe('fit', () => {
  it('shows the whole run between its edges', () => {
    const view = fit(10_000, WIDTH)
    expect(xOf(view, 1)).toBeCloseTo(14)
    expect(xOf(view, 10_000)).toBeCloseTo(WIDTH - 56)
  })

  it('does not stretch a short run', () => {
    expect(fit(5, WIDTH).pxPerFrame).toBe(14)
    expect(fit(0, WIDTH).pxPerFrame).toBe(14)
  })
})

describe('zoomAt', () => {
  it('keeps the frame under the pointer', () => {
    const view: Viewport = { pxPerFrame: 4, offset: 300 }
    const under = frameAt(view, 420)
    expect(frameAt(zoomAt(view, 420, 2, 5_000, WIDTH), 420)).toBeCloseTo(under)
  })

  it('ends at the whole run and at single frames', () => {
    const view = fit(5_000, WIDTH)
    expect(zoomAt(view, 500, 0.01, 5_000, WIDTH)).toEqual(view)
    expect(zoomAt(view, 500, 1e6, 5_000, WIDTH).pxPerFrame).toBe(32)
  })
})

describe('clamp and reveal', () => {
  const view: Viewport = { pxPerFrame: 10, offset: 200 }

  it('never leaves the run', () => {
    expect(xOf(clamp({ ...view, offset: -500 }, 400, WIDTH), 1)).toBeCloseTo(14)
    expect(xOf(clamp({ ...view, offset: 9_000 }, 400, WIDTH), 400)).toBeCloseTo(WIDTH - 56)
  })

  it('moves no further than needed', () => {
    expect(reveal(view, 250, 400, WIDTH)).toBe(view)
    expect(xOf(reveal(view, 310, 400, WIDTH), 310)).toBeCloseTo(WIDTH - 56)
    expect(xOf(reveal(view, 100, 400, WIDTH), 100)).toBeCloseTo(14)
  })

  it('knows whether the end is in view and whether a minimap is needed', () => {
    expect(showsEnd(view, 300, WIDTH)).toBe(true)
    expect(showsEnd(view, 301, WIDTH)).toBe(false)
    expect(needsMinimap(view, 200, WIDTH)).toBe(false)
    expect(needsMinimap(view, 201, WIDTH)).toBe(true)
  })
})
