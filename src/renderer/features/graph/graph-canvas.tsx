import {
  Background,
  BackgroundVariant,
  type Edge,
  getViewportForBounds,
  MarkerType,
  MiniMap,
  Panel,
  type Rect,
  ReactFlow,
  ReactFlowProvider,
  useReactFlow,
  useStore as useFlowStore,
  ViewportPortal,
} from '@xyflow/react'
import '@xyflow/react/dist/style.css'
import { Maximize, ZoomIn, ZoomOut } from 'lucide-react'
import { type KeyboardEvent, type MouseEvent, useEffect, useEffectEvent, useMemo, useRef, useState } from 'react'
import type { GraphNode } from '../../../shared/graph'
import { useWindow } from '../../app/window-context'
import { count } from '../../components/format'
import { IconButton } from '../../components/icon-button'
import { NODE_LOOK } from '../../components/node-look'
import { FailureView, Skeleton } from '../../components/surfaces'
import { GraphBackdrop, REST_MS } from './graph-backdrop'
import { graph, openNode, toggleExpanded } from './graph-store'
import { edgeWord } from './kinds'
import type { Place } from './layout-input'
import { type EdgeBundle, edgeId, type ShownGraph } from './merge-results'
import { directionOf, neighbourOf } from './neighbour'
import { nodeAt, type Scene, type SceneEdge, type SceneNode } from './paint-backdrop'
import { PlacedCard, type SymbolFlowNode, SymbolNode } from './symbol-node'
import { qualifiedName } from './symbol-picker'
import { useLayout } from './use-layout'
import type { Way } from './ways'

const NONE: SymbolFlowNode[] = []
const NODE_TYPES = { symbol: SymbolNode }
const MINIMAP_FROM = 40
const MINIMAP = { width: 132, height: 84 }
const LABELS_UP_TO = 60
const LABELLED_AT_ONCE = 6
/** From here on relations are painted on one canvas, and nodes are elements only where they are seen and can be read. */
const BIG_FROM = 400
const MARKS_BELOW = 0.7
const PADDING = 0.06
const LEAST_ZOOM = 0.02
/** Below this nobody reads names: what does not fit is moved to, around the roots. */
const READABLE_ZOOM = 0.7

interface Props {
  readonly shown: ShownGraph
  readonly bundles: readonly EdgeBundle[]
  readonly roots: ReadonlySet<string>
  readonly expanded: ReadonlySet<string>
  readonly selected: string | null
  readonly way: Way | null
}

export function GraphCanvas(props: Props) {
  return (
    <ReactFlowProvider>
      <Canvas {...props} />
    </ReactFlowProvider>
  )
}

