import type { GraphEdge, GraphNode, GraphTable, GraphValue } from '../../../../../shared/graph'
import { edgeOf, type GraphRows, nodeOf } from '../graph-rows'
import { compileExpression } from './compile-expression'
import { AGGREGATES } from './cypher-functions'
import { didYouMean } from './cypher-failure'
import { NODE_PROPERTIES } from './cypher-properties'
import type { Clause, Expression, MatchClause, ProjectionClause, UnwindClause } from './cypher-syntax'
import { type CypherValue, EdgeValue, isList, keyOf, NodeValue, PathValue } from './cypher-values'
import { matchPatterns } from './match-patterns'
import { parseCypher } from './parse-cypher'
import { QueryContext, type Row, Scope, Work } from './query-context'
import { compileProjection } from './run-projection'

/** Work of one query: about 20 ms. */
const MOST_WORK = 20_000

/**
 * Answers a query from what the view of the rows sees; `AS OF` is somebody else's to follow. At most `limit` rows. Throws KeyframeError `cypher.*`
 * with the place of the mistake: `syntax`, `read-only`, `unknown-name`, `unknown-parameter`, `type`, `pattern`.
 */
export function runCypher(
  rows: GraphRows,
  cypher: string,
  limit: number,
  parameters: Readonly<Record<string, CypherValue>> = {},
): Omit<GraphTable, 'durationMs'> {
  const query = parseCypher(cypher)
  const work = new Work(MOST_WORK)
  const context = new QueryContext(cypher, rows, work, parameters, (of, patterns, where, scope) =>
    matchPatterns(of, patterns, where, scope, false),
  )
  const parts = query.parts.map((clauses) => compilePart(context, clauses))
  const [first] = parts
  const columns = first?.columns ?? []
  const other = parts.find((part) => part.columns.join('\n') !== columns.join('\n'))
  if (other !== undefined)
    throw context.fail({
      ...{
        code: 'syntax',
        message: `what UNION joins has the same columns: ${columns.join(', ')} are not ${other.columns.join(', ')}.`,
        at: other.at,
      },
      hint: 'Name the columns alike with AS.',
    })
  const table = new TableBuilder(limit)
  const known = query.unique ? new Set<string>() : null
  for (const part of parts) {
    for (const row of part.run()) {
      const cells = row.slice(0, columns.length)
      if (known !== null) {
        const key = cells.map(keyOf).join()
        if (known.has(key)) continue
        known.add(key)
      }
      if (!table.add(cells)) work.cut(`more than ${limit} rows`)
      if (table.isFull) break
    }
  }
  refuseUnknownProperties(context)
  return { columns: [...columns], ...table.result(), truncated: work.limit !== null, limit: work.limit }
}

interface Part {
  readonly columns: readonly string[]
  readonly at: number
  readonly run: () => Iterable<Row>
}

type Stage = (rows: Iterable<Row>) => Iterable<Row>

function compilePart(context: QueryContext, clauses: readonly Clause[]): Part {
  const first = new Scope()
  let scope = first
  let visible: string[] = []
  let columns: readonly string[] = []
  const stages: Stage[] = []
  for (const [index, clause] of clauses.entries()) {
    if (clause.is === 'match') {
      visible.push(...namesOf(clause).filter((name) => !visible.includes(name)))
      stages.push(compileMatch(context, scope, clause, needsOnlyDistinct(clauses.slice(index + 1))))
    } else if (clause.is === 'unwind') {
      stages.push(compileUnwind(context, scope, clause))
      visible.push(clause.variable)
    } else {
      const projection = compileProjection(context, scope, clause, visible)
      stages.push(projection.run)
      ;({ scope, columns } = projection)
      visible = [...columns]
    }
  }
  const run = () => stages.reduce<Iterable<Row>>((rows, stage) => stage(rows), [first.emptyRow()])
  return { columns, at: clauses.at(-1)?.at ?? 0, run }
}

function namesOf({ patterns }: MatchClause): string[] {
  const names = patterns.flatMap((pattern) => [
    pattern.variable,
    ...pattern.nodes.map(({ variable }) => variable),
    ...pattern.relations.map(({ variable }) => variable),
  ])
  return [...new Set(names.flatMap((name) => (name === null ? [] : [name])))]
}

function compileMatch(context: QueryContext, scope: Scope, clause: MatchClause, onlyDistinct: boolean): Stage {
  const matches = matchPatterns(context, clause.patterns, clause.where, scope, onlyDistinct)
  return function* (rows) {
    for (const row of rows) {
      let isMatched = false
      for (const next of matches(row)) {
        isMatched = true
        yield next
      }
      if (clause.optional && !isMatched) yield row
      if (context.work.isDone) return
    }
  }
}

