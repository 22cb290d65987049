/** Which part of a run the timeline shows. Frame `n` is drawn at `(n - offset) * pxPerFrame`. */
export interface Viewport {
  readonly pxPerFrame: number
  /** Frame number at the left edge; fractions allowed. */
  readonly offset: number
}

export const MAX_PX_PER_FRAME = 32
/** Below this a frame has no mark of its own: columns show how many there are. */
export const DENSE_BELOW_PX = 3
/** Room between an edge and the first or last frame. */
const EDGE_PX = 14
const TIP_PX = 56
const COMFORTABLE_PX = 14

export function xOf(view: Viewport, n: number): number {
  return (n - view.offset) * view.pxPerFrame
}

export function frameAt(view: Viewport, x: number): number {
  return view.offset + x / view.pxPerFrame
}

/** The whole run, but no wider than is comfortable to read. */
export function fit(total: number, widthPx: number): Viewport {
  const pxPerFrame = Math.min(COMFORTABLE_PX, Math.max(widthPx - EDGE_PX - TIP_PX, 1) / Math.max(total - 1, 1))
  return { pxPerFrame, offset: 1 - EDGE_PX / pxPerFrame }
}

/** Keeps the frame under `x` where it is. */
export function zoomAt(view: Viewport, x: number, factor: number, total: number, widthPx: number): Viewport {
  const least = Math.min(fit(total, widthPx).pxPerFrame, COMFORTABLE_PX)
  const pxPerFrame = Math.min(MAX_PX_PER_FRAME, Math.max(least, view.pxPerFrame * factor))
  return clamp({ pxPerFrame, offset: frameAt(view, x) - x / pxPerFrame }, total, widthPx)
}

export function panBy(view: Viewport, px: number, total: number, widthPx: number): Viewport {
  return clamp({ ...view, offset: view.offset + px / view.pxPerFrame }, total, widthPx)
}

/** Never further than the first frame at the left and the last one, with its tip, at the right. */
export function clamp(view: Viewport, total: number, widthPx: number): Viewport {
  const first = 1 - EDGE_PX / view.pxPerFrame
  const last = Math.max(first, total + (TIP_PX - widthPx) / view.pxPerFrame)
  return { ...view, offset: Math.min(Math.max(view.offset, first), last) }
}

/** Moves as little as needed to show the frame with some room around it. */
export function reveal(view: Viewport, n: number, total: number, widthPx: number): Viewport {
  const x = xOf(view, n)
  if (x < EDGE_PX) return panBy(view, x - EDGE_PX, total, widthPx)
  if (x > widthPx - TIP_PX) return panBy(view, x - widthPx + TIP_PX, total, widthPx)
  return view
}

/** True when the end of the run can be seen, so that a growing run is followed. */
export function showsEnd(view: Viewport, total: number, widthPx: number): boolean {
  return xOf(view, total) <= widthPx
}

export function needsMinimap(view: Viewport, total: number, widthPx: number): boolean {
  return total * view.pxPerFrame > 2 * widthPx
}
