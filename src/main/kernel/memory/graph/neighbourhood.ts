import type { GraphResult } from '../../../../shared/graph'
import type { EdgeRow, GraphRows } from './graph-rows'
import { resultOf, WIDEST } from './graph-result'

/** Edges read for one neighbourhood, about 20 ms. */
const MOST_ROWS = 6000

/** Everything within `depth` edges in either direction, nearest first; `truncated` when there is more than `limit` nodes. */
export function neighbourhoodOf(rows: GraphRows, id: string, depth: number, limit: number): GraphResult {
  const start = rows.entityOf(id)?.node
  if (start === undefined) return { nodes: [], edges: [], truncated: false }
  const within = new Set([start])
  const edges = new Map<string, EdgeRow>()
  let frontier = [start]
  let truncated = false
  let read = 0
  for (let step = 0; step < depth && frontier.length > 0; step += 1) {
    const next: number[] = []
    for (const node of frontier) {
      const adjacent = [...rows.out(node, null, WIDEST), ...rows.in(node, null, WIDEST)]
      // Names alone are followed from the symbol that was asked about only: further away they would drown what is certain.
      if (step === 0) adjacent.push(...rows.maybeOut(node, WIDEST), ...rows.maybeIn(node, WIDEST))
      read += adjacent.length
      if (read > MOST_ROWS) truncated = true
      for (const edge of adjacent.slice(0, Math.max(0, MOST_ROWS - read + adjacent.length))) {
        const other = edge.src === node ? edge.dst : edge.src
        if (!within.has(other)) {
          if (within.size >= limit) {
            truncated = true
            continue
          }
          within.add(other)
          next.push(other)
        }
        edges.set(`${edge.kind} ${edge.src} ${edge.dst}`, edge)
      }
      if (read > MOST_ROWS) break
    }
    frontier = read > MOST_ROWS ? [] : next
  }
  return resultOf(rows, within, edges.values(), truncated)
}
