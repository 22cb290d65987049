import { type Aggregate, compileCondition, compileExpression } from './compile-expression'
import { didYouMean } from './cypher-failure'
import type { Expression, ProjectionClause } from './cypher-syntax'
import { type CypherValue, keyOf, order, typeName } from './cypher-values'
import { freeVariables } from './free-variables'
import { type Compiled, type QueryContext, type Row, Scope } from './query-context'

export interface Projection {
  readonly columns: readonly string[]
  readonly scope: Scope
  readonly run: (rows: Iterable<Row>) => Iterable<Row>
}

/** WITH or RETURN: the rows of a new scope, in which the columns have the first slots. */
export function compileProjection(context: QueryContext, before: Scope, clause: ProjectionClause, visible: readonly string[]): Projection {
  const star = clause.star
    ? visible.map((name) => ({ expression: { is: 'variable', name, at: clause.at } as const, name, at: clause.at }))
    : []
  const items = [...star, ...clause.items]
  if (items.length === 0) throw context.fail({ code: 'syntax', message: 'there is no variable that * could stand for.', at: clause.at })
  const seen = new Set<string>()
  for (const { name, at } of items) {
    if (seen.has(name))
      throw context.fail({ code: 'syntax', message: `two columns are called ${name}.`, at, hint: 'Give one another name with AS.' })
    seen.add(name)
  }
  const aggregates: Aggregate[] = []
  const values = items.map(({ expression }) => {
    const count = aggregates.length
    const value = compileExpression(context, before, expression, aggregates)
    return { value, isKey: aggregates.length === count }
  })
  const scope = new Scope()
  for (const { name } of items) scope.declare(name)
  const sorting = compileSorting(context, before, clause, items, aggregates)
  const where = clause.where === null ? null : compileCondition(context, scope, clause.where)
  const [skip, limit] = [countOf(context, clause.skip, 'SKIP'), countOf(context, clause.limit, 'LIMIT')]
  const isGrouped = aggregates.length > 0
  const source = (rows: Iterable<Row>): Iterable<Row> => (isGrouped ? grouped(context, before, rows, values, aggregates) : rows)

  function* projected(rows: Iterable<Row>): Generator<Sortable> {
    const known = new Set<string>()
    for (const row of source(rows)) {
      context.work.spend(0.5)
      const made = values.map(({ value }) => value(row))
      if (clause.distinct) {
        const key = made.map(keyOf).join()
        if (known.has(key)) continue
        known.add(key)
      }
      yield { made, keys: sorting.length === 0 ? [] : sorting.map(({ value }) => value(row, made)) }
    }
  }

  function* run(rows: Iterable<Row>): Generator<Row> {
    let skipped = 0
    let given = 0
    if (limit === 0) return
    const sorted = sorting.length === 0 ? projected(rows) : inOrder(projected(rows), sorting)
    for (const { made } of sorted) {
      if (skipped < skip) {
        skipped += 1
        continue
      }
      const row = scope.emptyRow()
      for (const [at, value] of made.entries()) row[at] = value
      given += 1
      if (where === null || where(row)) yield row
      if (limit !== null && given >= limit) return
    }
  }
  return { columns: items.map(({ name }) => name), scope, run }
}

interface Sortable {
  readonly made: CypherValue[]
  readonly keys: readonly CypherValue[]
}

interface SortKey {
  readonly value: (row: Row, made: readonly CypherValue[]) => CypherValue
  readonly descending: boolean
}

function inOrder(rows: Iterable<Sortable>, sorting: readonly SortKey[]): Sortable[] {
  return [...rows].sort((a, b) => {
    for (const [at, { descending }] of sorting.entries()) {
      const difference = order(a.keys[at] ?? null, b.keys[at] ?? null)
      if (difference !== 0) return descending ? -difference : difference
    }
    return 0
  })
}

