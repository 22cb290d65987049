import { createStore } from 'zustand/vanilla'
import { type Failure, toFailure } from '../../../shared/failure'
import type { EdgeKind, GraphNode, GraphResult } from '../../../shared/graph'
import type { RunId } from '../../../shared/ids'
import type { WindowModel } from '../../app/window-model'
import { askedEnds, frameSymbols, symbolFrame } from './frame-symbols'
import { EDGE_KINDS } from './kinds'
import type { GraphSource } from './merge-results'

/** What the graph is about. */
export type GraphTopic =
  | { readonly kind: 'none' }
  | { readonly kind: 'around'; readonly root: GraphNode }
  | { readonly kind: 'path'; readonly from: GraphNode; readonly to: GraphNode }
  | {
      readonly kind: 'frame'
      readonly runId: RunId
      readonly n: number
      readonly title: string
      /** Names that the index does not have. */
      readonly missing: number
      /** Of the path that the frame found. */
      readonly ends: { readonly from: string; readonly to: string } | null
    }

export interface GraphView {
  readonly topic: GraphTopic
  readonly sources: readonly GraphSource[]
  readonly roots: ReadonlySet<string>
  readonly status: 'idle' | 'loading' | 'failed'
  readonly failure: Failure | null
  /** Version of the index that answered. */
  readonly indexVersion: number | null
  readonly selected: string | null
  readonly depth: number
  readonly limit: number
  readonly maxHops: number
  readonly tracing: boolean
  readonly from: GraphNode | null
  readonly to: GraphNode | null
  readonly kinds: ReadonlySet<EdgeKind>
  readonly minConfidence: number
  readonly view: 'graph' | 'table'
  readonly details: boolean
}

export const FIRST_LIMIT = 150
export const MOST_NODES = 2_000
const EXPAND_LIMIT = 60

export const graph = createStore<GraphView>(() => ({
  topic: { kind: 'none' },
  sources: [],
  roots: new Set(),
  status: 'idle',
  failure: null,
  indexVersion: null,
  selected: null,
  depth: 1,
  limit: FIRST_LIMIT,
  maxHops: 8,
  tracing: false,
  from: null,
  to: null,
  kinds: new Set(EDGE_KINDS),
  minConfidence: 0,
  view: 'graph',
  details: true,
}))

/** Ends the question that is under way. */
let asking: AbortController | null = null

interface Answer {
  readonly result: GraphResult
  readonly roots: ReadonlySet<string>
  readonly selected: string | null
  readonly topic?: GraphTopic
}

async function ask(model: WindowModel, topic: GraphTopic, question: (signal: AbortSignal) => Promise<Answer>): Promise<void> {
  asking?.abort()
  const abort = new AbortController()
  asking = abort
  graph.setState({ topic, status: 'loading', failure: null })
  try {
    const answer = await question(abort.signal)
    if (abort.signal.aborted) return
    graph.setState({
      topic: answer.topic ?? topic,
      sources: [{ expanded: null, result: answer.result }],
      roots: answer.roots,
      selected: answer.selected,
      status: 'idle',
      indexVersion: model.workspace.store.getState().info?.index.version ?? null,
    })
  } catch (thrown) {
    if (!abort.signal.aborted) graph.setState({ status: 'failed', failure: toFailure(thrown) })
  }
}

export function showAround(model: WindowModel, root: GraphNode, limit = FIRST_LIMIT): Promise<void> {
  const { depth } = graph.getState()
  graph.setState({ limit })
  return ask(model, { kind: 'around', root }, async (signal) => ({
    result: await model.link.call('graph.neighbourhood', { id: root.id, depth, limit }, { signal }),
    roots: new Set([root.id]),
    selected: root.id,
  }))
}

export function trace(model: WindowModel): Promise<void> {
  const { from, to, maxHops } = graph.getState()
  if (from === null || to === null) return Promise.resolve()
  return ask(model, { kind: 'path', from, to }, async (signal) => {
    const result = await model.link.call('graph.path', { from: from.id, to: to.id, maxHops }, { signal })
    return { result, roots: new Set([from.id, to.id]), selected: from.id }
  })
}

/** The symbols that the selected frame names; the relations between them are those that the frame told. */
export async function showFrameSymbols(model: WindowModel): Promise<void> {
  const point = model.point()
  if (point === null) return
  const { frames } = model.run.store.getState().cache
  const frame = symbolFrame(frames, point.n)
  const symbols = frameSymbols(frame)
  if (frame === undefined || symbols === null) return
  graph.setState({ tracing: false })
  const topic: GraphTopic = {
    kind: 'frame',
    runId: point.runId,
    n: frame.n,
    title: symbols.title,
    missing: 0,
    ends: askedEnds(frames, frame),
  }
  await ask(model, topic, async (signal) => {
    if (symbols.kind === 'graph') {
      const ids = new Set(symbols.result.nodes.map((node) => node.id))
      return { result: symbols.result, roots: ids, selected: symbols.result.nodes[0]?.id ?? null }
    }
    const found = await Promise.all(symbols.queries.map((query) => model.link.call('graph.find', { query, limit: 1 }, { signal })))
    const nodes = found.flatMap(([node], index) => {
      const query = symbols.queries[index]
      return node !== undefined && (node.id === query || node.path === query || node.name === query) ? [node] : []
    })
    return {
      result: { nodes, edges: [], truncated: false },
      roots: new Set(nodes.map((node) => node.id)),
      selected: nodes[0]?.id ?? null,
      topic: { ...topic, missing: symbols.queries.length - nodes.length },
    }
  })
}

/** Asks the base question again, after the index or the depth changed. What was expanded is dropped. */
export function reload(model: WindowModel): Promise<void> {
  const { topic, limit } = graph.getState()
  switch (topic.kind) {
    case 'around':
      return showAround(model, topic.root, limit)
    case 'path':
      return trace(model)
    case 'frame':
      return showFrameSymbols(model)
    case 'none':
      return Promise.resolve()
  }
}

/** Adds what is around a node, or takes it away again. */
export async function toggleExpanded(model: WindowModel, id: string): Promise<void> {
  const { sources } = graph.getState()
  if (sources.some((source) => source.expanded === id)) {
    graph.setState({ sources: sources.filter((source) => source.expanded !== id), selected: id })
    return
  }
  const result = await model.link.call('graph.neighbourhood', { id, depth: 1, limit: EXPAND_LIMIT })
  graph.setState((state) => ({
    selected: id,
    // Another question was asked meanwhile: what was around a node of the old one belongs nowhere.
    sources: state.sources.some((source) => source.result.nodes.some((node) => node.id === id))
      ? [...state.sources.filter((source) => source.expanded !== id), { expanded: id, result }]
      : state.sources,
  }))
}

/** Makes a symbol one end of a trace; the way is looked up once both ends are known. */
export function startTrace(end: 'from' | 'to', node: GraphNode): void {
  graph.setState({ tracing: true, [end]: node })
}

export function openNode(model: WindowModel, node: GraphNode): void {
  model.showFile(node.path, node.nameLine)
}
