import type { EdgeRow } from '../graph-rows'
import { compileCondition } from './compile-expression'
import type { Expression, PathPattern } from './cypher-syntax'
import { type CypherValue, EdgeValue, isList, NodeValue, PathValue } from './cypher-values'
import { freeVariables } from './free-variables'
import { type Condition, elementsOf, type Elements, type PathElement, type RelationElement } from './pattern-elements'
import { planMatch, type Step } from './plan-match'
import type { QueryContext, Row, Scope } from './query-context'
import { reachableFrom, trailsBetween, trailsFrom, type Walk } from './trails'

type Rows = (row: Row) => Iterable<Row>
type Test = (row: Row) => boolean

/** `*` without an end: further than anybody asks for. */
const ANY_LENGTH = 100

/**
 * The rows that patterns make of a row: their variables get slots in `scope`. No relationship is used twice in one result. Planned at once;
 * the work is done as rows are asked for.
 */
export function matchPatterns(
  context: QueryContext,
  patterns: readonly PathPattern[],
  where: Expression | null,
  scope: Scope,
  onlyDistinct = false,
): Rows {
  const elements = elementsOf(context, scope, patterns, where)
  const plan = planMatch(context, scope, elements, onlyDistinct)
  const first = conditionOf(context, scope, plan.first)
  const used: RelationElement[] = []
  const steps = plan.steps.map((step) => compileStep(context, scope, elements, step, used))
  const start = ({ nodes, relations }: Elements, row: Row) =>
    nodes.every((node) => !node.isGiven || row[node.slot] instanceof NodeValue) &&
    relations.every((relation) => !relation.isGiven || row[relation.slot] instanceof EdgeValue)
  return function* (row) {
    if (start(elements, row) && first(row)) yield* through(steps, 0, row)
  }
}

function* through(steps: readonly Rows[], at: number, row: Row): Generator<Row> {
  const step = steps[at]
  if (step === undefined) yield row
  else if (at === steps.length - 1) yield* step(row)
  else for (const next of step(row)) yield* through(steps, at + 1, next)
}

function conditionOf(context: QueryContext, scope: Scope, conditions: readonly Condition[]): Test {
  const tests = conditions.map(({ expression }) => compileCondition(context, scope, expression))
  return (row) => tests.every((test) => test(row))
}

function compileStep(context: QueryContext, scope: Scope, elements: Elements, step: Step, used: RelationElement[]): Rows {
  const holds = conditionOf(context, scope, step.conditions)
  switch (step.is) {
    case 'scan': {
      const { access, node } = step
      return function* (row) {
        for (const value of access.nodes(row)) {
          if (context.work.isDone) return
          const next = withValue(row, node.slot, value)
          if (holds(next)) yield next
        }
      }
    }
    case 'path':
      return function* (row) {
        const next = withValue(row, step.path.slot ?? 0, pathOf(step.path, row))
        if (holds(next)) yield next
      }
    case 'relation': {
      const before = [...used]
      used.push(step.relation)
      if (step.relation.pattern.length === null && step.relation.path.how === 'every') return oneRelation(context, step, before, holds)
      return manyRelations(context, scope, elements, step, before, holds)
    }
  }
}

function withValue(row: Row, slot: number, value: CypherValue): Row {
  const next = row.slice()
  next[slot] = value
  return next
}

function nodeAt(row: Row, slot: number): NodeValue {
  const value = row[slot]
  if (value instanceof NodeValue) return value
  throw new Error('a step of a match starts at no node')
}

/** Whether a result uses a relationship already. */
function isUsed(row: Row, used: readonly RelationElement[], id: number): boolean {
  return used.some(({ slot }) => {
    const value = row[slot]
    if (value instanceof EdgeValue) return value.row.id === id
    return value !== undefined && isList(value) && value.some((edge) => edge instanceof EdgeValue && edge.row.id === id)
  })
}

type RelationStep = Extract<Step, { is: 'relation' }>

