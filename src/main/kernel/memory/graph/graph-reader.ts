import type Database from 'better-sqlite3'
import type { EdgeKind, FlowResult, GraphNode, GraphResult, GraphSummary, GraphTable, NodeKind } from '../../../../shared/graph'
import type { View } from '../view'
import { runCypher } from './cypher/run-cypher'
import { findNodes } from './find-nodes'
import { GraphRows, nodeOf } from './graph-rows'
import { neighbourhoodOf } from './neighbourhood'
import { shortestWays } from './shortest-ways'
import { valueFlow } from './value-flow'

/**
 * Questions about what a view of the index sees. Every one is bounded, synchronous and answered from one state of the index; what a limit
 * cuts off is said to be `truncated`. Of an entity that several files declare or mention, the one that declares it speaks, then the first path.
 */
export class GraphReader {
  readonly #rows: GraphRows
  readonly #nowMs: () => number
  #summary: { readonly version: unknown; readonly of: GraphSummary } | null = null

  /** The clock tells how long a query took, nothing else. */
  constructor(database: Database.Database, view: View, nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs
    this.#rows = new GraphRows(database, view)
  }

  node(id: string): GraphNode | null {
    const row = this.#rows.entityOf(id)
    return row === null ? null : nodeOf(row)
  }

  find(query: string, limit: number): GraphNode[] {
    return this.#rows.inOneState(() => findNodes(this.#rows, query, limit))
  }

  neighbourhood(id: string, depth: number, limit: number): GraphResult {
    return this.#rows.inOneState(() => neighbourhoodOf(this.#rows, id, depth, limit))
  }

  path(from: string, to: string, maxHops: number): GraphResult {
    return this.#rows.inOneState(() => shortestWays(this.#rows, from, to, maxHops))
  }

  /** See `valueFlow`. */
  flow(name: string, from: string | null, to: string | null, maxHops: number): FlowResult {
    return this.#rows.inOneState(() => valueFlow(this.#rows, name, from, to, maxHops))
  }

  /** See `runCypher`. `AS OF` in it is not followed: `asOfIn` tells it to whoever chooses the view. */
  query(cypher: string, limit: number): GraphTable {
    const startedMs = this.#nowMs()
    const table = this.#rows.inOneState(() => runCypher(this.#rows, cypher, limit))
    return { ...table, durationMs: this.#nowMs() - startedMs }
  }

  /** Counted when something has changed since: it takes a tenth of a second for half a million edges. */
  summary(): GraphSummary {
    return this.#rows.inOneState(() => {
      const version = this.#rows.dataVersion
      if (this.#summary !== null && this.#summary.version === version) return this.#summary.of
      const { nodes, edges } = this.#rows.counts()
      const of = { nodes: counted<NodeKind>(nodes), edges: counted<EdgeKind>(edges) }
      this.#summary = { version, of }
      return of
    })
  }
}

function counted<Kind extends string>(counts: ReadonlyMap<Kind, number>): { kind: Kind; count: number }[] {
  return [...counts].map(([kind, count]) => ({ kind, count })).sort((a, b) => b.count - a.count || (a.kind < b.kind ? -1 : 1))
}
