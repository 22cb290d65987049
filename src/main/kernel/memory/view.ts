import type Database from 'better-sqlite3'

/** A point of the index's history: layers from the top one down to that of the live repository. See `store/index-schema.ts`. */
export interface View {
  readonly layers: readonly { readonly layer: number; readonly version: number }[]
  /** Whether whoever asks may read a file; absent: all of them. What a file says is in no answer, number or order otherwise. */
  readonly readable?: (path: string) => boolean
}

/** Stands for the file of facts that come from none: authors, commits. */
export const OF_NO_FILE = '.git'

/** Where a row comes from; every row of the index's tables has these. */
export interface Placed {
  readonly layer: number
  readonly file: number
  readonly validFrom: number
  readonly validTo: number | null
}

/** The live repository as it is now. */
export const LIVE: View = { layers: [{ layer: 0, version: Number.MAX_SAFE_INTEGER }] }

/** Decides for each row whether a view sees it. Made once a view: it reads which files the upper layers own. */
export class Sight {
  readonly #versions: ReadonlyMap<number, { readonly version: number; readonly depth: number }>
  /** File to the depth of the topmost layer that owns it; 0 is the top. */
  readonly #contents = new Map<number, number>()
  readonly #edges = new Map<number, number>()
  readonly #readable: ((file: number) => boolean) | null

  constructor(database: Database.Database, view: View) {
    this.#versions = new Map(view.layers.map(({ layer, version }, depth) => [layer, { version, depth }]))
    this.#readable = view.readable === undefined ? null : readableFiles(database, view.readable)
    const owned = database.prepare<[number, number, number], { node: number; content: number }>(
      'SELECT node_id AS node, content FROM files WHERE layer = ? AND valid_from <= ? AND (valid_to IS NULL OR valid_to > ?)',
    )
    for (const [depth, { layer, version }] of view.layers.slice(0, -1).entries()) {
      for (const { node, content } of owned.iterate(layer, version, version)) {
        if (!this.#edges.has(node)) this.#edges.set(node, depth)
        if (content === 1 && !this.#contents.has(node)) this.#contents.set(node, depth)
      }
    }
  }

  /** Entities, chunks. */
  seesContent(row: Placed): boolean {
    return this.#sees(row, this.#contents)
  }

  /** Edges, unresolved calls. */
  seesEdge(row: Placed): boolean {
    return this.#sees(row, this.#edges)
  }

  #sees(row: Placed, owners: ReadonlyMap<number, number>): boolean {
    const at = this.#versions.get(row.layer)
    if (at === undefined || row.validFrom > at.version || (row.validTo !== null && row.validTo <= at.version)) return false
    const owner = owners.get(row.file)
    return (owner === undefined || owner >= at.depth) && (this.#readable === null || this.#readable(row.file))
  }
}

/** Policies are asked once a file. */
function readableFiles(database: Database.Database, readable: (path: string) => boolean): (file: number) => boolean {
  const path = database.prepare<[number], string>('SELECT key FROM nodes WHERE id = ?').pluck()
  const known = new Map<number, boolean>()
  return (file) => {
    const asked = known.get(file)
    if (asked !== undefined) return asked
    const key = path.get(file) ?? ''
    const answer = key === OF_NO_FILE || readable(key)
    known.set(file, answer)
    return answer
  }
}
