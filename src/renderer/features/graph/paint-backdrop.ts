import type { Family } from '../../components/node-look'
import type { Place } from './layout-input'

/** Nodes and relations as the backdrop paints them: places resolved once, so that a frame only draws. */
export interface Scene {
  readonly nodes: readonly SceneNode[]
  readonly edges: readonly SceneEdge[]
}

export interface SceneNode extends Place {
  readonly id: string
  readonly name: string
  readonly family: Family
  readonly look: 'plain' | 'dimmed' | 'way'
}

export interface SceneEdge {
  readonly x1: number
  readonly y1: number
  readonly x2: number
  readonly y2: number
  readonly look: 'plain' | 'dashed' | 'dotted' | 'near' | 'way'
}

export interface View {
  /** It is being moved: there will be another picture at once. */
  readonly moving: boolean
  readonly x: number
  readonly y: number
  readonly zoom: number
  readonly width: number
  readonly height: number
}

export interface Palette {
  readonly surface: string
  readonly line: string
  readonly text: string
  readonly muted: string
  readonly accent: string
  readonly selected: string
  readonly families: Readonly<Record<Family, string>>
}

const MOST_WHILE_MOVING = 1_500
const CURVES_UP_TO = 600
const IN_ONE_STROKE = 100
const NAMES_FROM = 0.7

const DASHES: Readonly<Record<SceneEdge['look'], readonly number[]>> = { plain: [], dashed: [5, 4], dotted: [1, 3], near: [], way: [] }

/**
 * Draws what of the scene is in view: relations always, nodes as marks only while they are too small to be read (then there are no
 * elements for them). Alike things are drawn in one stroke, which is what keeps thousands of them within a frame.
 */
export function paint(
  context: CanvasRenderingContext2D,
  scene: Scene,
  view: View,
  palette: Palette,
  marks: boolean,
  selected: string | null,
): void {
  const { x, y, zoom, width, height, moving } = view
  context.clearRect(0, 0, width, height)
  const [left, top] = [-x / zoom, -y / zoom]
  const [right, bottom] = [left + width / zoom, top + height / zoom]
  context.save()
  context.translate(x, y)
  context.scale(zoom, zoom)
  const inView = scene.edges.filter(
    (edge) =>
      Math.max(edge.x1, edge.x2) >= left &&
      Math.min(edge.x1, edge.x2) <= right &&
      Math.max(edge.y1, edge.y2) >= top &&
      Math.min(edge.y1, edge.y2) <= bottom,
  )
  // While it moves, of very many lines some stand for all: the rest comes back when it rests.
  const every = moving ? Math.ceil(inView.length / MOST_WHILE_MOVING) : 1
  const isSimple = marks || inView.length > CURVES_UP_TO
  for (const look of ['plain', 'dashed', 'dotted', 'near', 'way'] as const) {
    const strong = look === 'near' || look === 'way'
    context.strokeStyle = look === 'way' ? palette.accent : look === 'near' ? palette.muted : palette.line
    context.lineWidth = (look === 'way' ? 2 : 1) / zoom
    // Dashes cost more than lines, and say nothing when they are shorter than a pixel.
    context.setLineDash(isSimple ? [] : [...DASHES[look]])
    context.globalAlpha = strong || !isSimple ? 1 : 0.55
    const edges = inView.filter((edge) => edge.look === look)
    const step = look === 'way' ? 1 : every
    // One stroke of everything would take longer than many short ones: overlaps within a stroke are merged.
    for (let at = 0; at < edges.length; at += IN_ONE_STROKE * step) {
      context.beginPath()
      for (let each = at; each < Math.min(edges.length, at + IN_ONE_STROKE * step); each += step) {
        const edge = edges[each]
        if (edge === undefined) break
        context.moveTo(edge.x1, edge.y1)
        if (isSimple) context.lineTo(edge.x2, edge.y2)
        else curve(context, edge)
      }
      context.stroke()
    }
  }
  context.setLineDash([])
  if (marks) paintMarks(context, scene.nodes, { left, top, right, bottom }, zoom, palette, selected)
  context.restore()
}

function curve(context: CanvasRenderingContext2D, { x1, y1, x2, y2 }: SceneEdge): void {
  const bend = Math.max(24, Math.abs(x2 - x1) / 2)
  context.bezierCurveTo(x1 + bend, y1, x2 - bend, y2, x2, y2)
}

interface Bounds {
  readonly left: number
  readonly top: number
  readonly right: number
  readonly bottom: number
}

function paintMarks(
  context: CanvasRenderingContext2D,
  nodes: readonly SceneNode[],
  { left, top, right, bottom }: Bounds,
  zoom: number,
  palette: Palette,
  selected: string | null,
): void {
  const inView = nodes.filter((node) => node.x < right && node.x + node.width > left && node.y < bottom && node.y + node.height > top)
  context.globalAlpha = 1
  context.fillStyle = palette.surface
  context.beginPath()
  for (const node of inView) context.rect(node.x, node.y, node.width, node.height)
  context.fill()
  for (const family of Object.keys(palette.families) as Family[]) {
    for (const isDimmed of [false, true]) {
      context.beginPath()
      for (const node of inView) {
        if (node.family === family && (node.look === 'dimmed') === isDimmed) context.rect(node.x, node.y, node.width, node.height)
      }
      context.fillStyle = palette.families[family]
      context.globalAlpha = zoom >= NAMES_FROM ? 0.18 : isDimmed ? 0.25 : 0.75
      context.fill()
    }
  }
  context.globalAlpha = 1
  if (zoom >= NAMES_FROM) {
    context.fillStyle = palette.text
    context.font = '12px "JetBrains Mono", monospace'
    for (const node of inView) context.fillText(node.name, node.x + 34, node.y + 17, node.width - 44)
  }
  context.lineWidth = 2 / zoom
  context.strokeStyle = palette.accent
  context.beginPath()
  for (const node of inView) if (node.look === 'way') context.rect(node.x, node.y, node.width, node.height)
  context.stroke()
  const chosen = inView.find((node) => node.id === selected)
  if (chosen === undefined) return
  const around = 3 / zoom
  context.strokeStyle = palette.selected
  context.lineWidth = 3 / zoom
  context.strokeRect(chosen.x - around, chosen.y - around, chosen.width + 2 * around, chosen.height + 2 * around)
}

/** The node at a point of the picture; of a small mark its surroundings count too. */
export function nodeAt(nodes: readonly SceneNode[], x: number, y: number, slack: number): SceneNode | null {
  let best: SceneNode | null = null
  let least = slack
  for (const node of nodes) {
    const dx = Math.max(node.x - x, 0, x - node.x - node.width)
    const dy = Math.max(node.y - y, 0, y - node.y - node.height)
    const distance = Math.hypot(dx, dy)
    if (distance > least) continue
    best = node
    least = distance
    if (distance === 0) break
  }
  return best
}
