import type { BranchId } from '../../../shared/ids'
import type { BranchOrigin } from '../../../shared/run-state'

export const RULER_PX = 20
export const LANE_PX = 26
export const BAND_PX = 26

export interface Lane {
  readonly branchId: BranchId
  readonly parent: BranchId | null
  readonly fromFrame: number
  readonly index: number
}

/** Lanes from the top: the main line, then the branches that were chosen (merged), then the others, each by fork time. */
export function lanesOf(origins: readonly BranchOrigin[], chosen: ReadonlySet<BranchId>): Lane[] {
  const rank = (origin: BranchOrigin): number => (origin.parent === null ? 0 : chosen.has(origin.branchId) ? 1 : 2)
  const ordered = origins
    .map((origin, order) => ({ origin, order }))
    .toSorted((a, b) => rank(a.origin) - rank(b.origin) || a.order - b.order)
  return ordered.map(({ origin }, index) => ({ ...origin, index }))
}

export function laneTop(index: number): number {
  return RULER_PX + index * LANE_PX
}

export function laneMiddle(index: number): number {
  return laneTop(index) + LANE_PX / 2
}

export function laneAt(lanes: readonly Lane[], y: number): Lane | null {
  return lanes[Math.floor((y - RULER_PX) / LANE_PX)] ?? null
}

export function heightOf(lanes: readonly Lane[]): number {
  return RULER_PX + Math.max(1, lanes.length) * LANE_PX + BAND_PX
}

/** Distance between numbers of the ruler: the first of 1, 2, 5, 10, 20, 50, ... that leaves room for them. */
export function rulerStep(pxPerFrame: number): number {
  const wanted = 56 / pxPerFrame
  const power = 10 ** Math.floor(Math.log10(Math.max(wanted, 1)))
  return [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= wanted) ?? power * 10
}

/** Index of the frame of a lane that is nearest to `n`; -1 for an empty lane. */
export function nearest(frames: readonly { readonly n: number }[], n: number): number {
  let low = 0
  let high = frames.length - 1
  while (low < high) {
    const middle = (low + high) >> 1
    if ((frames[middle]?.n ?? 0) < n) low = middle + 1
    else high = middle
  }
  const before = frames[low - 1]
  const at = frames[low]
  if (at === undefined) return -1
  return before !== undefined && n - before.n < at.n - n ? low - 1 : low
}
