import type { NodeKind } from '../../../../../shared/graph'
import type { EntityRow } from '../graph-rows'
import { compileExpression } from './compile-expression'
import type { Expression } from './cypher-syntax'
import { type CypherValue, isList, type NodeValue } from './cypher-values'
import { freeVariables } from './free-variables'
import type { Condition, NodeElement } from './pattern-elements'
import type { Compiled, QueryContext, Row, Scope } from './query-context'

/** A way to find the nodes that an element may be. Conditions are tested afterwards all the same. */
export interface NodeAccess {
  /** How many nodes it may give, roughly. */
  readonly estimate: number
  readonly nodes: (row: Row) => Iterable<NodeValue>
}

type Found = 'key' | 'name' | 'path' | 'start' | 'part'

const PAGE = 400
const MOST_NAMED = 3000
const MOST_SIMILAR = 2000
const MOST_COUNTED = 4000
const ROW_UNITS = 3
/** Of what is not known before the query runs. */
const ESTIMATES: Readonly<Record<Found, number>> = { key: 1, name: 8, path: 40, start: 200, part: 300 }

/** The most selective of the ways that are open when `bound` have their values. */
export function bestAccess(
  context: QueryContext,
  scope: Scope,
  element: NodeElement,
  conditions: readonly Condition[],
  bound: ReadonlySet<string>,
): NodeAccess {
  const byKind = kindAccess(context, element)
  const others = conditions.flatMap(({ expression }) => {
    const lookup = lookupIn(expression, element.name)
    if (lookup === null || ![...freeVariables(lookup.by)].every((name) => bound.has(name))) return []
    return lookupAccess(context, scope, lookup)
  })
  return others.reduce((best, access) => (access.estimate < best.estimate ? access : best), byKind)
}

interface Lookup {
  readonly found: Found
  readonly by: Expression
  /** `by` is a list of them. */
  readonly isList: boolean
}

function lookupIn(expression: Expression, name: string): Lookup | null {
  if (expression.is !== 'binary') return null
  const { operator, left, right } = expression
  if (operator === '=') {
    const [one, other] = [propertyOf(left, name), propertyOf(right, name)]
    if (one !== null) return { found: one, by: right, isList: false }
    return other === null ? null : { found: other, by: left, isList: false }
  }
  const property = propertyOf(left, name)
  if (property === null) return null
  if (operator === 'in') return { found: property, by: right, isList: true }
  if (property !== 'name') return null
  if (operator === 'starts with') return { found: 'start', by: right, isList: false }
  if (operator === 'contains' || operator === 'ends with') return { found: 'part', by: right, isList: false }
  return null
}

function propertyOf(expression: Expression, name: string): Found | null {
  const isOf = (of: Expression | undefined) => of?.is === 'variable' && of.name === name
  if (expression.is === 'call' && expression.name.toLowerCase() === 'id' && isOf(expression.arguments[0])) return 'key'
  if (expression.is !== 'property' || !isOf(expression.of)) return null
  switch (expression.name) {
    case 'id':
    case 'key':
      return 'key'
    case 'name':
      return 'name'
    case 'path':
    case 'file':
      return 'path'
    default:
      return null
  }
}

function lookupAccess(context: QueryContext, scope: Scope, lookup: Lookup): NodeAccess[] {
  const isConstant = freeVariables(lookup.by).size === 0
  const value = compileExpression(context, scope, lookup.by)
  const nodes = lookedUp(context, lookup, value, isConstant)
  const isPart = lookup.found === 'part' || lookup.found === 'start'
  if (!isConstant) return isPart ? [] : [{ estimate: ESTIMATES[lookup.found] * (lookup.isList ? 5 : 1), nodes }]
  const constant = value(scope.emptyRow())
  // A part of fewer than three letters is in no index.
  if (lookup.found === 'part' && (typeof constant !== 'string' || [...constant].length < 3)) return []
  if (lookup.found === 'start' && (typeof constant !== 'string' || constant === '')) return []
  if (lookup.found === 'key' || lookup.found === 'path')
    return [{ estimate: ESTIMATES[lookup.found] * (isList(constant) ? constant.length : 1), nodes }]
  const first = takeSome(nodes(scope.emptyRow()), PAGE)
  return [{ estimate: first.length, nodes }]
}

function takeSome<T>(of: Iterable<T>, most: number): T[] {
  const some: T[] = []
  for (const item of of) if (some.push(item) >= most) break
  return some
}

function lookedUp(
  context: QueryContext,
  { found, isList: isOfList }: Lookup,
  value: Compiled,
  isConstant: boolean,
): (row: Row) => Iterable<NodeValue> {
  const find = (wanted: CypherValue): NodeValue[] => {
    if (typeof wanted !== 'string') return []
    const rows = rowsFor(context, found, wanted)
    context.work.spend(5 + rows.length * ROW_UNITS)
    return rows.map((row) => context.noted(row))
  }
  let kept: NodeValue[] | null = null
  return (row) => {
    if (kept !== null) return kept
    const wanted = value(row)
    const nodes = isOfList && isList(wanted) ? [...new Set(wanted.flatMap(find))] : find(wanted)
    if (isConstant) kept = nodes
    return nodes
  }
}

function rowsFor({ rows, work }: QueryContext, found: Found, wanted: string): readonly EntityRow[] {
  switch (found) {
    case 'key': {
      const row = rows.entityOf(wanted)
      return row === null ? [] : [row]
    }
    case 'name':
      return cutAt(rows.named(wanted.toLowerCase(), MOST_NAMED), MOST_NAMED, work)
    case 'path':
      return cutAt(rows.ofFile(wanted, MOST_NAMED), MOST_NAMED, work)
    case 'start':
      return cutAt(rows.beginning(wanted.toLowerCase(), MOST_NAMED), MOST_NAMED, work)
    case 'part':
      return cutAt(rows.similar(`"${wanted.replaceAll('"', '""')}"`, MOST_SIMILAR), MOST_SIMILAR, work)
  }
}

function cutAt(rows: readonly EntityRow[], most: number, work: QueryContext['work']): readonly EntityRow[] {
  if (rows.length >= most) work.cut(`more than ${most} names are like this; those beyond were left out`)
  return rows
}

function kindAccess(context: QueryContext, element: NodeElement): NodeAccess {
  const kinds: readonly (NodeKind | null)[] = element.kinds ?? [null]
  const estimate = kinds.reduce((sum, kind) => sum + context.rows.roughCount(kind, MOST_COUNTED), 0)
  const kept: NodeValue[] = []
  const source = nodesOfKinds(context, kinds)
  // Asked again for every row of what comes before: what was read once is kept.
  return {
    estimate,
    *nodes() {
      for (let at = 0; ; at += 1) {
        const known = kept[at]
        if (known !== undefined) {
          yield known
          continue
        }
        const { value, done } = source.next()
        if (done === true) return
        kept.push(value)
        yield value
      }
    },
  }
}

function* nodesOfKinds(context: QueryContext, kinds: readonly (NodeKind | null)[]): Generator<NodeValue, undefined> {
  const seen = new Set<number>()
  for (const kind of kinds) {
    for (let after: number | null = 0; after !== null && !context.work.isDone;) {
      const { rows, last } = context.rows.ofKind(kind, after, PAGE)
      for (const row of rows) {
        if (seen.has(row.node)) continue
        seen.add(row.node)
        context.work.spend(ROW_UNITS)
        if (context.work.isDone) return undefined
        yield context.noted(row)
      }
      after = last
    }
  }
  return undefined
}
