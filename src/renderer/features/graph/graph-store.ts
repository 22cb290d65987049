import { createStore } from 'zustand/vanilla'
import { type Failure, toFailure } from '../../../shared/failure'
import type { EdgeKind, FlowResult, GraphNode, GraphResult, GraphTable, NodeKind } from '../../../shared/graph'
import type { RunId } from '../../../shared/ids'
import type { Point, WindowModel } from '../../app/window-model'
import { askedEnds, frameSymbols, symbolFrame } from './frame-symbols'
import { EDGE_KINDS } from './kinds'
import type { GraphSource } from './merge-results'
import { remember } from './query-history'

/** What the graph is about. */
export type GraphTopic =
  | { readonly kind: 'none' }
  | { readonly kind: 'around'; readonly root: GraphNode }
  | { readonly kind: 'path'; readonly from: GraphNode; readonly to: GraphNode }
  | { readonly kind: 'query'; readonly cypher: string }
  | { readonly kind: 'flow'; readonly asked: FlowQuestion }
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

export interface FlowQuestion {
  readonly name: string
  /** Files, folders or symbols; empty for anywhere. */
  readonly from: string
  readonly to: string
}

/** How the graph is asked: what is around a symbol, ways between two, Cypher, or where a value goes. */
export type GraphMode = 'around' | 'trace' | 'query' | 'flow'

export interface GraphView {
  readonly mode: GraphMode
  readonly topic: GraphTopic
  readonly sources: readonly GraphSource[]
  readonly roots: ReadonlySet<string>
  /** The rows of a query's answer; null for every other topic. */
  readonly table: GraphTable | null
  readonly flow: FlowResult | null
  readonly status: 'idle' | 'loading' | 'failed'
  readonly failure: Failure | null
  /** Version of the index that answered. */
  readonly indexVersion: number | null
  /** The files that the answer is of, as `filesKey` names them; null before the first. */
  readonly answered: string | null
  readonly selected: string | null
  readonly depth: number
  readonly limit: number
  readonly maxHops: number
  readonly from: GraphNode | null
  readonly to: GraphNode | null
  readonly cypher: string
  readonly flowQuestion: FlowQuestion
  /** The way that is highlighted, of those that were found. */
  readonly chosenWay: number
  readonly kinds: ReadonlySet<EdgeKind>
  readonly hiddenKinds: ReadonlySet<NodeKind>
  readonly minConfidence: number
  readonly view: 'graph' | 'table'
  readonly details: boolean
  /** The files of the selected frame, or those of the repository as it is now. */
  readonly asOf: 'frame' | 'now'
}

export const FIRST_LIMIT = 150
export const MOST_NODES = 5_000
export const QUERY_LIMIT = 5_000
const EXPAND_LIMIT = 60
const FLOW_HOPS = 24

export const graph = createStore<GraphView>(() => ({
  mode: 'around',
  topic: { kind: 'none' },
  sources: [],
  roots: new Set(),
  table: null,
  flow: null,
  status: 'idle',
  failure: null,
  indexVersion: null,
  answered: null,
  selected: null,
  depth: 1,
  limit: FIRST_LIMIT,
  maxHops: 8,
  from: null,
  to: null,
  cypher: '',
  flowQuestion: { name: '', from: '', to: '' },
  chosenWay: 0,
  kinds: new Set(EDGE_KINDS),
  hiddenKinds: new Set(),
  minConfidence: 0,
  view: 'graph',
  details: true,
  asOf: 'frame',
}))

/** The point that questions are asked as of; null for the repository as it is now. */
export function askedPoint(model: WindowModel): Point | null {
  return graph.getState().asOf === 'now' ? null : model.point()
}

/** The same for two points between which no file changed: then an answer holds for both. */
export function filesKey(model: WindowModel, at: Point | null): string {
  if (at === null) return 'now'
  const { checkpoint } = model.run.store.getState().cache.stateAt(at.branchId, at.n)
  return `${at.runId} ${checkpoint?.ref.manifest ?? 'base'}`
}

/** Ends the question that is under way. */
let asking: AbortController | null = null

interface Answer {
  readonly result: GraphResult
  readonly roots: ReadonlySet<string>
  readonly selected: string | null
  readonly topic?: GraphTopic
  readonly table?: GraphTable
  readonly flow?: FlowResult
}

async function ask(
  model: WindowModel,
  topic: GraphTopic,
  question: (signal: AbortSignal, at: Point | null) => Promise<Answer>,
): Promise<void> {
  asking?.abort()
  const abort = new AbortController()
  asking = abort
  const at = askedPoint(model)
  graph.setState({ topic, status: 'loading', failure: null })
  try {
    const answer = await question(abort.signal, at)
    if (abort.signal.aborted) return
    graph.setState((state) => ({
      topic: answer.topic ?? topic,
      sources: [{ expanded: null, result: answer.result }],
      roots: answer.roots,
      // What was looked at stays selected when the same is asked of another frame.
      selected: answer.result.nodes.some((node) => node.id === state.selected) ? state.selected : answer.selected,
      table: answer.table ?? null,
      flow: answer.flow ?? null,
      chosenWay: 0,
      status: 'idle',
      answered: filesKey(model, at),
      indexVersion: model.workspace.store.getState().info?.index.version ?? null,
    }))
  } catch (thrown) {
    if (!abort.signal.aborted) graph.setState({ status: 'failed', failure: toFailure(thrown), answered: filesKey(model, at) })
  }
}

