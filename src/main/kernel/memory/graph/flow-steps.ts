import type { EdgeKind } from '../../../../shared/graph'
import { spelledLike, spellingOf } from './flow-region'
import type { EdgeRow, EntityRow, GraphRows } from './graph-rows'

/** A value moves from one place to another: as the graph says, or since both places are the same one to the outside. */
export interface FlowStep {
  readonly from: EntityRow
  readonly to: EntityRow
  readonly how: string
  readonly method: string
  readonly confidence: number
  /** Where it can be read; the path is the file that says so. */
  readonly path: string
  readonly line: number
}

const MOST = 400
const FLOWS: readonly EdgeKind[] = ['flows_to']
const READS: readonly EdgeKind[] = ['reads']
const WRITES: readonly EdgeKind[] = ['writes']
/** What is there for every program that names it. */
const SHARED = new Set(['column', 'table', 'env_var', 'feature_flag'])
const CONFIDENCE = {
  implementation: 0.9,
  sameColumn: 0.6,
  sameTable: 0.3,
  sameVariable: 0.7,
  sameProperty: 0.5,
  otherSpelling: 0.3,
} as const

/** Steps of values of one name, forward or backward. Reads each entity once. */
export class FlowSteps {
  readonly #rows: GraphRows
  readonly #spelling: string
  readonly #entities = new Map<number, EntityRow | null>()
  readonly #named: readonly EntityRow[]
  /** Places of that name by the function that they are in. */
  readonly #inside = new Map<string, EntityRow[]>()

  constructor(rows: GraphRows, name: string) {
    this.#rows = rows
    this.#spelling = spellingOf(name)
    this.#named = spelledLike(rows, name)
    for (const row of this.#named) {
      const owner = ownerOf(row.id)
      if (owner !== null) this.#inside.set(owner, [...(this.#inside.get(owner) ?? []), row])
    }
  }

  get named(): readonly EntityRow[] {
    return this.#named
  }

  isNamed(row: EntityRow): boolean {
    return spellingOf(row.name) === this.#spelling
  }

  from(place: EntityRow): FlowStep[] {
    return [...this.#stored(place, 'out'), ...this.#shared(place, 'out'), ...this.#sameName(place, 'out')]
  }

  into(place: EntityRow): FlowStep[] {
    return [...this.#stored(place, 'in'), ...this.#shared(place, 'in'), ...this.#sameName(place, 'in')]
  }

  #entity(number: number): EntityRow | null {
    const known = this.#entities.get(number)
    if (known !== undefined) return known
    const row = this.#rows.entity(number)
    this.#entities.set(number, row)
    return row
  }

  #stored(place: EntityRow, side: 'out' | 'in'): FlowStep[] {
    return this.#rows[side](place.node, FLOWS, MOST).flatMap((edge) => {
      const other = this.#entity(side === 'out' ? edge.dst : edge.src)
      // Everything that was ever put into any property of a name comes together there: only values of the name asked for pass.
      if (other === null || (other.id.startsWith('property:') && !this.isNamed(other))) return []
      const [from, to] = side === 'out' ? [place, other] : [other, place]
      return {
        from,
        to,
        how: edge.method,
        method: edge.method,
        confidence: edge.confidence,
        path: this.#fileOf(edge, from, to),
        line: edge.line,
      }
    })
  }

  #fileOf(edge: EdgeRow, from: EntityRow, to: EntityRow): string {
    if (from.path === to.path && from.path !== '') return from.path
    return this.#rows.fileOfEdge(edge.id) ?? to.path
  }

  /** A function that writes a column hands it its value of that name; a function that reads it has it from there. */
  #shared(place: EntityRow, side: 'out' | 'in'): FlowStep[] {
    const access = side === 'out' ? WRITES : READS
    if (SHARED.has(place.kind)) {
      const users = this.#rows.in(place.node, side === 'out' ? READS : WRITES, MOST)
      return users.flatMap((edge) => {
        const user = this.#entity(edge.src)
        if (user === null) return []
        const inside = this.#inside.get(user.id) ?? []
        return (inside.length > 0 ? inside : this.isNamed(place) ? [user] : []).map((other) =>
          this.#sharedStep(side === 'out' ? place : other, side === 'out' ? other : place, place, edge, side === 'out'),
        )
      })
    }
    if (!this.isNamed(place)) return []
    const owner = this.#rows.entityOf(ownerOf(place.id) ?? place.id)
    if (owner === null) return []
    return this.#rows.out(owner.node, access, MOST).flatMap((edge) => {
      const store = this.#entity(edge.dst)
      if (store === null || !SHARED.has(store.kind) || (store.kind !== 'table' && !this.isNamed(store))) return []
      return this.#sharedStep(side === 'out' ? place : store, side === 'out' ? store : place, store, edge, side === 'in')
    })
  }

  #sharedStep(from: EntityRow, to: EntityRow, store: EntityRow, edge: EdgeRow, isRead: boolean): FlowStep {
    const what = store.kind === 'env_var' ? 'environment variable' : store.kind.replace('_', ' ')
    const factor = store.kind === 'column' ? CONFIDENCE.sameColumn : store.kind === 'table' ? CONFIDENCE.sameTable : CONFIDENCE.sameVariable
    const user = isRead ? to : from
    return {
      ...{ from, to, how: `${what} ${isRead ? 'read' : 'written'}`, method: `same ${what}, ${edge.method}` },
      ...{ confidence: edge.confidence * factor, path: this.#rows.fileOfEdge(edge.id) ?? user.path, line: edge.line },
    }
  }

  /** A property of something unknown may be any of that name, in a request from another program too. */
  #sameName(place: EntityRow, side: 'out' | 'in'): FlowStep[] {
    if (place.kind !== 'property' || !this.isNamed(place)) return []
    const isUnknown = place.id.startsWith('property:')
    const others = this.#named.filter(
      (other) => other.kind === 'property' && other.node !== place.node && (isUnknown || other.id.startsWith('property:')),
    )
    return others.map((other) => {
      const [from, to] = side === 'out' ? [place, other] : [other, place]
      const isSame = other.name === place.name
      return {
        ...{ from, to, how: 'same name in a request', method: isSame ? 'same name of a property' : 'another spelling of a property' },
        ...{ confidence: isSame ? CONFIDENCE.sameProperty : CONFIDENCE.otherSpelling, path: to.path, line: to.nameLine },
      }
    })
  }
}

/** The function that a parameter or variable belongs to: `src/a.ts#total(country)` -> `src/a.ts#total`. */
export function ownerOf(id: string): string | null {
  return /^(.*[^#])\([^()]*\)$/.exec(id)?.[1] ?? null
}
