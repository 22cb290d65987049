import type { FlowResult, GraphTable, GraphValue } from '../../../shared/graph'
import { edgeId, type Hop, waysOf } from './merge-results'
import type { GraphView } from './graph-store'

/** One chain of hops that an answer gave: it can be highlighted and is listed hop by hop. */
export interface Way {
  readonly id: string
  readonly hops: readonly Hop[]
  /** Of the whole way; null where each hop has its own only. */
  readonly confidence: number | null
}

const WAYS_AT_MOST = 200

function way(hops: readonly Hop[], confidence: number | null, index: number): Way {
  return { id: `${index} ${hops.map((hop) => edgeId(hop.edge)).join('|')}`, hops, confidence }
}

/** The ways of whatever was asked: paths in the rows of a query, ways of a value, or ways between two symbols. */
export function waysOfView({ topic, table, flow, sources }: Pick<GraphView, 'topic' | 'table' | 'flow' | 'sources'>): readonly Way[] {
  if (topic.kind === 'query') return table === null ? [] : pathsOf(table).map(({ path }, index) => way(hopsOfPath(path), null, index))
  if (topic.kind === 'flow') return flow === null ? [] : flowWays(flow)
  const ends = topic.kind === 'path' ? { from: topic.from.id, to: topic.to.id } : topic.kind === 'frame' ? topic.ends : null
  const [base] = sources
  return ends === null || base === undefined ? [] : waysOf(base.result, ends.from, ends.to).map((hops, index) => way(hops, null, index))
}

/** Which way a row of the answer stands for: that of the first path in it. */
export function wayOfRow(table: GraphTable): Map<number, number> {
  const ways = new Map<number, number>()
  for (const [index, { row }] of pathsOf(table).entries()) if (!ways.has(row)) ways.set(row, index)
  return ways
}

type Path = Extract<GraphValue, { is: 'path' }>

function pathsOf(table: GraphTable): { readonly row: number; readonly path: Path }[] {
  const paths: { row: number; path: Path }[] = []
  const look = (value: GraphValue, row: number): void => {
    if (paths.length >= WAYS_AT_MOST || value === null || typeof value !== 'object') return
    if (value.is === 'path' && value.edges.length > 0) paths.push({ row, path: value })
    if (value.is === 'list') for (const item of value.items) look(item, row)
  }
  for (const [row, values] of table.rows.entries()) for (const value of values) look(value, row)
  return paths
}

function hopsOfPath(path: Path): Hop[] {
  return path.edges.map((edge, index) => {
    const from = path.nodes[index] ?? edge.from
    const to = path.nodes[index + 1] ?? edge.to
    return { edge, from, to, against: edge.from !== from }
  })
}

function flowWays(flow: FlowResult): Way[] {
  return flow.ways.map(({ hops, confidence }, index) =>
    way(
      hops.map(({ from, to, how, path, line, text, confidence: certain, method }) => ({
        edge: { from, to, kind: 'flows_to', confidence: certain, method, line },
        from,
        to,
        against: false,
        source: { how, path, line, text },
      })),
      confidence,
      index,
    ),
  )
}
