import { labelOf, typeOf } from './cypher-names'
import { propertiesOf } from './cypher-properties'
import { type CypherValue, EdgeValue, isList, NodeValue, PathValue, typeName } from './cypher-values'

/** What a function cannot work with; whoever calls it says where. */
export class FunctionMistake extends Error {
  override readonly name = 'FunctionMistake'
}

interface CypherFunction {
  readonly least: number
  readonly most: number
  readonly apply: (given: readonly CypherValue[]) => CypherValue
}

const LONGEST_LIST = 100_000

/** By name in lower case. */
export function functionNamed(name: string): CypherFunction | undefined {
  return FUNCTIONS.get(name.toLowerCase())
}

export function functionNames(): string[] {
  return [...Object.keys(BY_NAME), ...AGGREGATES]
}

export const AGGREGATES: readonly string[] = ['count', 'collect', 'min', 'max', 'sum', 'avg']

function of(least: number, most: number, apply: (...given: CypherValue[]) => CypherValue): CypherFunction {
  return { least, most, apply: (given) => apply(...given) }
}

/** Of one value; null of null. */
function one(apply: (value: Exclude<CypherValue, null>) => CypherValue): CypherFunction {
  return of(1, 1, (value) => (value === null || value === undefined ? null : apply(value)))
}

function wrong(value: CypherValue, wanted: string): FunctionMistake {
  return new FunctionMistake(`takes ${wanted}, not ${typeName(value)}`)
}

function text(apply: (value: string) => CypherValue): CypherFunction {
  return one((value) => {
    if (typeof value !== 'string') throw wrong(value, 'a text')
    return apply(value)
  })
}

function number(apply: (value: number) => number): CypherFunction {
  return one((value) => {
    if (typeof value !== 'number') throw wrong(value, 'a number')
    return apply(value)
  })
}

/** Null when any is null. */
function texts(least: number, most: number, apply: (first: string, ...rest: (string | number)[]) => CypherValue): CypherFunction {
  return of(least, most, (first, ...rest) => {
    if (first === null || first === undefined || rest.includes(null)) return null
    if (typeof first !== 'string') throw wrong(first, 'a text first')
    const given = rest.map((value) => {
      if (typeof value !== 'string' && typeof value !== 'number') throw wrong(value, 'texts and numbers')
      return value
    })
    return apply(first, ...given)
  })
}

function list(apply: (value: readonly CypherValue[]) => CypherValue): CypherFunction {
  return one((value) => {
    if (!isList(value)) throw wrong(value, 'a list')
    return apply(value)
  })
}

function entity(apply: (value: NodeValue | EdgeValue) => CypherValue): CypherFunction {
  return one((value) => {
    if (!(value instanceof NodeValue || value instanceof EdgeValue)) throw wrong(value, 'a node or a relationship')
    return apply(value)
  })
}

function path(apply: (value: PathValue) => CypherValue): CypherFunction {
  return one((value) => {
    if (!(value instanceof PathValue)) throw wrong(value, 'a path')
    return apply(value)
  })
}

function edge(apply: (value: EdgeValue) => CypherValue): CypherFunction {
  return one((value) => {
    if (!(value instanceof EdgeValue)) throw wrong(value, 'a relationship')
    return apply(value)
  })
}

function keyed(value: Exclude<CypherValue, null>): ReadonlyMap<string, CypherValue> {
  if (value instanceof NodeValue || value instanceof EdgeValue) return propertiesOf(value)
  if (typeof value !== 'object' || isList(value) || value instanceof PathValue) throw wrong(value, 'a node, a relationship or a map')
  return value
}

function sizeOf(value: Exclude<CypherValue, null>): number {
  if (typeof value === 'string') return value.length
  if (isList(value)) return value.length
  if (value instanceof PathValue) return value.edges.length
  throw wrong(value, 'a text, a list or a path')
}

function shown(value: CypherValue): string | null {
  if (value === null || typeof value === 'string') return value
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  throw wrong(value, 'a text, a number or a truth value')
}