function compileUnwind(context: QueryContext, scope: Scope, { list, variable, at }: UnwindClause): Stage {
  const value = compileExpression(context, scope, list)
  if (scope.slotOf(variable) !== undefined)
    throw context.fail({ code: 'unknown-name', message: `${variable} already names something else.`, at, hint: 'Use another name.' })
  const slot = scope.declare(variable)
  return function* (rows) {
    for (const row of rows) {
      const of = value(row)
      for (const item of of === null ? [] : isList(of) ? of : [of]) {
        context.work.spend(0.5)
        if (context.work.isDone) return
        const next = row.slice()
        next[slot] = item
        yield next
      }
    }
  }
}

/** Whether how often a row comes makes no difference: up to the next projection, which keeps each once or counts each once. */
function needsOnlyDistinct(rest: readonly Clause[]): boolean {
  const projection = rest.find((clause): clause is ProjectionClause => clause.is === 'with' || clause.is === 'return')
  if (projection === undefined) return false
  const calls = aggregatesIn([
    ...projection.items.map(({ expression }) => expression),
    ...projection.orderBy.map(({ expression }) => expression),
  ])
  if (calls.length === 0) return projection.distinct
  return calls.every((call) => call.distinct || call.name.toLowerCase() === 'min' || call.name.toLowerCase() === 'max')
}

function aggregatesIn(value: unknown): Extract<Expression, { is: 'call' }>[] {
  if (Array.isArray(value)) return value.flatMap(aggregatesIn)
  if (typeof value !== 'object' || value === null) return []
  const inside = Object.values(value).flatMap(aggregatesIn)
  return isAggregate(value) ? [value, ...inside] : inside
}

function isAggregate(value: object): value is Extract<Expression, { is: 'call' }> {
  return (
    'is' in value &&
    value.is === 'call' &&
    'name' in value &&
    typeof value.name === 'string' &&
    AGGREGATES.includes(value.name.toLowerCase())
  )
}

/** A property that no node has, whether looked at or not, is a mistake in the query rather than an answer. */
function refuseUnknownProperties(context: QueryContext): void {
  for (const [name, { at, found }] of context.asked) {
    if (found || context.rows.hasAttribute(name)) continue
    const hint =
      didYouMean(name, Object.keys(NODE_PROPERTIES)) ??
      `All nodes have ${Object.keys(NODE_PROPERTIES).join(', ')}; see properties(n) for one's own.`
    throw context.fail({ code: 'unknown-name', message: `no node has a property ${name}.`, at, hint })
  }
}

class TableBuilder {
  readonly #limit: number
  readonly #rows: GraphValue[][] = []
  readonly #nodes = new Map<string, GraphNode>()
  readonly #edges = new Map<number, GraphEdge>()
  isFull = false

  constructor(limit: number) {
    this.#limit = limit
  }

  /** False when there is no room. */
  add(cells: readonly CypherValue[]): boolean {
    this.isFull = this.#rows.length >= this.#limit
    if (!this.isFull) this.#rows.push(cells.map((cell) => this.#value(cell)))
    return !this.isFull
  }

  result(): Pick<GraphTable, 'rows' | 'nodes' | 'edges'> {
    return { rows: this.#rows, nodes: [...this.#nodes.values()], edges: [...this.#edges.values()] }
  }

  #node(node: NodeValue): string {
    if (!this.#nodes.has(node.row.id)) this.#nodes.set(node.row.id, nodeOf(node.row))
    return node.row.id
  }

  #edge(edge: EdgeValue): GraphEdge {
    const known = this.#edges.get(edge.row.id)
    if (known !== undefined) return known
    const made = edgeOf(edge.row, this.#node(edge.from), this.#node(edge.to))
    this.#edges.set(edge.row.id, made)
    return made
  }

  #value(value: CypherValue): GraphValue {
    if (value === null || typeof value === 'boolean' || typeof value === 'string') return value
    if (typeof value === 'number') return Number.isFinite(value) ? value : null
    if (value instanceof NodeValue) return { is: 'node', id: this.#node(value) }
    if (value instanceof EdgeValue) return { is: 'edge', edge: this.#edge(value) }
    if (value instanceof PathValue)
      return { is: 'path', nodes: value.nodes.map((node) => this.#node(node)), edges: value.edges.map((edge) => this.#edge(edge)) }
    if (isList(value)) return { is: 'list', items: value.map((item) => this.#value(item)) }
    // There is no map among the values of an answer: its entries as a list of pairs.
    return { is: 'list', items: [...value].map(([name, of]) => ({ is: 'list', items: [name, this.#value(of)] })) }
  }
}
