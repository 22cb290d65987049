import type { GraphEdge, GraphResult } from '../../../../shared/graph'
import { type EdgeRow, edgeOf, type EntityRow, type GraphRows, nodeOf } from './graph-rows'

/** Adjacent rows read of one node: a hub is cut off rather than waited for. */
export const WIDEST = 2000

/** Nodes that the view sees, and the edges between them. */
export function resultOf(rows: GraphRows, ids: Iterable<number>, edges: Iterable<EdgeRow>, truncated: boolean): GraphResult {
  const found = new Map<number, EntityRow>()
  for (const id of ids) {
    const row = rows.entity(id)
    if (row !== null) found.set(id, row)
  }
  const shown: GraphEdge[] = []
  for (const edge of edges) {
    const [from, to] = [found.get(edge.src), found.get(edge.dst)]
    if (from !== undefined && to !== undefined) shown.push(edgeOf(edge, from.id, to.id))
  }
  return { nodes: [...found.values()].map(nodeOf), edges: shown, truncated }
}
