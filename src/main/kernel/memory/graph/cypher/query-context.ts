import { KeyframeError } from '../../../../../shared/failure'
import { type EdgeRow, type GraphRows } from '../graph-rows'
import { cypherFailure, type Mistake } from './cypher-failure'
import type { Expression, PathPattern } from './cypher-syntax'
import { type CypherValue, EdgeValue, NodeValue } from './cypher-values'

/** Values of the variables, by slot. Never changed once it was handed on. */
export type Row = CypherValue[]
export type Compiled = (row: Row) => CypherValue

/**
 * What a query may still do, in units of about a microsecond. Sources of rows end when it is used up, what comes after them still
 * answers from the rows that were had.
 */
export class Work {
  limit: string | null = null
  #left: number

  constructor(units: number) {
    this.#left = units
  }

  spend(units: number): void {
    this.#left -= units
    if (this.#left < 0) this.limit ??= 'the query looked at as much of the graph as a query may; make it more selective'
  }

  get isDone(): boolean {
    return this.#left < 0
  }

  cut(limit: string): void {
    this.limit ??= limit
  }
}

/** Names of variables and their slots. */
export class Scope {
  readonly #slots: Map<string, number>
  readonly #size: { width: number }

  constructor(slots = new Map<string, number>(), size = { width: 0 }) {
    this.#slots = slots
    this.#size = size
  }

  /** A scope with further variables, whose rows are the same rows. */
  inner(): Scope {
    return new Scope(new Map(this.#slots), this.#size)
  }

  declare(name: string): number {
    const slot = this.hidden()
    this.#slots.set(name, slot)
    return slot
  }

  hidden(): number {
    this.#size.width += 1
    return this.#size.width - 1
  }

  slotOf(name: string): number | undefined {
    return this.#slots.get(name)
  }

  get names(): string[] {
    return [...this.#slots.keys()]
  }

  emptyRow(): Row {
    return Array.from({ length: this.#size.width }, () => null)
  }
}

const ENTITY_UNITS = 10
const ENTITY_AT_ONCE_UNITS = 4
const AT_ONCE = 48

/** All that the parts of one running query share. */
export class QueryContext {
  readonly source: string
  readonly rows: GraphRows
  readonly work: Work
  readonly parameters: Readonly<Record<string, CypherValue>>
  readonly #nodes = new Map<number, NodeValue | null>()
  readonly #edges = new Map<number, EdgeValue | null>()
  /** Properties that are no node's by definition: where they are asked for, and whether any node had one. */
  readonly asked = new Map<string, { readonly at: number; found: boolean }>()
  /** Given by whoever runs matches: rows of patterns for a row. */
  readonly matching: (
    context: QueryContext,
    patterns: readonly PathPattern[],
    where: Expression | null,
    scope: Scope,
  ) => (row: Row) => Iterable<Row>

  constructor(
    source: string,
    rows: GraphRows,
    work: Work,
    parameters: Readonly<Record<string, CypherValue>>,
    matching: QueryContext['matching'],
  ) {
    this.source = source
    this.rows = rows
    this.work = work
    this.parameters = parameters
    this.matching = matching
  }

  /** Null for what the view does not see. */
  node(number: number): NodeValue | null {
    const known = this.#nodes.get(number)
    if (known !== undefined) return known
    this.work.spend(ENTITY_UNITS)
    const row = this.rows.entity(number)
    const made = row === null ? null : new NodeValue(row)
    this.#nodes.set(number, made)
    return made
  }

  /** Reads the far ends of relationships from this one on at once, if the next is not known. */
  prefetch(edges: readonly EdgeRow[], from: number, farEnd: (edge: EdgeRow) => number): void {
    const [next] = edges.slice(from, from + 1).map(farEnd)
    if (next === undefined || this.#nodes.has(next)) return
    const wanted = new Set(
      edges
        .slice(from, from + AT_ONCE)
        .map(farEnd)
        .filter((number) => !this.#nodes.has(number)),
    )
    if (wanted.size < 3) return
    this.work.spend(ENTITY_UNITS + wanted.size * ENTITY_AT_ONCE_UNITS)
    for (const number of wanted) this.#nodes.set(number, null)
    for (const row of this.rows.entities([...wanted])) this.#nodes.set(row.node, new NodeValue(row))
  }

  /** Keeps a row that was read together with others. */
  noted(row: NodeValue['row']): NodeValue {
    const known = this.#nodes.get(row.node)
    if (known !== undefined && known !== null) return known
    const made = new NodeValue(row)
    this.#nodes.set(row.node, made)
    return made
  }

  /** Null when the view does not see one of its ends. */
  edge(row: EdgeRow): EdgeValue | null {
    const known = this.#edges.get(row.id)
    if (known !== undefined) return known
    const [from, to] = [this.node(row.src), this.node(row.dst)]
    const made = from === null || to === null ? null : new EdgeValue(row, from, to)
    this.#edges.set(row.id, made)
    return made
  }

  fail(mistake: Mistake): KeyframeError {
    return cypherFailure(this.source, mistake)
  }
}