/** Sorted by a column, by its alias, or by anything that the rows before the projection know. */
function compileSorting(
  context: QueryContext,
  before: Scope,
  clause: ProjectionClause,
  items: readonly { readonly expression: Expression; readonly name: string }[],
  aggregates: Aggregate[],
): SortKey[] {
  return clause.orderBy.map(({ expression, descending }) => {
    const text = shapeOf(expression)
    const column = items.findIndex(
      ({ name, expression: of }) => (expression.is === 'variable' && expression.name === name) || shapeOf(of) === text,
    )
    if (column !== -1) return { descending, value: (_, made) => made[column] ?? null }
    const scope = before.inner()
    const slots = items.map(({ name }) => scope.declare(name))
    const unknown = [...freeVariables(expression)].find((name) => scope.slotOf(name) === undefined)
    if (unknown !== undefined) {
      const hint = didYouMean(unknown, scope.names) ?? `Known here: ${scope.names.join(', ')}.`
      throw context.fail({ code: 'unknown-name', message: `there is no variable ${unknown} here.`, at: expression.at, hint })
    }
    const value: Compiled = compileExpression(context, scope, expression, aggregates)
    return {
      descending,
      value: (row, made) => {
        const both = row.slice()
        for (const [at, slot] of slots.entries()) both[slot] = made[at] ?? null
        return value(both)
      },
    }
  })
}

/** The same for expressions that are written alike. */
function shapeOf(expression: Expression): string {
  return JSON.stringify(expression, (key, value: unknown) => (key === 'at' ? undefined : value))
}

function countOf(context: QueryContext, expression: Expression | null, word: 'SKIP'): number
function countOf(context: QueryContext, expression: Expression | null, word: 'LIMIT'): number | null
function countOf(context: QueryContext, expression: Expression | null, word: 'SKIP' | 'LIMIT'): number | null {
  if (expression === null) return word === 'SKIP' ? 0 : null
  const scope = new Scope()
  const value = compileExpression(context, scope, expression)(scope.emptyRow())
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0) return value
  throw context.fail({ code: 'type', message: `${word} takes a whole number from 0, not ${typeName(value)}.`, at: expression.at })
}

interface Group {
  readonly first: Row
  readonly states: AggregateState[]
}

function* grouped(
  context: QueryContext,
  scope: Scope,
  rows: Iterable<Row>,
  values: readonly { readonly value: Compiled; readonly isKey: boolean }[],
  aggregates: readonly Aggregate[],
): Generator<Row> {
  const groups = new Map<string, Group>()
  const keys = values.filter(({ isKey }) => isKey)
  const newGroup = (row: Row): Group => ({ first: row, states: aggregates.map((aggregate) => new AggregateState(aggregate)) })
  for (const row of rows) {
    context.work.spend(0.5)
    const key = keys.map(({ value }) => keyOf(value(row))).join()
    let group = groups.get(key)
    if (group === undefined) {
      group = newGroup(row)
      groups.set(key, group)
    }
    for (const state of group.states) state.add(row)
  }
  // Without anything to group by there is one group, of no rows too.
  if (groups.size === 0 && keys.length === 0) groups.set('', newGroup(scope.emptyRow()))
  for (const { first, states } of groups.values()) {
    const row = first.slice()
    for (const state of states) row[state.slot] = state.result(context)
    yield row
  }
}

class AggregateState {
  readonly #aggregate: Aggregate
  readonly #known: Set<string> | null
  readonly #collected: CypherValue[] = []
  #count = 0
  #sum = 0
  #best: CypherValue = null
  #wrong: CypherValue = null

  constructor(aggregate: Aggregate) {
    this.#aggregate = aggregate
    this.#known = aggregate.distinct ? new Set() : null
  }

  get slot(): number {
    return this.#aggregate.slot
  }

  add(row: Row): void {
    const { of, how } = this.#aggregate
    if (of === null) {
      this.#count += 1
      return
    }
    const value = of(row)
    if (value === null) return
    if (this.#known !== null) {
      const key = keyOf(value)
      if (this.#known.has(key)) return
      this.#known.add(key)
    }
    this.#count += 1
    if (how === 'collect') this.#collected.push(value)
    else if (how === 'min' || how === 'max') {
      const isBetter = this.#best === null || (how === 'min' ? order(value, this.#best) < 0 : order(value, this.#best) > 0)
      if (isBetter) this.#best = value
    } else if (how === 'sum' || how === 'avg') {
      if (typeof value === 'number') this.#sum += value
      else this.#wrong ??= value
    }
  }

  result(context: QueryContext): CypherValue {
    const { how } = this.#aggregate
    if (this.#wrong !== null) throw context.fail({ code: 'type', message: `${how} adds numbers, not ${typeName(this.#wrong)}.`, at: 0 })
    switch (how) {
      case 'count':
        return this.#count
      case 'collect':
        return this.#collected
      case 'sum':
        return this.#sum
      case 'avg':
        return this.#count === 0 ? null : this.#sum / this.#count
      default:
        return this.#best
    }
  }
}
