import type { Frame } from '../../../shared/frames'
import type { BranchId } from '../../../shared/ids'
import { frameRole, type FrameRole, frameTokens } from '../../app/frame-words'
import type { StateCache } from '../../app/state-cache'
import { BAND_PX, LANE_PX, type Lane, laneMiddle, laneTop, RULER_PX, rulerStep } from './lanes'
import { DENSE_BELOW_PX, frameAt, type Viewport, xOf } from './viewport'

/** Colours of the theme, read from the style sheet once per theme. */
export interface Palette {
  readonly text: string
  readonly muted: string
  readonly faint: string
  readonly hairline: string
  readonly strong: string
  readonly surface: string
  readonly selected: string
  readonly accent: string
  readonly past: string
  readonly roles: Readonly<Record<FrameRole, string>>
  readonly font: string
}

export function readPalette(element: Element): Palette {
  const style = getComputedStyle(element)
  const get = (name: string): string => style.getPropertyValue(name).trim()
  return {
    text: get('--text'),
    muted: get('--text-muted'),
    faint: get('--text-faint'),
    hairline: get('--hairline'),
    strong: get('--hairline-strong'),
    surface: get('--surface'),
    selected: get('--surface-selected'),
    accent: get('--accent'),
    past: get('--past-line'),
    roles: {
      tool: get('--frame-tool'),
      change: get('--frame-change'),
      context: get('--frame-context'),
      human: get('--frame-human'),
      decision: get('--frame-decision'),
      error: get('--frame-error'),
      denied: get('--danger'),
      judge: get('--frame-judge'),
      agent: get('--frame-agent'),
      branch: get('--text-muted'),
      system: get('--frame-system'),
    },
    font: `11px ${get('--font-mono')}`,
  }
}

export interface Scene {
  readonly cache: StateCache
  readonly lanes: readonly Lane[]
  readonly view: Viewport
  readonly width: number
  readonly height: number
  readonly branchId: BranchId
}

/** What moves while scrubbing: painted on a canvas of its own, so that the frames are not painted again. */
export interface Cursor {
  /** Selected frame; 0 for none. */
  readonly n: number
  readonly past: boolean
  readonly compareWith: number | null
  readonly hovered: number | null
}

export function paintFrames(context: CanvasRenderingContext2D, scene: Scene, colours: Palette): void {
  context.clearRect(0, 0, scene.width, scene.height)
  context.font = colours.font
  context.textBaseline = 'middle'
  const first = Math.max(1, Math.floor(frameAt(scene.view, 0)) - 1)
  const last = Math.min(scene.cache.length, Math.ceil(frameAt(scene.view, scene.width)) + 1)
  paintRuler(context, scene, colours, first, last)
  paintLines(context, scene, colours)
  if (scene.view.pxPerFrame < DENSE_BELOW_PX) paintColumns(context, scene, colours, first, last)
  else paintMarks(context, scene, colours, first, last)
  paintBand(context, scene, colours, first, last)
}

function paintRuler(context: CanvasRenderingContext2D, scene: Scene, colours: Palette, first: number, last: number): void {
  const step = rulerStep(scene.view.pxPerFrame)
  context.fillStyle = colours.faint
  context.strokeStyle = colours.hairline
  context.lineWidth = 1
  context.textAlign = 'left'
  for (let n = Math.ceil(first / step) * step; n <= last; n += step) {
    const x = Math.round(xOf(scene.view, n)) + 0.5
    context.beginPath()
    context.moveTo(x, RULER_PX - 5)
    context.lineTo(x, scene.height - BAND_PX)
    context.stroke()
    context.fillText(String(n), x + 3, RULER_PX / 2 - 1)
  }
}

function paintLines(context: CanvasRenderingContext2D, scene: Scene, colours: Palette): void {
  const byId = new Map(scene.lanes.map((lane) => [lane.branchId, lane]))
  const path = pathLanes(scene)
  for (const lane of scene.lanes) {
    const own = scene.cache.ownFrames(lane.branchId)
    if (lane.branchId === scene.branchId) {
      context.fillStyle = colours.selected
      context.globalAlpha = 0.35
      context.fillRect(0, laneTop(lane.index), scene.width, LANE_PX)
      context.globalAlpha = 1
    }
    const start = own[0]?.n
    const end = own.at(-1)?.n
    if (start === undefined || end === undefined) continue
    const parent = lane.parent === null ? undefined : byId.get(lane.parent)
    const limit = path.get(lane.branchId)
    lanePath(context, scene, lane, parent, start, end)
    context.strokeStyle = colours.strong
    context.lineWidth = 1
    context.stroke()
    if (limit === undefined) continue
    lanePath(context, scene, lane, parent, start, Math.max(start, Math.min(end, limit)))
    context.strokeStyle = colours.accent
    context.lineWidth = 1.5
    context.stroke()
  }
}

