import type Database from 'better-sqlite3'
import { LIVE_LAYER } from './index-schema'

const ROWS = 400
/** A row of `files` before its chunks: as long as it is there, its text can be put together. */
const TABLES = ['files', 'chunks', 'entities', 'edges', 'unresolved_calls'] as const
const ENDED = {
  files: 'files_ended',
  chunks: 'chunks_ended',
  entities: 'entities_ended',
  edges: 'edges_ended',
  unresolved_calls: 'unresolved_ended',
} as const

interface Ended {
  readonly id: number
  readonly endedAt: number
}

const FIRST: Ended = { id: -1, endedAt: -1 }

/**
 * Deletes rows that ended and that no view can see: in the live layer those that no branch's base version lies in, in a branch's those that
 * none of its states lies in. A slice at a time, so that whoever has work for the thread waits for milliseconds only.
 */
export class RowCollector {
  readonly #database: Database.Database
  readonly #tables: readonly {
    readonly find: Database.Statement<[number, number, number, number], Ended>
    readonly drop: (id: number) => void
  }[]
  /** Where this round is: rows that are still seen are not looked at again in it. */
  #table = 0
  #after: Ended = FIRST

  constructor(database: Database.Database) {
    this.#database = database
    this.#tables = TABLES.map((table) => {
      const remove = database.prepare<[number]>(`DELETE FROM ${table} WHERE id = ?`)
      const words = table === 'chunks' ? 'chunk_words' : table === 'entities' ? 'entity_trigrams' : null
      const forget = words === null ? null : database.prepare<[number]>(`DELETE FROM ${words} WHERE rowid = ?`)
      return {
        // By the index of what ended: there is little of it, and millions of rows that have not.
        find: database.prepare<[number, number, number, number], Ended>(
          `SELECT r.id, r.valid_to AS endedAt FROM ${table} r INDEXED BY ${ENDED[table]} WHERE r.valid_to IS NOT NULL AND (r.valid_to, r.id) > (?, ?)
             AND r.valid_to <= ? AND NOT CASE WHEN r.layer = ${LIVE_LAYER}
             THEN EXISTS (SELECT 1 FROM layers l WHERE l.base_version >= r.valid_from AND l.base_version < r.valid_to)
             ELSE EXISTS (SELECT 1 FROM states s WHERE s.layer = r.layer AND s.version >= r.valid_from AND s.version < r.valid_to) END
           ORDER BY r.valid_to, r.id LIMIT ?`,
        ),
        drop: (id) => {
          remove.run(id)
          forget?.run(id)
        },
      }
    })
  }

  /** Something ended: begins from the first table. */
  restart(): void {
    this.#table = 0
    this.#after = FIRST
  }

  /** Deletes some rows that ended at or before `version`; false when there are no more. */
  slice(version: number): boolean {
    const table = this.#tables[this.#table]
    if (table === undefined) return false
    const rows = table.find.all(this.#after.endedAt, this.#after.id, version, ROWS)
    this.#database.transaction(() => {
      for (const { id } of rows) table.drop(id)
    })()
    this.#after = rows.at(-1) ?? FIRST
    if (rows.length < ROWS) {
      this.#table += 1
      this.#after = FIRST
    }
    return true
  }
}
