import type { EdgeKind, NodeKind } from '../../../../../shared/graph'
import { kindOfType, kindsOfLabel, labelHint, typeHint } from './cypher-names'
import type { Expression, NodePattern, PathPattern, RelationPattern } from './cypher-syntax'
import { conjunctsOf, freeVariables } from './free-variables'
import type { QueryContext, Scope } from './query-context'
import { Adjacency } from './trails'

export interface NodeElement {
  readonly name: string
  readonly slot: number
  /** Had its value before the match. */
  readonly isGiven: boolean
  /** Null: any. */
  kinds: readonly NodeKind[] | null
}

export interface RelationElement {
  readonly name: string
  readonly slot: number
  readonly isGiven: boolean
  readonly left: NodeElement
  readonly right: NodeElement
  readonly pattern: RelationPattern
  readonly kinds: readonly EdgeKind[] | null
  /** From left to right, and from right to left. */
  readonly rightward: Adjacency
  readonly leftward: Adjacency
  readonly path: PathElement
  readonly isNamed: boolean
}

export interface PathElement {
  readonly slot: number | null
  readonly name: string | null
  readonly how: PathPattern['how']
  readonly nodes: NodeElement[]
  readonly relations: RelationElement[]
}

/** A condition of the match: those of WHERE, labels and properties alike. */
export interface Condition {
  readonly expression: Expression
  /** Of the match's own variables, hidden ones too. */
  readonly needs: ReadonlySet<string>
}

export interface Elements {
  readonly nodes: readonly NodeElement[]
  readonly relations: readonly RelationElement[]
  readonly paths: readonly PathElement[]
  readonly conditions: readonly Condition[]
}

/** Gives every part of the patterns a slot, and makes everything that a result has to fulfil a condition. */
export function elementsOf(context: QueryContext, scope: Scope, patterns: readonly PathPattern[], where: Expression | null): Elements {
  return new ElementReader(context, scope).read(patterns, where)
}

class ElementReader {
  readonly #context: QueryContext
  readonly #scope: Scope
  readonly #given: ReadonlySet<string>
  readonly #nodes = new Map<string, NodeElement>()
  readonly #relations: RelationElement[] = []
  readonly #own = new Set<string>()
  readonly #expressions: Expression[] = []

  constructor(context: QueryContext, scope: Scope) {
    this.#context = context
    this.#scope = scope
    this.#given = new Set(scope.names)
  }

  read(patterns: readonly PathPattern[], where: Expression | null): Elements {
    const paths = patterns.map((pattern) => this.#path(pattern))
    this.#expressions.push(...conjunctsOf(where))
    const conditions = this.#expressions.map((expression) => ({
      expression,
      needs: new Set([...freeVariables(expression)].filter((name) => this.#own.has(name))),
    }))
    return { nodes: [...this.#nodes.values()], relations: this.#relations, paths, conditions }
  }

  #declare(name: string): number {
    this.#own.add(name)
    return this.#scope.declare(name)
  }

  /** No variable of a query can be called so. */
  #hiddenName(): string {
    return ` ${this.#own.size}`
  }

  #path(pattern: PathPattern): PathElement {
    const nodes = pattern.nodes.map((node) => this.#node(node))
    const path: PathElement = {
      ...{ name: pattern.variable, how: pattern.how, nodes, relations: [] },
      slot: pattern.variable === null ? null : this.#declareNew(pattern.variable, pattern.at),
    }
    for (const [at, relation] of pattern.relations.entries()) {
      const [left, right] = [nodes[at], nodes[at + 1]]
      if (left !== undefined && right !== undefined) path.relations.push(this.#relation(relation, left, right, path))
    }
    return path
  }

  #declareNew(name: string, at: number): number {
    if (this.#scope.slotOf(name) !== undefined)
      throw this.#context.fail({ code: 'unknown-name', message: `${name} already names something else.`, at, hint: 'Use another name.' })
    return this.#declare(name)
  }

  #node(pattern: NodePattern): NodeElement {
    const name = pattern.variable ?? this.#hiddenName()
    const known = this.#nodes.get(name)
    const isGiven = this.#given.has(name)
    if (known === undefined && !isGiven && this.#own.has(name)) this.#declareNew(name, pattern.at)
    const slot = known?.slot ?? this.#scope.slotOf(name) ?? this.#declare(name)
    const element = known ?? { name, slot, isGiven, kinds: null }
    this.#nodes.set(name, element)
    for (const either of pattern.labels) {
      const kinds = either.map(({ name: label, at }) => {
        const found = kindsOfLabel(label)
        if (found === undefined)
          throw this.#context.fail({ code: 'unknown-name', message: `there is no label ${label}.`, at, hint: labelHint(label) })
        return found
      })
      if (kinds.includes(null)) continue
      const wanted = kinds.flatMap((of) => of ?? [])
      element.kinds = element.kinds === null ? wanted : element.kinds.filter((kind) => wanted.includes(kind))
    }
    if (pattern.labels.length > 0)
      this.#expressions.push({ is: 'label-test', of: variable(name, pattern.at), labels: pattern.labels, at: pattern.at })
    this.#properties(name, pattern.properties, pattern.at)
    this.#expressions.push(...conjunctsOf(pattern.where))
    return element
  }

  #relation(pattern: RelationPattern, left: NodeElement, right: NodeElement, path: PathElement): RelationElement {
    const { at } = pattern
    const name = pattern.variable ?? this.#hiddenName()
    const isGiven = this.#given.has(name)
    if (isGiven && pattern.length !== null) this.#declareNew(name, at)
    const slot = isGiven ? (this.#scope.slotOf(name) ?? 0) : this.#declareNew(name, at)
    const kinds = this.#kinds(pattern)
    const opposite = pattern.direction === 'both' ? 'both' : pattern.direction === 'out' ? 'in' : 'out'
    if (pattern.length === null) this.#properties(name, pattern.properties, at)
    else if (pattern.properties.length > 0) {
      const [one, ...rest] = pattern.properties.map(([property, of]) => equals(' each', property, of, at))
      if (one !== undefined) {
        const where = rest.reduce((left, right) => ({ is: 'binary', operator: 'and', left, right, at }) as const, one)
        this.#expressions.push({ is: 'quantifier', how: 'all', variable: ' each', list: variable(name, at), where, at })
      }
    }
    const element: RelationElement = {
      ...{ name, slot, isGiven, left, right, pattern, kinds, path, isNamed: pattern.variable !== null },
      rightward: new Adjacency(this.#context, kinds, pattern.direction),
      leftward: new Adjacency(this.#context, kinds, opposite),
    }
    this.#relations.push(element)
    return element
  }

  #kinds(pattern: RelationPattern): readonly EdgeKind[] | null {
    if (pattern.types.length === 0) return null
    const kinds = pattern.types.map(({ name, at }) => {
      const kind = kindOfType(name)
      if (kind === undefined)
        throw this.#context.fail({ code: 'unknown-name', message: `there is no type of relationship ${name}.`, at, hint: typeHint(name) })
      return kind
    })
    return [...new Set(kinds)]
  }

  #properties(name: string, properties: readonly (readonly [string, Expression])[], at: number): void {
    for (const [property, of] of properties) this.#expressions.push(equals(name, property, of, at))
  }
}

function variable(name: string, at: number): Expression {
  return { is: 'variable', name, at }
}

function equals(name: string, property: string, to: Expression, at: number): Expression {
  return { is: 'binary', operator: '=', left: { is: 'property', of: variable(name, at), name: property, at }, right: to, at }
}
