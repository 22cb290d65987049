import { existsSync } from 'node:fs'
import Database from 'better-sqlite3'
import { MOST_EMBEDDED_CHARACTERS } from '../embeddings/provider'

export interface ChunkHash {
  readonly id: number
  readonly hash: Uint8Array
}

/** The index as the vectors' worker sees it: read only, opened for one pass, so that an index that is made again is never held open. */
export class ChunkReader {
  readonly #database: Database.Database
  readonly #page: Database.Statement<[number, number], ChunkHash>
  readonly #text: Database.Statement<[number], string>
  readonly #has: Database.Statement<[Uint8Array], number>
  readonly #last: Database.Statement<[], number | null>

  private constructor(database: Database.Database) {
    this.#database = database
    this.#page = database.prepare('SELECT id, hash FROM chunks WHERE id > ? AND valid_to IS NULL ORDER BY id LIMIT ?')
    this.#text = database.prepare<[number], string>(`SELECT substr(text, 1, ${MOST_EMBEDDED_CHARACTERS}) FROM chunks WHERE id = ?`).pluck()
    this.#has = database.prepare<[Uint8Array], number>('SELECT 1 FROM chunks WHERE hash = ? LIMIT 1').pluck()
    this.#last = database.prepare<[], number | null>('SELECT max(id) FROM chunks').pluck()
  }

  /** Null while there is no index that can be read: the next change of it asks again. */
  static open(path: string): ChunkReader | null {
    if (!existsSync(path)) return null
    let database: Database.Database | null = null
    try {
      database = new Database(path, { readonly: true, fileMustExist: true })
      return new ChunkReader(database)
    } catch (thrown) {
      database?.close()
      // Being made, being moved aside, or of an older version: the indexing thread mends it and tells of the change.
      if (thrown instanceof Database.SqliteError) return null
      throw thrown
    }
  }

  /** Chunks that hold now, after `id`. */
  page(id: number, count: number): ChunkHash[] {
    return this.#page.all(id, count)
  }

  /** What is embedded of a chunk, which is its text alone, since that is what its hash is of; null when it is gone. */
  text(id: number): string | null {
    return this.#text.get(id) ?? null
  }

  has(hash: Uint8Array): boolean {
    return this.#has.get(hash) !== undefined
  }

  lastId(): number {
    return this.#last.get() ?? 0
  }

  close(): void {
    this.#database.close()
  }
}