function Canvas({ shown, bundles, roots, expanded, selected, way }: Props) {
  const model = useWindow()
  const flow = useReactFlow()
  const frame = useRef<HTMLDivElement>(null)
  const { picture, failure } = useLayout(shown, bundles)
  const places = picture?.places ?? null
  const hasPicture = places !== null
  const isBig = shown.nodes.length >= BIG_FROM
  const wayEdges = useMemo(() => new Set(way?.hops.map((hop) => edgeId(hop.edge)) ?? []), [way])
  const wayNodes = useMemo(() => new Set(way?.hops.flatMap((hop) => [hop.from, hop.to]) ?? []), [way])
  const near = useMemo(() => nearOf(selected, bundles), [selected, bundles])
  const byId = useMemo(() => new Map(shown.nodes.map((node) => [node.id, node])), [shown])
  const seen = useSeenPart(isBig)

  const all = useMemo(() => {
    if (places === null) return []
    return shown.nodes.flatMap((node): SymbolFlowNode[] => {
      const place = places.get(node.id)
      if (place === undefined) return []
      return [
        {
          id: node.id,
          type: 'symbol',
          position: { x: place.x, y: place.y },
          width: place.width,
          height: place.height,
          selected: node.id === selected,
          data: {
            node,
            root: roots.has(node.id) && roots.size <= 2,
            expanded: expanded.has(node.id),
            onWay: wayNodes.has(node.id),
            dimmed: isDimmed(node.id, wayNodes, near),
            onOpen: (target: GraphNode) => openNode(model, target),
            onToggle: (target: GraphNode) => void toggleExpanded(model, target.id).catch(model.notices.fail),
          },
        },
      ]
    })
  }, [places, shown.nodes, selected, roots, expanded, wayNodes, near, model])
  // The same objects as before for what stays in view: only what is new is drawn.
  const nodes = useMemo(() => {
    if (seen === null) return all
    return seen === 'far' ? [] : all.filter(({ position, width = 0, height = 0 }) => overlaps({ ...position, width, height }, seen))
  }, [all, seen])

  const scene = useMemo(
    () => (isBig && places !== null ? sceneOf(shown, bundles, places, { wayEdges, wayNodes, selected, near }) : null),
    [isBig, places, shown, bundles, wayEdges, wayNodes, selected, near],
  )

  const edges = useMemo(() => {
    if (isBig) return []
    const there = new Set(nodes.map((node) => node.id))
    const labelled = bundles.filter((bundle) => bundle.from === selected || bundle.to === selected).length <= LABELLED_AT_ONCE
    return bundles.flatMap((bundle): Edge[] => {
      const [first] = bundle.edges
      if (first === undefined || !there.has(bundle.from) || !there.has(bundle.to)) return []
      const onWay = bundle.edges.some((edge) => wayEdges.has(edgeId(edge)))
      const touching = bundle.from === selected || bundle.to === selected
      const prominent = wayEdges.size > 0 ? onWay : touching
      const colour = onWay ? 'var(--accent)' : touching ? 'var(--text-muted)' : 'var(--hairline-strong)'
      return [
        {
          id: bundle.id,
          source: bundle.from,
          target: bundle.to,
          className: `edge-${first.kind}${onWay ? ' edge-way' : ''}`,
          style: { stroke: colour, ...(first.kind === 'maybe_calls' ? { strokeDasharray: '5 4' } : {}) },
          markerEnd: { type: MarkerType.ArrowClosed, width: 14, height: 14, color: colour },
          zIndex: prominent ? 1 : 0,
          ...((onWay || (prominent && labelled)) && bundles.length <= LABELS_UP_TO
            ? { label: [...new Set(bundle.edges.map((edge) => edgeWord(edge.kind)))].join(', ') }
            : {}),
        },
      ]
    })
  }, [isBig, bundles, nodes, wayEdges, selected])

  function moveTo(bounds: Rect, least: number, most: number, duration = 0): void {
    const box = frame.current?.getBoundingClientRect()
    if (box === undefined || box.width === 0) return
    void flow.setViewport(getViewportForBounds(bounds, box.width, box.height, least, most, PADDING), { duration })
  }

  function showAll(duration = 0): void {
    if (places !== null) moveTo(boundsOf([...places.values()]), LEAST_ZOOM, 1, duration)
  }

  /** All of it when it can be read then, or is too much for reading; else its middle, or the way. */
  const show = useEffectEvent(() => {
    const box = frame.current?.getBoundingClientRect()
    if (box === undefined || places === null) return
    const bounds = boundsOf([...places.values()])
    const whole = Math.min(box.width / bounds.width, box.height / bounds.height) * (1 - PADDING)
    const onWay = [...wayNodes].flatMap((id) => places.get(id) ?? [])
    const middle = roots.size <= 2 && selected !== null && roots.has(selected) ? places.get(selected) : undefined
    if (whole >= READABLE_ZOOM) moveTo(bounds, 0.3, 1)
    else if (onWay.length > 0) moveTo(boundsOf(onWay), 0.3, 1)
    else if (middle !== undefined) moveTo(middle, READABLE_ZOOM, READABLE_ZOOM)
    else moveTo(bounds, isBig ? LEAST_ZOOM : 0.3, 1)
  })
  /** A picture that grew is moved so that the selected symbol stays where it was on the screen. */
  const keepInPlace = useEffectEvent((earlier: ReadonlyMap<string, Place> | null, later: ReadonlyMap<string, Place>) => {
    const from = earlier?.get(selected ?? '')
    const to = later.get(selected ?? '')
    if (from === undefined || to === undefined) return
    const { x, y, zoom } = flow.getViewport()
    void flow.setViewport({ x: x + (from.x - to.x) * zoom, y: y + (from.y - to.y) * zoom, zoom })
  })

  // A new picture is shown whole, also while its place changes size, until somebody moves it.
  const topic = [...roots].slice(0, 100).join(' ')
  const fitted = useRef<string | null>(null)
  const moved = useRef(false)
  const before = useRef<ReadonlyMap<string, Place> | null>(null)
  useEffect(() => {
    if (picture === null || picture.of !== shown || before.current === picture.places) return
    const earlier = before.current
    before.current = picture.places
    if (fitted.current === topic) {
      keepInPlace(earlier, picture.places)
      return
    }
    fitted.current = topic
    moved.current = false
    const soon = requestAnimationFrame(() => show())
    return () => cancelAnimationFrame(soon)
  }, [picture, shown, topic])
  useEffect(() => {
    const element = frame.current
    if (element === null) return
    const watching = new ResizeObserver(() => {
      if (!moved.current) requestAnimationFrame(() => show())
    })
    watching.observe(element)
    return () => watching.disconnect()
  }, [hasPicture])
  // Another way was chosen: what of it is outside comes into view.
  useEffect(() => {
    if (way !== null && fitted.current === topic) requestAnimationFrame(() => show())
  }, [way, topic])

  function focusOn(id: string): void {
    const place = places?.get(id)
    graph.setState({ selected: id })
    if (place === undefined) return
    const { x, y, zoom } = flow.getViewport()
    const left = place.x * zoom + x
    const top = place.y * zoom + y
    const box = frame.current?.getBoundingClientRect()
    if (box === undefined) return
    const inside = left > 0 && top > 0 && left + place.width * zoom < box.width && top + place.height * zoom < box.height
    if (!inside) void flow.setCenter(place.x + place.width / 2, place.y + place.height / 2, { zoom, duration: motionMs() })
  }

  function onKeyDown(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey || places === null) return
    const node = byId.get(selected ?? '')
    const direction = directionOf(event.key)
    if (direction !== null) {
      const next = selected === null ? ([...roots][0] ?? null) : neighbourOf(selected, direction, places, bundles)
      if (next !== null) focusOn(next)
    } else if (event.key === 'Enter' && node !== undefined) openNode(model, node)
    else if (event.key === ' ' && node !== undefined) void toggleExpanded(model, node.id).catch(model.notices.fail)
    else if (event.key === 'Home') focusOn([...roots][0] ?? shown.nodes[0]?.id ?? '')
    else if (event.key === '0') showAll()
    else if (event.key === '+') void flow.zoomIn()
    else if (event.key === '-') void flow.zoomOut()
    else if (/^[1-9]$/.test(event.key)) graph.setState({ chosenWay: Number(event.key) - 1 })
    else return
    event.preventDefault()
    event.stopPropagation()
  }

  function markAt(event: MouseEvent): SceneNode | null {
    if (scene === null) return null
    const { x, y } = flow.screenToFlowPosition({ x: event.clientX, y: event.clientY })
    return nodeAt(scene.nodes, x, y, 4 / flow.getZoom())
  }

  if (failure !== null) return <FailureView failure={failure} onRetry={() => graph.setState({ view: 'table' })} />
  if (places === null) return <Skeleton />
  const current = byId.get(selected ?? '')
  return (
    <div ref={frame} className="graph-canvas" data-big={isBig} data-quick={picture?.quick}>
      <span className="visually-hidden" role="status">
        {current === undefined ? '' : `${NODE_LOOK[current.kind].word} ${current.name}, ${current.path} line ${current.nameLine}`}
      </span>
      <ReactFlow
        tabIndex={0}
        aria-label={`Graph of ${count(shown.nodes.length, 'node')} and ${count(shown.edges.length, 'relation')}. Arrows move along relations, Enter opens, Space expands, digits choose a way. The table shows the same.`}
        onKeyDown={onKeyDown}
        nodes={isBig ? NONE : nodes}
        edges={edges}
        nodeTypes={NODE_TYPES}
        onlyRenderVisibleElements={!isBig && nodes.length > LABELS_UP_TO}
        minZoom={isBig ? LEAST_ZOOM : 0.1}
        maxZoom={2}
        nodesDraggable={false}
        nodesConnectable={false}
        nodesFocusable={false}
        edgesFocusable={false}
        elementsSelectable
        disableKeyboardA11y
        zoomOnDoubleClick={false}
        panOnScroll
        deleteKeyCode={null}
        selectionKeyCode={null}
        multiSelectionKeyCode={null}
        onMoveStart={(event) => {
          if (event !== null) moved.current = true
        }}
        proOptions={{ hideAttribution: true }}
        onNodeClick={(_event, node) => graph.setState({ selected: node.id })}
        onNodeDoubleClick={(_event, node) => openNode(model, node.data.node)}
        onPaneClick={(event) => {
          const mark = markAt(event)
          const node = byId.get(mark?.id ?? '')
          if (node === undefined) return
          if (event.detail > 1) openNode(model, node)
          else graph.setState({ selected: node.id })
        }}
      >
        {scene !== null ? (
          <>
            <GraphBackdrop scene={scene} selected={selected} marksBelow={MARKS_BELOW} />
            <ViewportPortal>
              {nodes.map((node) => (
                <PlacedCard key={node.id} node={node} onSelect={select} />
              ))}
            </ViewportPortal>
          </>
        ) : (
          <Background variant={BackgroundVariant.Dots} gap={24} size={1} color="var(--hairline)" />
        )}
        {nodes.length > MINIMAP_FROM && !isBig && (
          <MiniMap
            style={MINIMAP}
            pannable
            zoomable
            ariaLabel="Overview"
            nodeColor={(node) => (node.selected === true ? 'var(--accent)' : 'var(--hairline-strong)')}
          />
        )}
        <Panel position="bottom-left" className="graph-zoom">
          <IconButton icon={ZoomIn} label="Zoom in" shortcut="+" onClick={() => void flow.zoomIn({ duration: motionMs() })} />
          <IconButton icon={ZoomOut} label="Zoom out" shortcut="-" onClick={() => void flow.zoomOut({ duration: motionMs() })} />
          <IconButton icon={Maximize} label="Show all" shortcut="0" onClick={() => showAll(motionMs())} />
        </Panel>
      </ReactFlow>
    </div>
  )
}

