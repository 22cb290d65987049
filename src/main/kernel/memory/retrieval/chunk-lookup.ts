import type Database from 'better-sqlite3'
import type { Sight } from '../view'
import { CHUNK_PLACE, type ChunkPlace, readChunkText } from './chunk-rows'

/** Chunks by what names them, as of a view. */
export class ChunkLookup {
  readonly text: (id: number) => string
  readonly #byHash: Database.Statement<[Uint8Array], ChunkPlace>
  readonly #byPath: Database.Statement<[string], ChunkPlace>
  readonly #sight: Sight

  constructor(database: Database.Database, sight: Sight) {
    this.text = readChunkText(database)
    this.#byHash = database.prepare(`SELECT ${CHUNK_PLACE} FROM chunks c WHERE c.hash = ?`)
    this.#byPath = database.prepare(
      `SELECT ${CHUNK_PLACE} FROM nodes n JOIN chunks c ON c.file = n.id WHERE n.key = ? ORDER BY c.start_line`,
    )
    this.#sight = sight
  }

  /** Equal pieces of several files have one hash. */
  withHash(hash: Uint8Array): ChunkPlace[] {
    return this.#byHash.all(hash).filter((chunk) => this.#sight.seesContent(chunk))
  }

  /** From the first line on; empty for a file that the view does not see. */
  ofFile(path: string): ChunkPlace[] {
    return this.#byPath.all(path).filter((chunk) => this.#sight.seesContent(chunk))
  }
}
