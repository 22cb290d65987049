import type { FlowResult, GraphEdge, GraphNode } from '../../../../shared/graph'
import { regionOf } from './flow-region'
import { type FlowStep, FlowSteps, ownerOf } from './flow-steps'
import { type EntityRow, type GraphRows, nodeOf } from './graph-rows'

const MOST_WAYS = 8
const MOST_STARTS = 150
/** Places looked at in one question, about 20 ms. */
const MOST_PLACES = 1200
/** Of two ways that are as certain the one with fewer steps is the better one. */
const STEP_COST = 0.001

type Region = ((row: EntityRow) => boolean) | null

interface Reached {
  readonly place: EntityRow
  readonly cost: number
  readonly steps: number
  readonly by: FlowStep | null
  readonly before: Reached | null
}

/**
 * Where a value goes: the most certain ways (the product of their steps' confidence) from places named so within `from` to places named so
 * within `to`; `user_id`, `userId` and `UserID` are one name. Where nothing in `to` has that name, to where the value is there under another
 * one. Null stands for anywhere: then ways are followed for as long as they lead to further places of that name.
 */
export function valueFlow(rows: GraphRows, name: string, from: string | null, to: string | null, maxHops: number): FlowResult {
  const steps = new FlowSteps(rows, name)
  const [source, target] = [regionOf(rows, from), regionOf(rows, to)]
  // With only its end known, a way is followed from there.
  const isBackward = source === null && target !== null
  const search = new FlowSearch(steps, isBackward, maxHops)
  const [start, goal] = isBackward ? [target, source] : [source, target]
  const starts = startsOf(steps, start, isBackward)
  search.run(starts, goal)
  const found = goal === null ? search.ends() : search.within(goal)
  const best = found.sort((a, b) => a.cost - b.cost || a.steps - b.steps || (a.place.id < b.place.id ? -1 : 1)).slice(0, MOST_WAYS)
  return resultOf(
    rows,
    best.map((reached) => wayOf(reached, isBackward)),
    search.isCut || found.length > MOST_WAYS,
  )
}

/** Where nothing says where to begin: at places to which no other place of that name hands the value. */
function startsOf(steps: FlowSteps, region: Region, isBackward: boolean): EntityRow[] {
  if (region !== null) return steps.named.filter(region)
  const some = steps.named.slice(0, MOST_STARTS)
  const first = some.filter((row) =>
    isBackward ? !steps.from(row).some((step) => steps.isNamed(step.to)) : !steps.into(row).some((step) => steps.isNamed(step.from)),
  )
  return first.length > 0 ? first : some
}

class FlowSearch {
  readonly #steps: FlowSteps
  readonly #isBackward: boolean
  readonly #maxHops: number
  /** Best first, each place at most once for every number of steps. */
  readonly #reached: Reached[] = []
  readonly #fewest = new Map<number, number>()
  isCut = false

  constructor(steps: FlowSteps, isBackward: boolean, maxHops: number) {
    this.#steps = steps
    this.#isBackward = isBackward
    this.#maxHops = maxHops
  }