function range(from: CypherValue, to: CypherValue, step: CypherValue = 1): CypherValue {
  if (typeof from !== 'number' || typeof to !== 'number' || typeof step !== 'number' || step === 0)
    throw new FunctionMistake('takes two numbers and a step that is not 0')
  const count = Math.max(0, Math.floor((to - from) / step) + 1)
  if (!(count <= LONGEST_LIST)) throw new FunctionMistake(`makes lists of at most ${LONGEST_LIST}`)
  return Array.from({ length: count }, (_, at) => from + at * step)
}

function substring(from: string, start: string | number, length?: string | number): string {
  const begin = Math.max(0, Number(start))
  return length === undefined ? from.slice(begin) : from.slice(begin, begin + Math.max(0, Number(length)))
}

function toNumber(value: Exclude<CypherValue, null>, isWhole: boolean): number | null {
  const read = typeof value === 'string' && value.trim() !== '' ? Number(value) : typeof value === 'number' ? value : Number.NaN
  if (Number.isNaN(read)) return null
  return isWhole ? Math.trunc(read) : read
}

function toBoolean(value: Exclude<CypherValue, null>): boolean | null {
  if (typeof value === 'boolean') return value
  const word = typeof value === 'string' ? value.trim().toLowerCase() : ''
  return word === 'true' ? true : word === 'false' ? false : null
}

const BY_NAME: Readonly<Record<string, CypherFunction>> = {
  id: entity((value) => (value instanceof NodeValue ? value.row.id : value.row.id)),
  elementId: entity((value) => (value instanceof NodeValue ? value.row.id : value.row.id)),
  labels: one((value) => {
    if (!(value instanceof NodeValue)) throw wrong(value, 'a node')
    return [labelOf(value.row.kind)]
  }),
  type: edge((value) => typeOf(value.row.kind)),
  keys: one((value) => [...keyed(value).keys()]),
  properties: one((value) => new Map(keyed(value))),
  startNode: edge((value) => value.from),
  endNode: edge((value) => value.to),
  nodes: path((value) => value.nodes),
  relationships: path((value) => value.edges),
  rels: path((value) => value.edges),
  length: one(sizeOf),
  size: one(sizeOf),
  head: list((value) => value[0] ?? null),
  last: list((value) => value.at(-1) ?? null),
  tail: list((value) => value.slice(1)),
  reverse: one((value) => {
    if (typeof value === 'string') return [...value].reverse().join('')
    if (isList(value)) return [...value].reverse()
    throw wrong(value, 'a text or a list')
  }),
  isEmpty: one((value) => sizeOf(value) === 0),
  range: of(2, 3, range),
  coalesce: of(1, 50, (...given) => given.find((value) => value !== null) ?? null),
  exists: of(1, 1, (value) => value !== null),
  toLower: text((value) => value.toLowerCase()),
  lower: text((value) => value.toLowerCase()),
  toUpper: text((value) => value.toUpperCase()),
  upper: text((value) => value.toUpperCase()),
  trim: text((value) => value.trim()),
  lTrim: text((value) => value.trimStart()),
  rTrim: text((value) => value.trimEnd()),
  left: texts(2, 2, (value, count) => value.slice(0, Math.max(0, Number(count)))),
  right: texts(2, 2, (value, count) => value.slice(Math.max(0, value.length - Math.max(0, Number(count))))),
  substring: texts(2, 3, (value, start, length) => substring(value, start ?? 0, length)),
  replace: texts(3, 3, (value, wanted, by) => {
    const pieces = value.split(String(wanted))
    if (pieces.length * String(by).length > LONGEST_LIST) throw new FunctionMistake('would make too long a text')
    return pieces.join(String(by))
  }),
  split: texts(2, 2, (value, by) => value.split(String(by))),
  toString: one(shown),
  toInteger: one((value) => toNumber(value, true)),
  toFloat: one((value) => toNumber(value, false)),
  toBoolean: one(toBoolean),
  abs: number(Math.abs),
  ceil: number(Math.ceil),
  floor: number(Math.floor),
  round: number(Math.round),
  sign: number(Math.sign),
  sqrt: number(Math.sqrt),
}

const FUNCTIONS = new Map(Object.entries(BY_NAME).map(([name, made]) => [name.toLowerCase(), made]))
