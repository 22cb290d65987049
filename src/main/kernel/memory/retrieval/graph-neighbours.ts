import type Database from 'better-sqlite3'
import type { EdgeKind } from '../../../../shared/graph'
import type { Placed, Sight } from '../view'

export interface Neighbour {
  readonly key: string
  readonly from: string
  readonly kind: EdgeKind
  readonly score: number
}

interface EdgeRow extends Placed {
  readonly key: string
  readonly kind: EdgeKind
  readonly confidence: number
}

const FIELDS = 'n.key, e.kind, e.confidence, e.layer, e.file, e.valid_from AS validFrom, e.valid_to AS validTo'
const KINDS = "('calls', 'inherits', 'references', 'reads', 'writes', 'depends_on', 'flows_to', 'tests', 'documents')"
const OUT = `SELECT ${FIELDS} FROM edges e JOIN nodes n ON n.id = e.dst WHERE e.src = (SELECT id FROM nodes WHERE key = ?) AND e.kind IN ${KINDS} LIMIT ?`
const IN = `SELECT ${FIELDS} FROM edges e JOIN nodes n ON n.id = e.src WHERE e.dst = (SELECT id FROM nodes WHERE key = ?) AND e.kind IN ${KINDS} LIMIT ?`
/** What is next to everything says nothing about anything: rows beyond this are not read, and many neighbours share their weight. */
const MOST_ROWS = 120

/** What is one edge away from what was found, as of a view. */
export class GraphNeighbours {
  readonly #out: Database.Statement<[string, number], EdgeRow>
  readonly #in: Database.Statement<[string, number], EdgeRow>
  readonly #sight: Sight

  constructor(database: Database.Database, sight: Sight) {
    this.#out = database.prepare(OUT)
    this.#in = database.prepare(IN)
    this.#sight = sight
  }

  /** Best first: near several of the seeds, or of a good one with few neighbours. Seeds are graph keys, best first. */
  of(seeds: readonly string[], limit: number): Neighbour[] {
    const found = new Map<string, Neighbour & { score: number }>()
    for (const [place, seed] of seeds.entries()) {
      const rows = [...this.#out.all(seed, MOST_ROWS), ...this.#in.all(seed, MOST_ROWS)].filter((row) => this.#sight.seesEdge(row))
      const strength = 1 / (1 + place) / Math.sqrt(Math.max(1, rows.length))
      for (const row of rows) {
        if (row.key === seed) continue
        const score = strength * row.confidence
        const known = found.get(row.key)
        if (known === undefined) found.set(row.key, { key: row.key, from: seed, kind: row.kind, score })
        else known.score += score
      }
    }
    return [...found.values()].sort((a, b) => b.score - a.score || (a.key < b.key ? -1 : 1)).slice(0, limit)
  }
}