export function showAround(model: WindowModel, root: GraphNode, limit = FIRST_LIMIT): Promise<void> {
  const { depth, topic } = graph.getState()
  const isAgain = topic.kind === 'around' && topic.root.id === root.id
  graph.setState({ limit, ...(isAgain ? {} : { selected: root.id }) })
  return ask(model, { kind: 'around', root }, async (signal, at) => ({
    result: await model.link.call('graph.neighbourhood', { id: root.id, depth, limit, at }, { signal }),
    roots: new Set([root.id]),
    selected: root.id,
  }))
}

/** The node with this key, as another view names it. */
export async function showNode(model: WindowModel, id: string): Promise<void> {
  graph.setState({ mode: 'around' })
  try {
    const found = await model.link.call('graph.find', { query: id, limit: 1, at: askedPoint(model) })
    const [node] = found
    if (node?.id === id) return await showAround(model, node)
    const message = `Nothing in the graph is called ${id} ${graph.getState().asOf === 'now' ? 'now' : 'at this frame'}.`
    graph.setState({ status: 'failed', failure: { code: 'graph.no-such-node', message, retryable: false } })
  } catch (thrown) {
    graph.setState({ status: 'failed', failure: toFailure(thrown) })
  }
}

export function trace(model: WindowModel): Promise<void> {
  const { from, to, maxHops } = graph.getState()
  if (from === null || to === null) return Promise.resolve()
  return ask(model, { kind: 'path', from, to }, async (signal, at) => {
    const result = await model.link.call('graph.path', { from: from.id, to: to.id, maxHops, at }, { signal })
    return { result, roots: new Set([from.id, to.id]), selected: from.id }
  })
}

/** Runs the Cypher text of the editor. Everything that the answer names is a root: only filters hide it. */
export function runQuery(model: WindowModel): Promise<void> {
  const cypher = graph.getState().cypher.trim()
  if (cypher === '') return Promise.resolve()
  remember(model, cypher)
  return ask(model, { kind: 'query', cypher }, async (signal, at) => {
    const table = await model.link.call('graph.query', { cypher, limit: QUERY_LIMIT, at }, { signal })
    const { nodes, edges, truncated } = table
    if (nodes.length === 0) graph.setState({ view: 'table' })
    return { table, result: { nodes, edges, truncated }, roots: new Set(nodes.map((node) => node.id)), selected: nodes[0]?.id ?? null }
  })
}

export function askFlow(model: WindowModel): Promise<void> {
  const asked = graph.getState().flowQuestion
  const [name, from, to] = [asked.name.trim(), asked.from.trim(), asked.to.trim()]
  if (name === '') return Promise.resolve()
  return ask(model, { kind: 'flow', asked: { name, from, to } }, async (signal, at) => {
    const end = (text: string): string | null => (text === '' ? null : text)
    const flow = await model.link.call('graph.flow', { name, from: end(from), to: end(to), maxHops: FLOW_HOPS, at }, { signal })
    const { nodes, edges, truncated } = flow
    return {
      flow,
      result: { nodes, edges, truncated },
      roots: new Set(nodes.map((node) => node.id)),
      selected: flow.ways[0]?.hops[0]?.from ?? null,
    }
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
  const topic: GraphTopic = {
    kind: 'frame',
    runId: point.runId,
    n: frame.n,
    title: symbols.title,
    missing: 0,
    ends: askedEnds(frames, frame),
  }
  await ask(model, topic, async (signal, at) => {
    if (symbols.kind === 'graph') {
      const ids = new Set(symbols.result.nodes.map((node) => node.id))
      return { result: symbols.result, roots: ids, selected: symbols.result.nodes[0]?.id ?? null }
    }
    const found = await Promise.all(symbols.queries.map((query) => model.link.call('graph.find', { query, limit: 1, at }, { signal })))
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

/** Asks the base question again, after the index, the frame or the depth changed. What was expanded is dropped. */
export function reload(model: WindowModel): Promise<void> {
  const { topic, limit } = graph.getState()
  switch (topic.kind) {
    case 'around':
      return showAround(model, topic.root, limit)
    case 'path':
      return trace(model)
    case 'query':
      return runQuery(model)
    case 'flow':
      return askFlow(model)
    case 'frame':
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
  const at = askedPoint(model)
  const result = await model.link.call('graph.neighbourhood', { id, depth: 1, limit: EXPAND_LIMIT, at })
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
  graph.setState({ mode: 'trace', [end]: node })
}

export function openNode(model: WindowModel, node: GraphNode): void {
  model.showFile(node.path, node.nameLine)
}
