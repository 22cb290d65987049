import type { EdgeKind, GraphResult } from '../../../../shared/graph'
import { resultOf, WIDEST } from './graph-result'
import type { EdgeRow, GraphRows } from './graph-rows'

/** Nodes expanded in one search, about 15 ms. */
const MOST_EXPANDED = 3000
const PATHS = 3
const STEPS: readonly EdgeKind[] = ['calls', 'maybe_calls', 'references', 'imports']
const STEPS_AND_MEMBERS: readonly EdgeKind[] = [...STEPS, 'contains']
/** From a member of a base or interface to the member that stands in for it: `inherits`, walked against its direction. */
const DISPATCH: readonly EdgeKind[] = ['inherits']
const NONE: GraphResult = { nodes: [], edges: [], truncated: false }

/**
 * Up to three shortest ways from one symbol to another along calls, values passed on, imports, members, and from an inherited or
 * declared member to those that implement it. Calls known by name only are used when there is no other way.
 */
export function shortestWays(rows: GraphRows, from: string, to: string, maxHops: number): GraphResult {
  const [source, target] = [endpoint(rows, from), endpoint(rows, to)]
  if (source === null || target === null) return NONE
  if (source === target) return resultOf(rows, [source], [], false)
  const certain = search(rows, source, target, maxHops, false)
  return certain.nodes.length > 0 ? certain : search(rows, source, target, maxHops, true)
}

function endpoint(rows: GraphRows, name: string): number | null {
  const exact = rows.entityOf(name)
  if (exact !== null) return exact.node
  const named = rows.named(name.toLowerCase(), 100).filter((row) => row.name === name)
  return named.length === 1 && named[0] !== undefined ? named[0].node : null
}

function search(rows: GraphRows, source: number, target: number, maxHops: number, withMaybe: boolean): GraphResult {
  // A file or class stands for its members as the start of a way, never in the middle of one: to make an object is not to call its methods.
  const within = new Set([source])
  const forward = new Side(
    source,
    (node) => {
      const steps = rows.out(node, within.has(node) ? STEPS_AND_MEMBERS : STEPS, WIDEST)
      for (const edge of steps) if (edge.kind === 'contains') within.add(edge.dst)
      return [...steps, ...(withMaybe ? rows.maybeOut(node, WIDEST) : []), ...rows.in(node, DISPATCH, WIDEST).map(reversed)]
    },
    (edge) => edge.dst,
  )
  const backward = new Side(
    target,
    (node) => [
      ...rows.in(node, STEPS, WIDEST),
      ...(withMaybe ? rows.maybeIn(node, WIDEST) : []),
      ...rows.out(node, DISPATCH, WIDEST).map(reversed),
    ],
    (edge) => edge.src,
  )
  for (let hops = 0; hops < maxHops; hops += 1) {
    const open = [forward, backward].filter((side) => side.frontier.length > 0).sort((a, b) => a.frontier.length - b.frontier.length)
    const side = open[0]
    // Only the forward side knows of members, so a way may be left when the backward side has seen all of its own.
    if (side === undefined || forward.frontier.length === 0) break
    const isWhole = side.expand(MOST_EXPANDED - forward.expanded - backward.expanded)
    const meeting = side.frontier.filter((node) => (side === forward ? backward : forward).reached.has(node))
    if (meeting.length > 0) return joined(rows, forward, backward, meeting)
    if (!isWhole) return { ...NONE, truncated: true }
  }
  return NONE
}

function joined(rows: GraphRows, forward: Side, backward: Side, meeting: readonly number[]): GraphResult {
  const nodes = new Set<number>()
  const edges = new Map<string, EdgeRow>()
  let paths = 0
  for (const middle of meeting) {
    for (const before of forward.waysTo(middle, PATHS)) {
      for (const after of backward.waysTo(middle, PATHS)) {
        if (paths >= PATHS) break
        paths += 1
        for (const edge of [...before.reverse(), ...after]) {
          nodes.add(edge.src).add(edge.dst)
          edges.set(`${edge.kind} ${edge.src} ${edge.dst}`, edge)
        }
      }
    }
  }
  const shown = [...edges.values()].map((edge) => (edge.kind === 'inherits' ? reversed(edge) : edge))
  return resultOf(rows, nodes, shown, false)
}

/** One direction of a bidirectional breadth-first search; remembers every edge that reaches a node on its first level. */
class Side {
  readonly reached = new Map<number, { level: number; by: EdgeRow[] }>()
  frontier: number[]
  expanded = 0
  #level = 0
  readonly #adjacent: (node: number) => EdgeRow[]
  readonly #other: (edge: EdgeRow) => number

  constructor(start: number, adjacent: (node: number) => EdgeRow[], other: (edge: EdgeRow) => number) {
    this.#adjacent = adjacent
    this.#other = other
    this.frontier = [start]
    this.reached.set(start, { level: 0, by: [] })
  }

  /** False when the level has more nodes than may be expanded: then only some of it was. */
  expand(most: number): boolean {
    this.#level += 1
    const next: number[] = []
    const isWhole = this.frontier.length <= most
    for (const node of isWhole ? this.frontier : this.frontier.slice(0, Math.max(0, most))) {
      this.expanded += 1
      for (const edge of this.#adjacent(node)) {
        const at = this.#other(edge)
        const known = this.reached.get(at)
        if (known === undefined) {
          this.reached.set(at, { level: this.#level, by: [edge] })
          next.push(at)
        } else if (known.level === this.#level && known.by.length < PATHS && !known.by.some((way) => isSameStep(way, edge)))
          known.by.push(edge)
      }
    }
    this.frontier = next
    return isWhole
  }

  /** Edges from a node back to this side's start, nearest to the node first. */
  waysTo(node: number, most: number): EdgeRow[][] {
    const by = this.reached.get(node)?.by ?? []
    if (by.length === 0) return [[]]
    const ways: EdgeRow[][] = []
    for (const edge of by) {
      const before = this.#other(edge) === edge.dst ? edge.src : edge.dst
      for (const way of this.waysTo(before, most)) if (ways.length < most) ways.push([edge, ...way])
    }
    return ways
  }
}

function isSameStep(one: EdgeRow, other: EdgeRow): boolean {
  return one.src === other.src && one.dst === other.dst
}

function reversed(edge: EdgeRow): EdgeRow {
  return { ...edge, src: edge.dst, dst: edge.src }
}