function oneRelation(context: QueryContext, step: RelationStep, used: readonly RelationElement[], holds: Test): Rows {
  const { relation, from, to, joins } = step
  const adjacency = from === relation.left ? relation.rightward : relation.leftward
  return function* (row) {
    const start = nodeAt(row, from.slot)
    const end = joins ? nodeAt(row, to.slot).number : null
    const given = relation.isGiven ? row[relation.slot] : null
    const edges = adjacency.next(start.number)
    const farEnd = (edge: EdgeRow) => adjacency.otherEnd(edge, start.number)
    for (const [at, edge] of edges.entries()) {
      if (context.work.isDone) return
      const other = farEnd(edge)
      if (end !== null && other !== end) continue
      if (end === null) context.prefetch(edges, at, farEnd)
      if (given instanceof EdgeValue && given.row.id !== edge.id) continue
      if (isUsed(row, used, edge.id)) continue
      const node = context.node(other)
      const value = context.edge(edge)
      if (node === null || value === null) continue
      context.work.spend(0.5)
      const next = row.slice()
      next[relation.slot] = value
      next[to.slot] = node
      if (holds(next)) yield next
    }
  }
}

function manyRelations(
  context: QueryContext,
  scope: Scope,
  elements: Elements,
  step: RelationStep,
  used: readonly RelationElement[],
  holds: Test,
): Rows {
  const { relation, from, to } = step
  const { length } = relation.pattern
  const [least, most] = length === null ? [1, 1] : [length.least, length.most ?? ANY_LENGTH]
  const isForward = from === relation.left
  const tests = testsOn(context, scope, elements, relation)
  const walkFor = (row: Row): Walk => {
    const of = tests(row)
    return {
      adjacency: isForward ? relation.rightward : relation.leftward,
      ...{ least, most, nodeOk: of.node, passing: of.passing },
      edgeOk: (edge) => (used.length === 0 || !isUsed(row, used, edge.id)) && (of.edge === null || of.edge(edge)),
    }
  }
  const result = (row: Row, end: NodeValue, trail: readonly EdgeRow[]): Row | null => {
    const edges: EdgeValue[] = []
    for (const edge of trail) {
      const value = context.edge(edge)
      if (value === null) return null
      edges.push(value)
    }
    context.work.spend(1 + trail.length * 0.1)
    const next = row.slice()
    next[relation.slot] = relation.pattern.length === null ? (edges[0] ?? null) : isForward ? edges : edges.reverse()
    next[to.slot] = end
    if (relation.path.how !== 'every' && relation.path.slot !== null) next[relation.path.slot] = pathOf(relation.path, next)
    return holds(next) ? next : null
  }
  if (step.joins) {
    return function* (row) {
      const end = nodeAt(row, to.slot)
      let shortest = Number.POSITIVE_INFINITY
      for (const trail of trailsBetween(context, walkFor(row), nodeAt(row, from.slot).number, end.number)) {
        if (trail.length > shortest) return
        const next = result(row, end, trail)
        if (next === null) continue
        yield next
        if (relation.path.how === 'shortest') return
        if (relation.path.how === 'all-shortest') shortest = trail.length
      }
    }
  }
  if (step.reach) {
    return function* (row) {
      for (const number of reachableFrom(context, walkFor(row), nodeAt(row, from.slot).number)) {
        const end = context.node(number)
        const next = end === null ? null : result(row, end, [])
        if (next !== null) yield next
      }
    }
  }
  return function* (row) {
    for (const { end, edges } of trailsFrom(context, walkFor(row), nodeAt(row, from.slot).number)) {
      const node = context.node(end)
      const next = node === null ? null : result(row, node, edges)
      if (next !== null) yield next
    }
  }
}

interface WalkTests {
  readonly node: ((node: NodeValue) => boolean) | null
  readonly edge: ((edge: EdgeRow) => boolean) | null
  readonly passing: readonly ((node: NodeValue) => boolean)[]
}

interface Pushed {
  readonly on: 'node' | 'edge'
  readonly how: 'all' | 'none' | 'any'
  readonly slot: number
  readonly condition: Test
  readonly refutes: Test
}