/** A branch leaves its parent's lane at its fork frame with a short curve. */
function lanePath(context: CanvasRenderingContext2D, scene: Scene, lane: Lane, parent: Lane | undefined, start: number, end: number): void {
  const y = laneMiddle(lane.index) + 0.5
  const startX = xOf(scene.view, start)
  context.beginPath()
  if (parent === undefined) {
    context.moveTo(startX, y)
  } else {
    const fromX = xOf(scene.view, lane.fromFrame)
    const fromY = laneMiddle(parent.index) + 0.5
    const bend = Math.min(14, Math.max(4, startX - fromX))
    context.moveTo(fromX, fromY)
    context.bezierCurveTo(fromX + bend, fromY, fromX, y, fromX + bend, y)
    context.lineTo(startX, y)
  }
  context.lineTo(xOf(scene.view, end), y)
}

/** Branches on the way to the tip of the selected one, each with its last frame on that way. */
function pathLanes(scene: Scene): Map<BranchId, number> {
  const path = new Map<BranchId, number>()
  let at: BranchId | null = scene.branchId
  let limit = Number.POSITIVE_INFINITY
  while (at !== null) {
    path.set(at, limit)
    const origin = scene.cache.origin(at)
    limit = Math.min(limit, origin?.fromFrame ?? 0)
    at = origin?.parent ?? null
  }
  return path
}

function paintMarks(context: CanvasRenderingContext2D, scene: Scene, colours: Palette, first: number, last: number): void {
  const rows = new Map(scene.lanes.map((lane) => [lane.branchId, laneMiddle(lane.index)]))
  const size = markSize(scene.view)
  for (let n = first; n <= last; n += 1) {
    const frame = scene.cache.frame(n)
    const y = frame === undefined ? undefined : rows.get(frame.branchId)
    if (frame === undefined || y === undefined) continue
    const x = xOf(scene.view, n)
    const role = frameRole(frame)
    if (frame.checkpoint !== null) {
      context.fillStyle = colours.muted
      context.fillRect(Math.round(x) - 0.5, y - 10, 1, 20)
    }
    mark(context, frame, role, x, y, size, colours)
  }
}

/** Shape first, colour second: a frame's kind reads without colour. */
function mark(
  context: CanvasRenderingContext2D,
  frame: Frame,
  role: FrameRole,
  x: number,
  y: number,
  size: number,
  colours: Palette,
): void {
  const colour = colours.roles[role]
  context.fillStyle = colour
  context.strokeStyle = colour
  context.lineWidth = 1.4
  context.beginPath()
  switch (role) {
    case 'change':
      context.fillRect(x - size, y - size, size * 2, size * 2)
      return
    case 'tool':
      if (frame.kind === 'tool.intent') {
        context.fillRect(x - 0.75, y - size * 0.6, 1.5, size * 1.2)
        return
      }
      hollow(context, colours)
      context.rect(x - size + 0.7, y - size + 0.7, size * 2 - 1.4, size * 2 - 1.4)
      break
    case 'context':
      hollow(context, colours)
      context.moveTo(x, y - size)
      context.lineTo(x + size, y)
      context.lineTo(x, y + size)
      context.lineTo(x - size, y)
      context.closePath()
      break
    case 'human':
      context.moveTo(x, y - size)
      context.lineTo(x + size, y + size)
      context.lineTo(x - size, y + size)
      context.closePath()
      context.fill()
      return
    case 'decision':
      context.arc(x, y, Math.max(1.2, size * 0.45), 0, Math.PI * 2)
      context.fill()
      return
    case 'error':
      context.lineWidth = 2
      context.moveTo(x - size, y - size)
      context.lineTo(x + size, y + size)
      context.moveTo(x + size, y - size)
      context.lineTo(x - size, y + size)
      context.stroke()
      return
    case 'denied':
      // A bar over the whole lane with a closed sign: to be found at a glance in a run of hundreds of frames.
      context.fillRect(Math.round(x) - 1, y - 11, 2, 22)
      context.arc(x, y, size + 1, 0, Math.PI * 2)
      context.fill()
      context.fillStyle = colours.surface
      context.fillRect(x - size * 0.6, y - 0.9, size * 1.2, 1.8)
      return
    case 'judge':
      context.arc(x, y, size, Math.PI, 0)
      context.closePath()
      context.fill()
      return
    case 'agent':
      context.fillRect(x - 0.75, y - size, 1.5, size * 2)
      return
    case 'branch':
      hollow(context, colours)
      context.arc(x, y, size - 0.5, 0, Math.PI * 2)
      break
    case 'system':
      context.fillRect(x - 0.5, y - size * 0.5, 1, size)
      return
  }
  context.fill()
  context.stroke()
}

function hollow(context: CanvasRenderingContext2D, colours: Palette): void {
  context.fillStyle = colours.surface
}

interface Column {
  frames: number
  changes: number
  errors: number
  denials: number
  keyframes: number
}