/**
 * The part of a big picture whose nodes are elements: the view and some around, in steps of a quarter of it, so that most movements
 * change nothing. `far` when nothing can be read; null when the graph is small and all of it is.
 */
function useSeenPart(isBig: boolean): Rect | 'far' | null {
  const key = useFlowStore(({ transform: [x, y, zoom], width, height }) => {
    if (!isBig) return null
    if (zoom < MARKS_BELOW || width === 0) return 'far'
    const level = 2 ** (Math.floor(Math.log2(zoom) * 2) / 2)
    const [wide, high] = [width / level / 4, height / level / 4]
    return [Math.floor(-x / zoom / wide), Math.floor(-y / zoom / high), wide, high].join(' ')
  })
  // While it moves, the canvas draws everything: elements come when it rests.
  const [rested, setRested] = useState(key)
  useEffect(() => {
    const timer = setTimeout(() => setRested(key), REST_MS)
    return () => clearTimeout(timer)
  }, [key])
  return useMemo(() => {
    if (!isBig) return null
    if (rested === null || rested === 'far') return 'far'
    const [column = 0, row = 0, wide = 1, high = 1] = rested.split(' ').map(Number)
    return { x: column * wide, y: row * high, width: 5 * wide, height: 5 * high }
  }, [isBig, rested])
}