/**
 * Conditions on all, none or any of the nodes or relationships of a way, as tests of each while ways are looked for. They are tested on
 * whole ways again, so what is taken here must be true of every result, and need not be all.
 */
function testsOn(context: QueryContext, scope: Scope, elements: Elements, relation: RelationElement): (row: Row) => WalkTests {
  const pushed = elements.conditions.flatMap((condition) => pushedTest(context, scope, elements, relation, condition))
  return (row) => {
    const testing = (value: CypherValue, { slot, condition, refutes, how }: Pushed) => {
      row[slot] = value
      context.work.spend(0.3)
      return how === 'none' ? refutes(row) : condition(row)
    }
    const every = (on: 'node' | 'edge') => pushed.filter((test) => test.on === on && test.how !== 'any')
    const [ofNodes, ofEdges] = [every('node'), every('edge')]
    return {
      node: ofNodes.length === 0 ? null : (node) => ofNodes.every((test) => testing(node, test)),
      edge:
        ofEdges.length === 0
          ? null
          : (edge) => {
              const value = context.edge(edge)
              return value !== null && ofEdges.every((test) => testing(value, test))
            },
      passing: pushed.filter((test) => test.on === 'node' && test.how === 'any').map((test) => (node: NodeValue) => testing(node, test)),
    }
  }
}

function pushedTest(context: QueryContext, scope: Scope, elements: Elements, relation: RelationElement, condition: Condition): Pushed[] {
  const { expression } = condition
  const inverted = expression.is === 'unary' && expression.operator === 'not' ? expression.of : null
  const quantifier = inverted ?? expression
  if (quantifier.is !== 'quantifier' || quantifier.how === 'single') return []
  if (inverted !== null && quantifier.how !== 'any') return []
  const how = inverted === null ? quantifier.how : 'none'
  const on = listOf(quantifier.list, relation)
  if (on === null || (how === 'any' && (on === 'edge' || relation.path.relations.length !== 1))) return []
  const own = new Set([...elements.nodes, ...elements.relations, ...elements.paths].flatMap(({ name }) => (name === null ? [] : [name])))
  const inner = [...freeVariables(quantifier.where)].filter((name) => name !== quantifier.variable)
  // What another part of the match gives may not be there yet.
  if (inner.some((name) => own.has(name) || scope.slotOf(name) === undefined)) return []
  const within = scope.inner()
  const slot = within.declare(quantifier.variable)
  const { where } = quantifier
  return [
    {
      ...{ on, how, slot },
      condition: compileCondition(context, within, where),
      refutes: compileCondition(context, within, { is: 'unary', operator: 'not', of: where, at: where.at }),
    },
  ]
}

/** Whether a list is the nodes or relationships of the way that is looked for, or of a path that it is a part of. */
function listOf(list: Expression, relation: RelationElement): 'node' | 'edge' | null {
  if (list.is === 'variable') return list.name === relation.name && relation.pattern.length !== null ? 'edge' : null
  if (list.is !== 'call') return null
  const [of] = list.arguments
  if (of?.is !== 'variable' || of.name !== relation.path.name) return null
  const name = list.name.toLowerCase()
  return name === 'nodes' ? 'node' : name === 'relationships' || name === 'rels' ? 'edge' : null
}

function pathOf(path: PathElement, row: Row): PathValue {
  const [first] = path.nodes
  if (first === undefined) throw new Error('a path has no node')
  let at = nodeAt(row, first.slot)
  const nodes = [at]
  const edges: EdgeValue[] = []
  const add = (edge: CypherValue) => {
    if (!(edge instanceof EdgeValue)) return
    at = edge.from === at ? edge.to : edge.from
    edges.push(edge)
    nodes.push(at)
  }
  for (const { slot } of path.relations) {
    const value = row[slot] ?? null
    if (isList(value)) for (const edge of value) add(edge)
    else add(value)
  }
  return new PathValue(nodes, edges)
}
