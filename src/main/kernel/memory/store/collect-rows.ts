import type Database from 'better-sqlite3'
import { LIVE_LAYER } from './index-schema'

const ROWS = 400

/**
 * Deletes rows that ended and that no view can see: in the live layer those that no branch's base version lies in, in a branch's those that
 * none of its states lies in. A slice at a time, so that whoever has work for the thread waits for milliseconds only.
 */
export class RowCollector {
  readonly #database: Database.Database
  readonly #tables: readonly { readonly find: Database.Statement<[number, number, number], number>; readonly drop: (id: number) => void }[]
  /** The largest `rowid`-like position that was looked at, a table each: rows that are still seen are not looked at again in this round. */
  #table = 0
  #after = 0

  constructor(database: Database.Database) {
    this.#database = database
    // A row of `files` before its chunks: as long as it is there, its text can be put together.
    this.#tables = ['files', 'chunks', 'entities', 'edges', 'unresolved_calls'].map((table) => {
      const remove = database.prepare<[number]>(`DELETE FROM ${table} WHERE id = ?`)
      const words = table === 'chunks' ? 'chunk_words' : table === 'entities' ? 'entity_trigrams' : null
      const forget = words === null ? null : database.prepare<[number]>(`DELETE FROM ${words} WHERE rowid = ?`)
      return {
        find: database
          .prepare<[number, number, number], number>(
            `SELECT r.id FROM ${table} r WHERE r.valid_to IS NOT NULL AND r.id > ? AND r.valid_to <= ? AND NOT CASE WHEN r.layer = ${LIVE_LAYER}
               THEN EXISTS (SELECT 1 FROM layers l WHERE l.base_version >= r.valid_from AND l.base_version < r.valid_to)
               ELSE EXISTS (SELECT 1 FROM states s WHERE s.layer = r.layer AND s.version >= r.valid_from AND s.version < r.valid_to) END
             ORDER BY r.id LIMIT ?`,
          )
          .pluck(),
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
    this.#after = 0
  }

  /** Deletes some rows that ended at or before `version`; false when there are no more. */
  slice(version: number): boolean {
    const table = this.#tables[this.#table]
    if (table === undefined) return false
    const ids = table.find.all(this.#after, version, ROWS)
    this.#database.transaction(() => {
      for (const id of ids) table.drop(id)
    })()
    this.#after = ids.at(-1) ?? 0
    if (ids.length < ROWS) {
      this.#table += 1
      this.#after = 0
    }
    return true
  }
}