/** For runs too long to show each frame: columns of 3 px whose height is the number of frames, changes and errors on top. */
function paintColumns(context: CanvasRenderingContext2D, scene: Scene, colours: Palette, first: number, last: number): void {
  const rows = new Map(scene.lanes.map((lane) => [lane.branchId, new Map<number, Column>()]))
  for (let n = first; n <= last; n += 1) {
    const frame = scene.cache.frame(n)
    const row = frame === undefined ? undefined : rows.get(frame.branchId)
    if (frame === undefined || row === undefined) continue
    const slot = Math.floor(xOf(scene.view, n) / DENSE_BELOW_PX)
    const column = row.get(slot) ?? { frames: 0, changes: 0, errors: 0, denials: 0, keyframes: 0 }
    const role = frameRole(frame)
    column.frames += 1
    if (role === 'change') column.changes += 1
    if (role === 'error') column.errors += 1
    if (role === 'denied') column.denials += 1
    if (frame.checkpoint !== null) column.keyframes += 1
    row.set(slot, column)
  }
  const most = Math.max(1, Math.ceil(DENSE_BELOW_PX / scene.view.pxPerFrame))
  for (const lane of scene.lanes) {
    const bottom = laneTop(lane.index) + LANE_PX - 3
    for (const [slot, column] of rows.get(lane.branchId) ?? []) {
      const tall = (share: number): number => Math.max(1, Math.round((Math.min(share, most) / most) * (LANE_PX - 8)))
      const x = slot * DENSE_BELOW_PX
      context.fillStyle = colours.roles.tool
      context.globalAlpha = 0.55
      context.fillRect(x, bottom - tall(column.frames), DENSE_BELOW_PX - 1, tall(column.frames))
      context.globalAlpha = 1
      if (column.changes > 0) {
        context.fillStyle = colours.roles.change
        context.fillRect(x, bottom - tall(column.changes), DENSE_BELOW_PX - 1, tall(column.changes))
      }
      if (column.keyframes > 0) {
        context.fillStyle = colours.muted
        context.fillRect(x, laneTop(lane.index) + 2, 1, 3)
      }
      if (column.errors > 0) {
        context.fillStyle = colours.roles.error
        context.fillRect(x, laneTop(lane.index) + 2, DENSE_BELOW_PX - 1, 3)
      }
      if (column.denials > 0) {
        context.fillStyle = colours.roles.denied
        context.fillRect(x, laneTop(lane.index) + 1, DENSE_BELOW_PX - 1, LANE_PX - 2)
      }
    }
  }
}

/** Tokens that each frame put into context, as bars on a square-root scale. */
function paintBand(context: CanvasRenderingContext2D, scene: Scene, colours: Palette, first: number, last: number): void {
  const top = scene.height - BAND_PX
  context.fillStyle = colours.hairline
  context.fillRect(0, top, scene.width, 1)
  const slots = new Map<number, number>()
  const slotPx = Math.max(1, Math.min(6, Math.floor(scene.view.pxPerFrame) - 1))
  let most = 1
  for (let n = first; n <= last; n += 1) {
    const frame = scene.cache.frame(n)
    const tokens = frame === undefined ? 0 : frameTokens(frame)
    if (tokens === 0) continue
    const x = Math.round(xOf(scene.view, n))
    const sum = (slots.get(x) ?? 0) + tokens
    slots.set(x, sum)
    most = Math.max(most, sum)
  }
  context.fillStyle = colours.roles.context
  context.globalAlpha = 0.75
  for (const [x, tokens] of slots) {
    const tall = Math.max(1, Math.sqrt(tokens / most) * (BAND_PX - 6))
    context.fillRect(x - slotPx / 2, scene.height - 2 - tall, slotPx, tall)
  }
  context.globalAlpha = 1
}

export function paintCursor(context: CanvasRenderingContext2D, scene: Scene, cursor: Cursor, colours: Palette): void {
  context.clearRect(0, 0, scene.width, scene.height)
  const line = (n: number, colour: string, dash: number[]): void => {
    const x = Math.round(xOf(scene.view, n)) + 0.5
    context.strokeStyle = colour
    context.lineWidth = 1
    context.setLineDash(dash)
    context.beginPath()
    context.moveTo(x, 0)
    context.lineTo(x, scene.height)
    context.stroke()
    context.setLineDash([])
    context.fillStyle = colour
    context.beginPath()
    context.moveTo(x - 5, 0)
    context.lineTo(x + 5, 0)
    context.lineTo(x, 6)
    context.closePath()
    context.fill()
  }
  const box = (n: number, colour: string): void => {
    const frame = scene.cache.frame(n)
    const lane = scene.lanes.find((candidate) => candidate.branchId === frame?.branchId)
    if (lane === undefined) return
    const size = markSize(scene.view)
    context.strokeStyle = colour
    context.lineWidth = 1.5
    context.strokeRect(Math.round(xOf(scene.view, n) - size - 2) - 0.5, laneMiddle(lane.index) - size - 2.5, size * 2 + 5, size * 2 + 5)
  }
  if (cursor.compareWith !== null) line(cursor.compareWith, colours.roles.judge, [3, 3])
  if (cursor.n > 0) line(cursor.n, cursor.past ? colours.past : colours.accent, [])
  if (scene.view.pxPerFrame < DENSE_BELOW_PX) return
  if (cursor.hovered !== null) box(cursor.hovered, colours.muted)
  if (cursor.n > 0) box(cursor.n, colours.accent)
}

function markSize(view: Viewport): number {
  return Math.min(4, Math.max(2, view.pxPerFrame / 2.4))
}
