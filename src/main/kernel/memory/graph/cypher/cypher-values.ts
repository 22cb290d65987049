import type { EdgeRow, EntityRow } from '../graph-rows'
import { attributesOf } from '../graph-rows'

/** A node as a query has it: one object a node within one query. */
export class NodeValue {
  readonly row: EntityRow
  #attributes: Readonly<Record<string, CypherValue>> | null = null

  constructor(row: EntityRow) {
    this.row = row
  }

  get number(): number {
    return this.row.node
  }

  attributes(): Readonly<Record<string, CypherValue>> {
    this.#attributes ??= attributesOf(this.row) ?? {}
    return this.#attributes
  }
}

export class EdgeValue {
  readonly row: EdgeRow
  readonly from: NodeValue
  readonly to: NodeValue

  constructor(row: EdgeRow, from: NodeValue, to: NodeValue) {
    this.row = row
    this.from = from
    this.to = to
  }
}

export class PathValue {
  readonly nodes: readonly NodeValue[]
  readonly edges: readonly EdgeValue[]

  constructor(nodes: readonly NodeValue[], edges: readonly EdgeValue[]) {
    this.nodes = nodes
    this.edges = edges
  }
}

export type CypherValue =
  null | boolean | number | string | NodeValue | EdgeValue | PathValue | readonly CypherValue[] | ReadonlyMap<string, CypherValue>

export function isList(value: CypherValue): value is readonly CypherValue[] {
  return Array.isArray(value)
}

export function typeName(value: CypherValue): string {
  if (value === null) return 'null'
  if (value instanceof NodeValue) return 'a node'
  if (value instanceof EdgeValue) return 'a relationship'
  if (value instanceof PathValue) return 'a path'
  if (isList(value)) return 'a list'
  if (typeof value === 'object') return 'a map'
  return typeof value === 'string' ? 'a text' : typeof value === 'number' ? 'a number' : 'true or false'
}

/** Equal values have equal keys: for DISTINCT, grouping and UNION, where null is equal to null. */
export function keyOf(value: CypherValue): string {
  if (value === null) return '-'
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value)
    case 'number':
    case 'boolean':
      return String(value)
    default:
      if (value instanceof NodeValue) return `(${value.number})`
      if (value instanceof EdgeValue) return `[${value.row.id}]`
      if (value instanceof PathValue) return `p(${value.nodes[0]?.number})${value.edges.map((edge) => edge.row.id).join()}`
      if (isList(value)) return `l${value.map(keyOf).join()}.`
      return `{${[...value]
        .map(([key, of]) => `${JSON.stringify(key)}:${keyOf(of)}`)
        .sort()
        .join()}}`
  }
}

/** Null where a part of either is null. */
export function equal(left: CypherValue, right: CypherValue): boolean | null {
  if (left === null || right === null) return null
  if (left === right) return true
  if (typeof left !== 'object' || typeof right !== 'object') return false
  if (isList(left) && isList(right)) {
    if (left.length !== right.length) return false
    let result: boolean | null = true
    for (const [at, item] of left.entries()) {
      const same = equal(item, right[at] ?? null)
      if (same === false) return false
      if (same === null) result = null
    }
    return result
  }
  return keyOf(left) === keyOf(right)
}

/** Below zero, zero or above as `left` stands before, beside or after `right`; null when they cannot be compared. */
export function compare(left: CypherValue, right: CypherValue): number | null {
  if (typeof left === 'number' && typeof right === 'number') return Number.isNaN(left) || Number.isNaN(right) ? null : left - right
  if (typeof left === 'string' && typeof right === 'string') return left < right ? -1 : left > right ? 1 : 0
  if (typeof left === 'boolean' && typeof right === 'boolean') return Number(left) - Number(right)
  if (isList(left) && isList(right)) {
    for (const [at, item] of left.entries()) {
      if (at >= right.length) return 1
      const order = compare(item, right[at] ?? null)
      if (order !== 0) return order
    }
    return left.length - right.length
  }
  return null
}

/** Total order of ORDER BY, min and max: what cannot be compared stands by its type, null last. */
export function order(left: CypherValue, right: CypherValue): number {
  const compared = compare(left, right)
  if (compared !== null) return compared
  const [a, b] = [rank(left), rank(right)]
  if (a !== b) return a - b
  const [one, other] = [sortText(left), sortText(right)]
  return one < other ? -1 : one > other ? 1 : 0
}

function rank(value: CypherValue): number {
  if (value === null) return 9
  if (typeof value === 'number') return Number.isNaN(value) ? 8 : 7
  if (typeof value === 'boolean') return 6
  if (typeof value === 'string') return 5
  if (value instanceof PathValue) return 4
  if (isList(value)) return 3
  if (value instanceof EdgeValue) return 2
  return value instanceof NodeValue ? 1 : 0
}

function sortText(value: CypherValue): string {
  if (value instanceof NodeValue) return value.row.id
  if (value instanceof EdgeValue) return `${value.from.row.id} ${value.to.row.id} ${value.row.kind}`
  if (value instanceof PathValue) return value.nodes.map((node) => node.row.id).join(' ')
  return keyOf(value)
}