function select(id: string): void {
  graph.setState({ selected: id })
}

function overlaps(place: Place, part: Rect): boolean {
  return (
    place.x < part.x + part.width && place.x + place.width > part.x && place.y < part.y + part.height && place.y + place.height > part.y
  )
}

interface Marked {
  readonly wayEdges: ReadonlySet<string>
  readonly wayNodes: ReadonlySet<string>
  readonly selected: string | null
  readonly near: ReadonlySet<string>
}

function sceneOf(shown: ShownGraph, bundles: readonly EdgeBundle[], places: ReadonlyMap<string, Place>, marked: Marked): Scene {
  const { wayEdges, wayNodes, selected, near } = marked
  return {
    nodes: shown.nodes.flatMap((node): SceneNode[] => {
      const place = places.get(node.id)
      if (place === undefined) return []
      const look = wayNodes.has(node.id) ? 'way' : isDimmed(node.id, wayNodes, near) ? 'dimmed' : 'plain'
      return [
        {
          id: node.id,
          name: qualifiedName(node),
          family: NODE_LOOK[node.kind].family,
          look,
          x: place.x,
          y: place.y,
          width: place.width,
          height: place.height,
        },
      ]
    }),
    edges: bundles.flatMap(({ from, to, edges }): SceneEdge[] => {
      const [a, b] = [places.get(from), places.get(to)]
      const kind = edges[0]?.kind
      if (a === undefined || b === undefined) return []
      const plain = kind === 'maybe_calls' ? 'dashed' : kind === 'contains' ? 'dotted' : 'plain'
      const touching = from === selected || to === selected
      const look = edges.some((edge) => wayEdges.has(edgeId(edge))) ? 'way' : touching ? 'near' : plain
      return [{ x1: a.x + a.width, y1: a.y + a.height / 2, x2: b.x, y2: b.y + b.height / 2, look }]
    }),
  }
}

/** Beside a way everything else steps back; without one, what is not next to the selected node does. */
function isDimmed(id: string, wayNodes: ReadonlySet<string>, near: ReadonlySet<string>): boolean {
  return wayNodes.size > 0 ? !wayNodes.has(id) : near.size > 1 && !near.has(id)
}

function boundsOf(places: readonly Place[]): Rect {
  let [left, top, right, bottom] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (const { x, y, width, height } of places) {
    left = Math.min(left, x)
    top = Math.min(top, y)
    right = Math.max(right, x + width)
    bottom = Math.max(bottom, y + height)
  }
  return places.length === 0 ? { x: 0, y: 0, width: 1, height: 1 } : { x: left, y: top, width: right - left, height: bottom - top }
}

function nearOf(selected: string | null, bundles: readonly EdgeBundle[]): Set<string> {
  if (selected === null) return new Set()
  const near = new Set([selected])
  for (const bundle of bundles) {
    if (bundle.from === selected) near.add(bundle.to)
    if (bundle.to === selected) near.add(bundle.from)
  }
  return near
}

function motionMs(): number {
  return matchMedia('(prefers-reduced-motion: reduce)').matches ? 0 : 140
}
