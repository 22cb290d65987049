import type { Scope, QueryContext } from './query-context'
import { bestAccess, type NodeAccess } from './node-access'
import type { Condition, Elements, NodeElement, PathElement, RelationElement } from './pattern-elements'

/** One step of a match, with the conditions that can be tested once it is done. */
export type Step = (
  | { readonly is: 'scan'; readonly node: NodeElement; readonly access: NodeAccess }
  | {
      readonly is: 'relation'
      readonly relation: RelationElement
      /** It is walked from here; `to` has its value before when `joins`. */
      readonly from: NodeElement
      readonly to: NodeElement
      readonly joins: boolean
      /** Only which nodes are reached matters, not by how many ways. */
      readonly reach: boolean
    }
  | { readonly is: 'path'; readonly path: PathElement }
) & { readonly conditions: readonly Condition[] }

/** An end that may be so few nodes is looked up before a relationship of any length is walked towards it. */
const FEW = 60

export interface Plan {
  /** Conditions on what was known before. */
  readonly first: readonly Condition[]
  readonly steps: readonly Step[]
}

/**
 * Begins with the element that may be the fewest nodes and goes along relationships from there, those of one step first. `onlyDistinct`: what
 * comes of the match does not depend on how often a row comes.
 */
export function planMatch(context: QueryContext, scope: Scope, elements: Elements, onlyDistinct: boolean): Plan {
  return new Planner(context, scope, elements, onlyDistinct).plan()
}

class Planner {
  readonly #context: QueryContext
  readonly #scope: Scope
  readonly #elements: Elements
  readonly #onlyDistinct: boolean
  readonly #bound: Set<string>
  readonly #open: Set<RelationElement>
  readonly #pathsOpen: Set<PathElement>
  readonly #conditionsOpen: Set<Condition>
  readonly #accesses = new Map<string, NodeAccess>()
  readonly #steps: Step[] = []

  constructor(context: QueryContext, scope: Scope, elements: Elements, onlyDistinct: boolean) {
    this.#context = context
    this.#scope = scope
    this.#elements = elements
    this.#onlyDistinct = onlyDistinct
    this.#bound = new Set(scope.names.filter((name) => !this.#isOwn(name)))
    this.#open = new Set(elements.relations)
    this.#pathsOpen = new Set(elements.paths)
    this.#conditionsOpen = new Set(elements.conditions)
  }

  plan(): Plan {
    const first = this.#ready()
    for (;;) {
      const relation = this.#nextRelation()
      if (relation !== null) this.#walk(relation)
      else {
        const node = this.#nextNode()
        if (node === null) break
        this.#scan(node)
      }
    }
    return { first, steps: this.#steps }
  }

  #isOwn(name: string): boolean {
    const { nodes, relations, paths } = this.#elements
    return (
      nodes.some((node) => node.name === name && !node.isGiven) ||
      relations.some((relation) => relation.name === name && !relation.isGiven) ||
      paths.some((path) => path.name === name)
    )
  }

  #nextRelation(): RelationElement | null {
    const has = (node: NodeElement) => this.#bound.has(node.name)
    const rank = (relation: RelationElement): number => {
      const ends = Number(has(relation.left)) + Number(has(relation.right))
      const isLong = relation.pattern.length !== null
      if (ends === 2) return isLong ? 2 : 0
      if (ends === 0 || relation.path.how !== 'every') return Number.POSITIVE_INFINITY
      if (!isLong) return 1
      const far = has(relation.left) ? relation.right : relation.left
      return this.#access(far).estimate <= FEW ? Number.POSITIVE_INFINITY : 3
    }
    const ranked = [...this.#open].map((relation) => ({ relation, rank: rank(relation) })).sort((a, b) => a.rank - b.rank)
    const [best] = ranked
    return best === undefined || best.rank === Number.POSITIVE_INFINITY ? null : best.relation
  }

  #nextNode(): NodeElement | null {
    const open = this.#elements.nodes.filter((node) => !this.#bound.has(node.name))
    const ranked = open.map((node) => ({ node, estimate: this.#access(node).estimate })).sort((a, b) => a.estimate - b.estimate)
    return ranked[0]?.node ?? null
  }

  #access(node: NodeElement): NodeAccess {
    const key = `${node.name} ${this.#bound.size}`
    const known = this.#accesses.get(key)
    if (known !== undefined) return known
    const made = bestAccess(this.#context, this.#scope, node, this.#elements.conditions, this.#bound)
    this.#accesses.set(key, made)
    return made
  }

  #scan(node: NodeElement): void {
    const access = this.#access(node)
    this.#bound.add(node.name)
    this.#steps.push({ is: 'scan', node, access, conditions: this.#ready() })
    this.#finishPaths()
  }

  #walk(relation: RelationElement): void {
    const { left, right, path } = relation
    const fromLeft = this.#bound.has(left.name)
    const [from, to] = fromLeft ? [left, right] : [right, left]
    const joins = this.#bound.has(to.name)
    this.#open.delete(relation)
    this.#bound.add(to.name).add(relation.name)
    // Which way is the shortest may depend on conditions on the path: they are tested for each way.
    if (path.how !== 'every' && path.name !== null) {
      this.#bound.add(path.name)
      this.#pathsOpen.delete(path)
    }
    const reach = this.#onlyDistinct && !joins && this.#isAboutEnds(relation)
    this.#steps.push({ is: 'relation', relation, from, to, joins, reach, conditions: this.#ready() })
    this.#finishPaths()
  }

  /** Nothing asks for the way, and no way can be refused because another relationship of the match uses a part of it. */
  #isAboutEnds(relation: RelationElement): boolean {
    const { length, direction } = relation.pattern
    if (length === null || length.least > 1 || direction === 'both' || relation.isNamed || relation.path.name !== null) return false
    if (this.#elements.conditions.some(({ needs }) => needs.has(relation.name))) return false
    return this.#elements.relations.every(
      (other) =>
        other === relation ||
        (relation.kinds !== null && other.kinds !== null && !other.kinds.some((kind) => relation.kinds?.includes(kind))),
    )
  }

  #finishPaths(): void {
    for (const path of this.#pathsOpen) {
      const isDone = path.nodes.every((node) => this.#bound.has(node.name)) && path.relations.every((relation) => !this.#open.has(relation))
      if (!isDone) continue
      this.#pathsOpen.delete(path)
      if (path.name === null) continue
      this.#bound.add(path.name)
      this.#steps.push({ is: 'path', path, conditions: this.#ready() })
    }
  }

  #ready(): Condition[] {
    const ready = [...this.#conditionsOpen].filter(({ needs }) => [...needs].every((name) => this.#bound.has(name)))
    for (const condition of ready) this.#conditionsOpen.delete(condition)
    return ready
  }
}
