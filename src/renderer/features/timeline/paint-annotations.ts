import type { FrameMark } from '../../../shared/breakpoints'
import { LANE_PX, laneTop } from './lanes'
import { MARK_COLOUR, MARK_PATH } from './mark-shape'
import type { Palette, Scene } from './paint'
import { frameAt, xOf } from './viewport'

const MARK_PX = 10
const SHAPES = new Map<string, Path2D>()

export interface AnnotationLayer {
  readonly marks: readonly FrameMark[]
  /** Frames at which breakpoints that are on stop, or would have. */
  readonly hits: readonly number[]
  readonly matches: readonly number[]
}

/** What the search found, below the frames of the run. */
export function paintMatches(context: CanvasRenderingContext2D, scene: Scene, layer: AnnotationLayer, colours: Palette): void {
  const wide = Math.max(3, Math.min(scene.view.pxPerFrame, 12))
  for (const n of layer.matches) {
    const top = topOf(scene, n)
    if (top === null) continue
    const x = xOf(scene.view, n) - wide / 2
    context.fillStyle = colours.accent
    context.globalAlpha = 0.28
    context.fillRect(x, top + 1, wide, LANE_PX - 2)
    context.globalAlpha = 1
    context.fillRect(x, top + LANE_PX - 3, wide, 2)
  }
}

/** Marks over their lane and breakpoints under it: above the frames, with a rim in the colour of the surface. */
export function paintAnnotations(context: CanvasRenderingContext2D, scene: Scene, layer: AnnotationLayer, colours: Palette): void {
  for (const n of layer.hits) {
    const top = topOf(scene, n)
    if (top === null) continue
    context.beginPath()
    context.arc(xOf(scene.view, n), top + LANE_PX - 4, 2.6, 0, Math.PI * 2)
    context.fillStyle = colours.roles.denied
    context.strokeStyle = colours.surface
    context.lineWidth = 1.5
    context.stroke()
    context.fill()
  }
  const style = layer.marks.length === 0 ? null : getComputedStyle(context.canvas)
  for (const mark of layer.marks) {
    const top = topOf(scene, mark.frame)
    if (top === null || style === null) continue
    const shape = SHAPES.get(mark.shape) ?? new Path2D(MARK_PATH[mark.shape])
    SHAPES.set(mark.shape, shape)
    context.save()
    context.translate(xOf(scene.view, mark.frame) - MARK_PX / 2, top - 2)
    context.scale(MARK_PX / 10, MARK_PX / 10)
    context.lineWidth = 2
    context.strokeStyle = colours.surface
    context.stroke(shape)
    context.fillStyle = style.getPropertyValue(MARK_COLOUR[mark.shape]).trim()
    context.fill(shape)
    context.restore()
  }
}

/** Top of the lane of a frame that is in view; null for any other. */
function topOf(scene: Scene, n: number): number | null {
  if (n < frameAt(scene.view, 0) - 1 || n > frameAt(scene.view, scene.width) + 1) return null
  const branchId = scene.cache.frame(n)?.branchId
  const lane = scene.lanes.find((candidate) => candidate.branchId === branchId)
  return lane === undefined ? null : laneTop(lane.index)
}