  /** Cheapest first (Dijkstra 1959 over minus the logarithm of confidence), never on from a place of that name within the goal. */
  run(starts: readonly EntityRow[], goal: Region): void {
    const queue = new CheapestFirst()
    for (const place of starts) queue.add({ place, cost: 0, steps: 0, by: null, before: null })
    for (let next = queue.take(); next !== null; next = queue.take()) {
      const known = this.#fewest.get(next.place.node)
      if (known !== undefined && known <= next.steps) continue
      this.#fewest.set(next.place.node, next.steps)
      this.#reached.push(next)
      if (goal !== null && next.steps > 0 && this.#steps.isNamed(next.place) && goal(next.place)) continue
      if (next.steps >= this.#maxHops) continue
      if (this.#reached.length >= MOST_PLACES) {
        this.isCut = true
        return
      }
      for (const step of this.#isBackward ? this.#steps.into(next.place) : this.#steps.from(next.place)) {
        const place = this.#isBackward ? step.from : step.to
        if (!isOnWay(next, place.node) && (this.#isBackward || returnsWhereItCameFrom(next, step)))
          queue.add({ place, cost: next.cost - Math.log(step.confidence) + STEP_COST, steps: next.steps + 1, by: step, before: next })
      }
    }
  }

  /** The best way to each place of the goal: of that name, or of any where there is none. */
  within(goal: (row: EntityRow) => boolean): Reached[] {
    const inside = this.#best().filter((reached) => reached.steps > 0 && goal(reached.place))
    const named = inside.filter((reached) => this.#steps.isNamed(reached.place))
    if (named.length > 0) return named
    const entering = inside.filter((reached) => reached.before === null || !goal(reached.before.place))
    return entering.length > 0 ? entering : withoutPassed(inside)
  }

  /** Places of that name from which no way goes on to another. */
  ends(): Reached[] {
    return withoutPassed(this.#best().filter((reached) => reached.steps > 0 && this.#steps.isNamed(reached.place)))
  }

  #best(): Reached[] {
    const seen = new Set<number>()
    return this.#reached.filter(({ place }) => !seen.has(place.node) && seen.add(place.node))
  }
}

/** Those that do not lie on the way to another one. */
function withoutPassed(reached: readonly Reached[]): Reached[] {
  const passed = new Set<Reached>()
  for (const one of reached) for (let at = one.before; at !== null; at = at.before) passed.add(at)
  return reached.filter((one) => !passed.has(one))
}

function isOnWay(reached: Reached, node: number): boolean {
  for (let at: Reached | null = reached; at !== null; at = at.before) if (at.place.node === node) return true
  return false
}

/** What came into a function as an argument leaves it, when it is returned, to the function that called. */
function returnsWhereItCameFrom(reached: Reached, step: FlowStep): boolean {
  if (ownerOf(step.from.id) !== null || ownerOf(step.to.id) === null || !['function', 'method'].includes(step.from.kind)) return true
  for (let at: Reached | null = reached; at !== null; at = at.before) {
    const entered = at.by
    if (entered === null || ownerOf(entered.to.id) !== step.from.id || ownerOf(entered.from.id) === step.from.id) continue
    if (entered.how !== 'argument to parameter') continue
    return ownerOf(entered.from.id) === ownerOf(step.to.id) || step.how === 'argument to parameter'
  }
  return true
}

function wayOf(reached: Reached, isBackward: boolean): FlowStep[] {
  const way: FlowStep[] = []
  for (let at: Reached | null = reached; at !== null; at = at.before) if (at.by !== null) way.push(at.by)
  return isBackward ? way : way.reverse()
}

function resultOf(rows: GraphRows, ways: readonly (readonly FlowStep[])[], truncated: boolean): FlowResult {
  const nodes = new Map<string, GraphNode>()
  const edges = new Map<string, GraphEdge>()
  const lines = new SourceLines(rows)
  const shown = ways.map((way) => {
    const hops = way.map(({ from, to, how, method, confidence, path, line }) => {
      for (const row of [from, to]) nodes.set(row.id, nodeOf(row))
      edges.set(`${from.id} ${to.id}`, { from: from.id, to: to.id, kind: 'flows_to', confidence, method, line })
      return { from: from.id, to: to.id, how, path, line, text: lines.at(path, line), confidence, method }
    })
    return { hops, confidence: hops.reduce((product, hop) => product * hop.confidence, 1) }
  })
  return { ways: shown, nodes: [...nodes.values()], edges: [...edges.values()], truncated }
}

const LONGEST_LINE = 300

class SourceLines {
  readonly #rows: GraphRows
  readonly #known = new Map<string, string>()

  constructor(rows: GraphRows) {
    this.#rows = rows
  }

  /** As the file had it when it was indexed; '' where there is no such line. */
  at(path: string, line: number): string {
    const key = `${line} ${path}`
    const known = this.#known.get(key)
    if (known !== undefined) return known
    const [chunk] = this.#rows.chunksAt(path, line)
    const text = chunk?.text.split('\n')[line - chunk.startLine]?.trim().slice(0, LONGEST_LINE) ?? ''
    this.#known.set(key, text)
    return text
  }
}

/** A binary heap. */
class CheapestFirst {
  readonly #heap: Reached[] = []

  add(reached: Reached): void {
    const heap = this.#heap
    let at = heap.push(reached) - 1
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (this.#costAt(parent) <= reached.cost) break
      this.#swap(at, parent)
      at = parent
    }
  }

  take(): Reached | null {
    const heap = this.#heap
    const [first] = heap
    const last = heap.pop()
    if (first === undefined || last === undefined) return null
    if (heap.length === 0) return first
    heap[0] = last
    for (let at = 0; ;) {
      const [left, right] = [2 * at + 1, 2 * at + 2]
      const smaller = this.#costAt(right) < this.#costAt(left) ? right : left
      if (this.#costAt(smaller) >= last.cost) return first
      this.#swap(at, smaller)
      at = smaller
    }
  }

  #costAt(index: number): number {
    return this.#heap[index]?.cost ?? Number.POSITIVE_INFINITY
  }

  #swap(one: number, other: number): void {
    const [a, b] = [this.#heap[one], this.#heap[other]]
    if (a === undefined || b === undefined) return
    this.#heap[one] = b
    this.#heap[other] = a
  }
}
