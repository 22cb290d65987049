import type { EdgeKind, GraphEdge, GraphNode, GraphResult, NodeKind } from '../../../shared/graph'
import { EDGE_KINDS } from './kinds'

/** What was asked of the index: the base question, and one answer for each node that was expanded. */
export interface GraphSource {
  /** The expanded node; null for the base. */
  readonly expanded: string | null
  readonly result: GraphResult
}

export interface EdgeFilter {
  readonly kinds: ReadonlySet<EdgeKind>
  readonly hiddenKinds: ReadonlySet<NodeKind>
  readonly minConfidence: number
}

export interface ShownGraph {
  readonly nodes: readonly GraphNode[]
  readonly edges: readonly GraphEdge[]
  readonly truncated: boolean
  /** Symbols that only hidden relations lead to. */
  readonly hiddenNodes: number
  readonly hiddenEdges: number
}

export function edgeId(edge: GraphEdge): string {
  return `${edge.from} ${edge.kind} ${edge.to}`
}

/**
 * One graph of all answers under a filter. Roots are always there; everything else is when a shown relation connects it
 * with a root, so that a filter leaves no islands.
 */
export function shownGraph(sources: readonly GraphSource[], roots: ReadonlySet<string>, filter: EdgeFilter): ShownGraph {
  const nodes = new Map<string, GraphNode>()
  const edges = new Map<string, GraphEdge>()
  for (const { result } of sources) {
    for (const node of result.nodes) nodes.set(node.id, node)
    for (const edge of result.edges) edges.set(edgeId(edge), edge)
  }
  const known = [...edges.values()].filter((edge) => nodes.has(edge.from) && nodes.has(edge.to))
  const isKept = (id: string): boolean => !filter.hiddenKinds.has(nodes.get(id)?.kind ?? 'file')
  const kept = known.filter(
    (edge) => filter.kinds.has(edge.kind) && edge.confidence >= filter.minConfidence && isKept(edge.from) && isKept(edge.to),
  )
  const reached = reachable(roots, kept)
  const shownNodes = [...nodes.values()].filter((node) => reached.has(node.id) && isKept(node.id))
  const shownEdges = kept.filter((edge) => reached.has(edge.from))
  return {
    nodes: shownNodes,
    edges: shownEdges,
    truncated: sources.some(({ result }) => result.truncated),
    hiddenNodes: nodes.size - shownNodes.length,
    hiddenEdges: known.length - shownEdges.length,
  }
}

function reachable(roots: ReadonlySet<string>, edges: readonly GraphEdge[]): Set<string> {
  const neighbours = adjacency(edges)
  const reached = new Set(roots)
  const queue = [...roots]
  for (const at of queue) {
    for (const next of neighbours.get(at) ?? []) {
      if (reached.has(next)) continue
      reached.add(next)
      queue.push(next)
    }
  }
  return reached
}

function adjacency(edges: readonly GraphEdge[]): Map<string, string[]> {
  const neighbours = new Map<string, string[]>()
  const add = (from: string, to: string): void => {
    const list = neighbours.get(from)
    if (list === undefined) neighbours.set(from, [to])
    else list.push(to)
  }
  for (const edge of edges) {
    add(edge.from, edge.to)
    add(edge.to, edge.from)
  }
  return neighbours
}

export interface EdgeBundle {
  readonly id: string
  readonly from: string
  readonly to: string
  /** The most telling first. */
  readonly edges: readonly GraphEdge[]
}

/** Relations between the same two symbols in the same direction are drawn as one line. */
export function bundleEdges(edges: readonly GraphEdge[]): EdgeBundle[] {
  const bundles = new Map<string, GraphEdge[]>()
  for (const edge of edges) {
    const id = `${edge.from} ${edge.to}`
    const bundle = bundles.get(id)
    if (bundle === undefined) bundles.set(id, [edge])
    else bundle.push(edge)
  }
  return [...bundles].map(([id, members]) => {
    const sorted = members.toSorted((a, b) => EDGE_KINDS.indexOf(a.kind) - EDGE_KINDS.indexOf(b.kind))
    return { id, from: members[0]?.from ?? '', to: members[0]?.to ?? '', edges: sorted }
  })
}

export interface Hop {
  readonly edge: GraphEdge
  readonly from: string
  readonly to: string
  /** The relation points the other way: an inherited member leads to those that implement it. */
  readonly against: boolean
  /** Where the source does it, for the way of a value. */
  readonly source?: { readonly how: string; readonly path: string; readonly line: number; readonly text: string }
}

/** The ways of a `graph.path` answer from its start to its end, shortest first, at most `most`. Empty when there is none. */
export function waysOf(result: GraphResult, from: string, to: string, most = 3): Hop[][] {
  const steps = new Map<string, Hop[]>()
  const add = (hop: Hop): void => {
    const list = steps.get(hop.from)
    if (list === undefined) steps.set(hop.from, [hop])
    else list.push(hop)
  }
  for (const edge of result.edges) {
    add({ edge, from: edge.from, to: edge.to, against: false })
    if (edge.kind === 'inherits' || edge.kind === 'contains') add({ edge, from: edge.to, to: edge.from, against: true })
  }
  const ways: Hop[][] = []
  let queue: Hop[][] = [[]]
  // Each round is one hop longer, so that shorter ways come first; a way never visits a symbol twice.
  for (let length = 0; length <= result.nodes.length && queue.length > 0 && ways.length < most; length += 1) {
    const next: Hop[][] = []
    for (const way of queue) {
      const at = way.at(-1)?.to ?? from
      if (at === to && way.length > 0) {
        if (ways.length < most) ways.push(way)
        continue
      }
      for (const hop of steps.get(at) ?? []) {
        if (hop.to !== from && !way.some((earlier) => earlier.to === hop.to)) next.push([...way, hop])
      }
    }
    queue = next.slice(0, 200)
  }
  return ways
}
