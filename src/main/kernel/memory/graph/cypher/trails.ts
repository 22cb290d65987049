import type { EdgeKind, NodeKind } from '../../../../../shared/graph'
import type { EdgeRow } from '../graph-rows'
import type { NodeValue } from './cypher-values'
import type { QueryContext } from './query-context'

/** Relationships read of one node. */
const WIDEST = 5000
const FIRST_WINDOW = 6
const QUERY_UNITS = 6
const ROW_UNITS = 1.2
/** Of a relationship that was read before. */
const PASS_UNITS = 0.2
const STEP_UNITS = 0.4

/** What calls, and what is called, by a name alone. */
const CALLERS = new Set<NodeKind>(['file', 'module', 'function', 'method', 'class', 'variable', 'property', 'test'])
const CALLED = new Set<NodeKind>(['function', 'method', 'test'])

/** Relationships of some kinds, walked in a direction. Reads each node once a query. */
export class Adjacency {
  readonly #context: QueryContext
  readonly #kinds: readonly EdgeKind[] | null
  readonly #direction: 'out' | 'in' | 'both'
  readonly #known = { next: new Map<number, readonly EdgeRow[]>(), previous: new Map<number, readonly EdgeRow[]>() }

  /** `kinds` null: any. */
  constructor(context: QueryContext, kinds: readonly EdgeKind[] | null, direction: 'out' | 'in' | 'both') {
    this.#context = context
    this.#kinds = kinds
    this.#direction = direction
  }

  next(node: number): readonly EdgeRow[] {
    return this.#read('next', node)
  }

  previous(node: number): readonly EdgeRow[] {
    return this.#direction === 'both' ? this.#read('next', node) : this.#read('previous', node)
  }

  /** Where a relationship leads that was walked forward from a node, and where it came from that was walked backward. */
  otherEnd(edge: EdgeRow, node: number): number {
    return edge.src === node ? edge.dst : edge.src
  }

