import {
  Background,
  BackgroundVariant,
  type Edge,
  MarkerType,
  MiniMap,
  Panel,
  ReactFlow,
  ReactFlowProvider,
  useNodesInitialized,
  useReactFlow,
} from '@xyflow/react'
import '@xyflow/react/dist/style.css'
import { Maximize, ZoomIn, ZoomOut } from 'lucide-react'
import { type KeyboardEvent, useEffect, useEffectEvent, useMemo, useRef, useState } from 'react'
import { type Failure, toFailure } from '../../../shared/failure'
import type { GraphNode } from '../../../shared/graph'
import { useWindow } from '../../app/window-context'
import { count } from '../../components/format'
import { IconButton } from '../../components/icon-button'
import { FailureView, Skeleton } from '../../components/surfaces'
import { openNode, toggleExpanded, graph } from './graph-store'
import { edgeWord } from './kinds'
import type { Place } from './layout-input'
import { GraphLayout } from './layout-worker'
import { type EdgeBundle, edgeId, type Hop, type ShownGraph } from './merge-results'
import { directionOf, neighbourOf } from './neighbour'
import { type SymbolFlowNode, SymbolNode } from './symbol-node'

const NODE_TYPES = { symbol: SymbolNode }
const MINIMAP_FROM = 40
const MINIMAP = { width: 132, height: 84 }
const LABELS_UP_TO = 60
const FIT = { padding: 0.06, maxZoom: 1 }
/** Below this nobody reads names: what does not fit is moved to, around the roots. */
const READABLE_ZOOM = 0.7
const LABELLED_AT_ONCE = 6

interface Props {
  readonly shown: ShownGraph
  readonly bundles: readonly EdgeBundle[]
  readonly roots: ReadonlySet<string>
  readonly expanded: ReadonlySet<string>
  readonly selected: string | null
  readonly ways: readonly (readonly Hop[])[]
}

export function GraphCanvas(props: Props) {
  return (
    <ReactFlowProvider>
      <Canvas {...props} />
    </ReactFlowProvider>
  )
}

interface LaidOut {
  readonly places: ReadonlyMap<string, Place>
  /** The graph that it is the picture of. */
  readonly of: ShownGraph
}

/** Places by node, laid out in a worker. The last picture stays until the next one is there. */
function useLayout(shown: ShownGraph, bundles: readonly EdgeBundle[]): { picture: LaidOut | null; failure: Failure | null } {
  const [state, setState] = useState<{ picture: LaidOut | null; failure: Failure | null }>({ picture: null, failure: null })
  const layout = useRef<GraphLayout | null>(null)
  useEffect(() => {
    const own = new GraphLayout()
    layout.current = own
    return () => own.dispose()
  }, [])
  useEffect(() => {
    let current = true
    layout.current?.run(shown.nodes, bundles).then(
      (places) => {
        if (current) setState({ picture: { places, of: shown }, failure: null })
      },
      (thrown: unknown) => {
        const failure = toFailure(thrown)
        if (current && failure.code !== 'cancelled') setState((before) => ({ ...before, failure }))
      },
    )
    return () => {
      current = false
    }
  }, [shown, bundles])
  return state
}