  #read(side: 'next' | 'previous', node: number): readonly EdgeRow[] {
    const known = this.#known[side].get(node)
    if (known !== undefined) return known
    const outward = this.#direction === 'both' || (this.#direction === 'out') === (side === 'next')
    const inward = this.#direction === 'both' || !outward
    const { rows, work } = this.#context
    const kind = this.#kinds === null || this.#kinds.includes('maybe_calls') ? this.#context.node(node)?.row.kind : undefined
    const [calls, isCalled] = [kind !== undefined && CALLERS.has(kind), kind !== undefined && CALLED.has(kind)]
    const edges: EdgeRow[] = []
    if (outward) {
      edges.push(...rows.out(node, this.#kinds, WIDEST))
      if (calls) edges.push(...rows.maybeOut(node, WIDEST))
    }
    if (inward) {
      const from = [...rows.in(node, this.#kinds, WIDEST), ...(isCalled ? rows.maybeIn(node, WIDEST) : [])]
      // A loop was already read from its other end.
      edges.push(...(outward ? from.filter((edge) => edge.src !== edge.dst) : from))
    }
    if (edges.length >= WIDEST) work.cut(`a node has ${WIDEST} relationships or more; those beyond were left out`)
    const queries = Number(outward) + Number(inward) + (outward && calls ? 1 : 0) + (inward && isCalled ? 4 : 0)
    work.spend(QUERY_UNITS * queries + edges.length * ROW_UNITS)
    this.#known[side].set(node, edges)
    return edges
  }
}

/** What a way may be. Tests are conditions that every result fulfils anyway: they are here so that hopeless ways are not walked. */
export interface Walk {
  readonly adjacency: Adjacency
  readonly least: number
  readonly most: number
  /** Of every relationship. */
  readonly edgeOk: (edge: EdgeRow) => boolean
  /** Of every node on the way. */
  readonly nodeOk: ((node: NodeValue) => boolean) | null
  /** Each holds for some node of the way, its ends included. */
  readonly passing: readonly ((node: NodeValue) => boolean)[]
}

/** Every way between two nodes on which no relationship comes twice, shortest first. */
export function* trailsBetween(context: QueryContext, walk: Walk, source: number, target: number): Generator<readonly EdgeRow[]> {
  if (!isOk(context, walk, source) || !isOk(context, walk, target)) return
  if (walk.least === 0 && source === target) yield []
  // A short way is found before far ones are looked for, which may be more than a query may look at.
  for (let from = Math.max(1, walk.least), to = FIRST_WINDOW; from <= walk.most; to *= 2) {
    if (to < from) continue
    const window = { ...walk, least: from, most: Math.min(to, walk.most) }
    const steps = usefulSteps(context, window, source, target)
    if (steps !== null) yield* trailsWithin(context, window, steps, source, target)
    if (context.work.isDone) return
    from = window.most + 1
  }
}

function* trailsWithin(context: QueryContext, walk: Walk, steps: Steps, source: number, target: number): Generator<readonly EdgeRow[]> {
  const reach = new ExactReach(context, walk, steps, target)
  for (let length = walk.least; length <= walk.most && !context.work.isDone; length += 1) {
    if (reach.isOver(length)) return
    if (reach.canReach(source, length)) yield* trailsOfLength(context, reach, steps, source, length)
  }
}

type Steps = ReadonlyMap<number, readonly { readonly edge: EdgeRow; readonly to: number }[]>

function isOk(context: QueryContext, walk: Walk, number: number): boolean {
  const node = context.node(number)
  return node !== null && (walk.nodeOk === null || walk.nodeOk(node))
}

/**
 * The steps that lie on some walk of at most `most` steps from the source to the target: searched from both ends at once, each time from the
 * one with fewer nodes. Null when there is none.
 */
function usefulSteps(context: QueryContext, walk: Walk, source: number, target: number): Steps | null {
  const { adjacency, most } = walk
  const ok = (node: number) => walk.nodeOk === null || isOk(context, walk, node)
  const fromSource = new Map([[source, 0]])
  const toTarget = new Map([[target, 0]])
  /** Nodes of which all relationships were read forward, and for the others those that were met backward. */
  const expanded = new Set<number>()
  const before = new Map<number, number[]>()
  const met = new Map<number, EdgeRow[]>()
  let [ahead, behind] = [[source], [target]]
  let [levelAhead, levelBehind] = [0, 0]
  while (levelAhead + levelBehind < most && ahead.length > 0 && behind.length > 0) {
    if (context.work.isDone) return null
    const next: number[] = []
    if (ahead.length <= behind.length) {
      levelAhead += 1
      for (const node of ahead) {
        if (context.work.isDone) return null
        expanded.add(node)
        const edges = adjacency.next(node)
        context.work.spend(edges.length * PASS_UNITS)
        for (const edge of edges) {
          if (!walk.edgeOk(edge)) continue
          const to = adjacency.otherEnd(edge, node)
          const known = before.get(to)
          if (known === undefined) before.set(to, [node])
          else known.push(node)
          if (fromSource.has(to) || !ok(to)) continue
          fromSource.set(to, levelAhead)
          next.push(to)
        }
      }
      ahead = next
    } else {
      levelBehind += 1
      for (const node of behind) {
        if (context.work.isDone) return null
        const edges = adjacency.previous(node)
        context.work.spend(edges.length * PASS_UNITS)
        for (const edge of edges) {
          if (!walk.edgeOk(edge)) continue
          const from = adjacency.otherEnd(edge, node)
          const known = met.get(from)
          if (known === undefined) met.set(from, [edge])
          else known.push(edge)
          if (toTarget.has(from) || !ok(from)) continue
          toTarget.set(from, levelBehind)
          next.push(from)
        }
      }
      behind = next
    }
  }
  distancesThrough(before, toTarget, most, ok)
  if (!toTarget.has(source)) return null
  const edgesOf = (node: number) => (expanded.has(node) ? adjacency.next(node) : (met.get(node) ?? []))
  return stepsWithin(context, walk, source, edgesOf, toTarget)
}

/** Goes on from the nodes whose distance to the target is known, along what was read forward from the source. */
function distancesThrough(
  before: ReadonlyMap<number, readonly number[]>,
  toTarget: Map<number, number>,
  most: number,
  ok: (node: number) => boolean,
): void {
  const byDistance: number[][] = []
  for (const [node, distance] of toTarget) (byDistance[distance] ??= []).push(node)
  for (let distance = 0; distance < most; distance += 1) {
    for (const node of byDistance[distance] ?? []) {
      for (const from of before.get(node) ?? []) {
        if (toTarget.has(from) || !ok(from)) continue
        toTarget.set(from, distance + 1)
        ;(byDistance[distance + 1] ??= []).push(from)
      }
    }
  }
}

function stepsWithin(
  context: QueryContext,
  walk: Walk,
  source: number,
  edgesOf: (node: number) => readonly EdgeRow[],
  toTarget: ReadonlyMap<number, number>,
): Steps {
  const steps = new Map<number, { edge: EdgeRow; to: number }[]>()
  const reached = new Map([[source, 0]])
  const open = [source]
  for (const node of open) {
    const depth = reached.get(node) ?? 0
    const out: { edge: EdgeRow; to: number }[] = []
    for (const edge of edgesOf(node)) {
      context.work.spend(STEP_UNITS)
      const to = walk.adjacency.otherEnd(edge, node)
      const left = toTarget.get(to)
      if (left === undefined || depth + 1 + left > walk.most || !walk.edgeOk(edge) || context.node(to) === null) continue
      out.push({ edge, to })
      if (reached.has(to)) continue
      reached.set(to, depth + 1)
      open.push(to)
    }
    steps.set(node, out)
  }
  return steps
}

/** From which nodes the target is reached in exactly so many steps, and by which of these walks each of `passing` is fulfilled. */
class ExactReach {
  readonly #context: QueryContext
  readonly #before = new Map<number, number[]>()
  readonly #levels: { readonly all: Set<number>; readonly passing: readonly Set<number>[] }[]
  readonly #passing: readonly ReadonlySet<number>[]
  #over = Number.POSITIVE_INFINITY

  constructor(context: QueryContext, walk: Walk, steps: Steps, target: number) {
    this.#context = context
    const nodes = new Set<number>([target])
    for (const [node, out] of steps) {
      nodes.add(node)
      for (const { to } of out) {
        const known = this.#before.get(to)
        if (known === undefined) this.#before.set(to, [node])
        else known.push(node)
      }
    }
    this.#passing = walk.passing.map((test) => new Set([...nodes].filter((number) => holds(context, number, test))))
    this.#levels = [{ all: new Set([target]), passing: this.#passing.map((of) => new Set(of.has(target) ? [target] : [])) }]
  }

  /** No walk has this many steps or more. */
  isOver(length: number): boolean {
    this.#compute(length)
    return length >= this.#over
  }

  canReach(node: number, length: number, satisfied = 0): boolean {
    const level = this.#compute(length)
    if (level?.all.has(node) !== true) return false
    return level.passing.every((of, index) => (satisfied & (1 << index)) !== 0 || of.has(node))
  }

  /** Bits of the conditions that a node fulfils. */
  satisfiedBy(node: number): number {
    let bits = 0
    for (const [index, of] of this.#passing.entries()) if (of.has(node)) bits |= 1 << index
    return bits
  }

  #compute(length: number) {
    while (this.#levels.length <= length) {
      const last = this.#levels.at(-1)
      if (last === undefined || last.all.size === 0) {
        this.#over = Math.min(this.#over, this.#levels.length - 1)
        return undefined
      }
      const passing = last.passing.map((of) => this.#stepBack(of))
      const all = this.#stepBack(last.all)
      for (const [index, of] of this.#passing.entries()) for (const node of all) if (of.has(node)) passing[index]?.add(node)
      this.#levels.push({ all, passing })
    }
    return this.#levels[length]
  }

  #stepBack(nodes: ReadonlySet<number>): Set<number> {
    const back = new Set<number>()
    for (const node of nodes) for (const from of this.#before.get(node) ?? []) back.add(from)
    this.#context.work.spend(back.size * 0.2)
    return back
  }
}

function holds(context: QueryContext, number: number, test: (node: NodeValue) => boolean): boolean {
  const node = context.node(number)
  context.work.spend(STEP_UNITS)
  return node !== null && test(node)
}

function* trailsOfLength(
  context: QueryContext,
  reach: ExactReach,
  steps: Steps,
  source: number,
  length: number,
): Generator<readonly EdgeRow[]> {
  const trail: EdgeRow[] = []
  const stack = [{ node: source, next: 0, satisfied: reach.satisfiedBy(source) }]
  for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
    const step = trail.length < length ? steps.get(top.node)?.[top.next] : undefined
    if (step === undefined) {
      stack.pop()
      trail.pop()
      continue
    }
    top.next += 1
    context.work.spend(STEP_UNITS)
    if (context.work.isDone) return
    const satisfied = top.satisfied | reach.satisfiedBy(step.to)
    if (!reach.canReach(step.to, length - trail.length - 1, top.satisfied) || trail.some((edge) => edge.id === step.edge.id)) continue
    trail.push(step.edge)
    if (trail.length === length) {
      yield [...trail]
      trail.pop()
    } else stack.push({ node: step.to, next: 0, satisfied })
  }
}

interface Partial {
  readonly node: number
  readonly edge: EdgeRow | null
  readonly before: Partial | null
}

/** Every way from a node on which no relationship comes twice, shortest first, with its end. */
export function* trailsFrom(
  context: QueryContext,
  walk: Walk,
  source: number,
): Generator<{ readonly end: number; readonly edges: readonly EdgeRow[] }> {
  if (!isOk(context, walk, source)) return
  let level: Partial[] = [{ node: source, edge: null, before: null }]
  const edgesOf = (partial: Partial): EdgeRow[] => {
    const edges: EdgeRow[] = []
    for (let at: Partial | null = partial; at !== null; at = at.before) if (at.edge !== null) edges.push(at.edge)
    return edges.reverse()
  }
  if (walk.least === 0) yield { end: source, edges: [] }
  for (let depth = 1; depth <= walk.most && level.length > 0; depth += 1) {
    const next: Partial[] = []
    for (const partial of level) {
      const edges = walk.adjacency.next(partial.node)
      const farEnd = (edge: EdgeRow) => walk.adjacency.otherEnd(edge, partial.node)
      for (const [at, edge] of edges.entries()) {
        context.prefetch(edges, at, farEnd)
        context.work.spend(STEP_UNITS)
        if (context.work.isDone) return
        if (!walk.edgeOk(edge) || isOnWay(partial, edge.id)) continue
        const node = walk.adjacency.otherEnd(edge, partial.node)
        if (!isOk(context, walk, node)) continue
        const longer: Partial = { node, edge, before: partial }
        if (depth >= walk.least) yield { end: node, edges: edgesOf(longer) }
        if (depth < walk.most) next.push(longer)
      }
    }
    level = next
  }
}

function isOnWay(partial: Partial, id: number): boolean {
  for (let at: Partial | null = partial; at !== null; at = at.before) if (at.edge?.id === id) return true
  return false
}

/** Every node that a directed walk of `least` (0 or 1) to `most` steps reaches, each once, nearest first. */
export function* reachableFrom(context: QueryContext, walk: Walk, source: number): Generator<number> {
  if (!isOk(context, walk, source)) return
  if (walk.least === 0) yield source
  const reached = new Set<number>(walk.least === 0 ? [source] : [])
  let level = [source]
  for (let depth = 1; depth <= walk.most && level.length > 0; depth += 1) {
    const next: number[] = []
    for (const node of level) {
      if (context.work.isDone) return
      const edges = walk.adjacency.next(node)
      const farEnd = (edge: EdgeRow) => walk.adjacency.otherEnd(edge, node)
      for (const [at, edge] of edges.entries()) {
        context.prefetch(edges, at, farEnd)
        const to = farEnd(edge)
        if (reached.has(to) || !walk.edgeOk(edge) || !isOk(context, walk, to)) continue
        reached.add(to)
        yield to
        if (to !== source) next.push(to)
      }
    }
    level = next
  }
}