function Canvas({ shown, bundles, roots, expanded, selected, ways }: Props) {
  const model = useWindow()
  const flow = useReactFlow()
  const measured = useNodesInitialized()
  const frame = useRef<HTMLDivElement>(null)
  const { picture, failure } = useLayout(shown, bundles)
  const places = picture?.places ?? null
  const hasPicture = places !== null
  const wayEdges = useMemo(() => new Set(ways.flatMap((way) => way.map((hop) => edgeId(hop.edge)))), [ways])
  const wayNodes = useMemo(() => new Set(ways.flatMap((way) => way.flatMap((hop) => [hop.from, hop.to]))), [ways])
  const near = useMemo(() => nearOf(selected, bundles), [selected, bundles])

  const nodes = useMemo(
    () =>
      places === null
        ? []
        : shown.nodes.flatMap((node): SymbolFlowNode[] => {
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
                  root: roots.has(node.id),
                  expanded: expanded.has(node.id),
                  onWay: wayNodes.has(node.id),
                  dimmed: wayNodes.size > 0 ? !wayNodes.has(node.id) : near.size > 1 && !near.has(node.id),
                  onOpen: (target: GraphNode) => openNode(model, target),
                  onToggle: (target: GraphNode) => void toggleExpanded(model, target.id).catch(model.notices.fail),
                },
              },
            ]
          }),
    [places, shown.nodes, selected, roots, expanded, wayNodes, near, model],
  )

  const edges = useMemo(() => {
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
  }, [bundles, nodes, wayEdges, selected])

  /** All of it when it can be read then, else its middle. */
  const show = useEffectEvent(() => {
    const middle = shown.nodes.filter((node) => roots.has(node.id) && node.id === selected).map((node) => ({ id: node.id }))
    const box = frame.current?.getBoundingClientRect()
    if (box === undefined) return
    const bounds = flow.getNodesBounds(nodes.map((node) => node.id))
    const whole = Math.min(box.width / bounds.width, box.height / bounds.height) * (1 - FIT.padding)
    if (whole >= READABLE_ZOOM || middle.length === 0) void flow.fitView({ ...FIT, minZoom: wayNodes.size > 0 ? 0.5 : 0.3 })
    else void flow.fitView({ ...FIT, nodes: middle, minZoom: READABLE_ZOOM, maxZoom: READABLE_ZOOM })
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
  const topic = [...roots].join(' ')
  const fitted = useRef<string | null>(null)
  const moved = useRef(false)
  const before = useRef<ReadonlyMap<string, Place> | null>(null)
  useEffect(() => {
    if (!measured || picture === null || picture.of !== shown || before.current === picture.places) return
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
  }, [measured, picture, shown, topic])
  useEffect(() => {
    const element = frame.current
    if (element === null) return
    const watching = new ResizeObserver(() => {
      if (!moved.current) requestAnimationFrame(() => show())
    })
    watching.observe(element)
    return () => watching.disconnect()
  }, [hasPicture])

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
    const node = shown.nodes.find((candidate) => candidate.id === selected)
    const direction = directionOf(event.key)
    if (direction !== null) {
      const next = selected === null ? ([...roots][0] ?? null) : neighbourOf(selected, direction, places, bundles)
      if (next !== null) focusOn(next)
    } else if (event.key === 'Enter' && node !== undefined) openNode(model, node)
    else if ((event.key === ' ' || event.key === '+') && node !== undefined) void toggleExpanded(model, node.id).catch(model.notices.fail)
    else if (event.key === 'Home') focusOn([...roots][0] ?? shown.nodes[0]?.id ?? '')
    else if (event.key === '0') void flow.fitView(FIT)
    else return
    event.preventDefault()
    event.stopPropagation()
  }

  if (failure !== null) return <FailureView failure={failure} onRetry={() => graph.setState({ view: 'table' })} />
  if (places === null) return <Skeleton />
  const current = shown.nodes.find((node) => node.id === selected)
  return (
    <div ref={frame} className="graph-canvas">
      <span className="visually-hidden" role="status">
        {current === undefined ? '' : `${current.kind} ${current.name}, ${current.path} line ${current.nameLine}`}
      </span>
      <ReactFlow
        tabIndex={0}
        aria-label={`Graph of ${count(shown.nodes.length, 'symbol')} and ${count(shown.edges.length, 'relation')}. Arrows move along relations, Enter opens, Space expands. The table shows the same.`}
        onKeyDown={onKeyDown}
        nodes={nodes}
        edges={edges}
        nodeTypes={NODE_TYPES}
        onlyRenderVisibleElements={nodes.length > LABELS_UP_TO}
        minZoom={0.1}
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
      >
        <Background variant={BackgroundVariant.Dots} gap={24} size={1} color="var(--hairline)" />
        {nodes.length > MINIMAP_FROM && (
          <MiniMap
            style={MINIMAP}
            pannable
            zoomable
            ariaLabel="Overview"
            nodeColor={(node) => (node.selected === true ? 'var(--accent)' : 'var(--hairline-strong)')}
          />
        )}
        <Panel position="bottom-left" className="graph-zoom">
          <IconButton icon={ZoomIn} label="Zoom in" onClick={() => void flow.zoomIn({ duration: motionMs() })} />
          <IconButton icon={ZoomOut} label="Zoom out" onClick={() => void flow.zoomOut({ duration: motionMs() })} />
          <IconButton icon={Maximize} label="Show all" shortcut="0" onClick={() => void flow.fitView({ ...FIT, duration: motionMs() })} />
        </Panel>
      </ReactFlow>
    </div>
  )
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
