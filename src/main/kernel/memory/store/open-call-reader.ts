import type Database from 'better-sqlite3'
import type { FileWithOpenCalls, OpenCall } from '../upgrade/open-calls'
import { LIVE_LAYER } from './index-schema'

const OPEN = `FROM files f WHERE f.layer = ${LIVE_LAYER} AND f.valid_to IS NULL AND f.language IN (SELECT value FROM json_each(?))
  AND NOT EXISTS (SELECT 1 FROM answered_calls a WHERE a.file = f.node_id AND a.hash = f.hash)`
const OF_FILE = `FROM unresolved_calls u WHERE u.file = f.node_id AND u.layer = ${LIVE_LAYER} AND u.valid_to IS NULL`

/** Files of the live repository whose open calls nobody was asked about in their present content. */
export class OpenCallReader {
  readonly #files: Database.Statement<[string, string, number], { path: string; hash: string; language: string; node: number }>
  readonly #calls: Database.Statement<[number], OpenCall>
  readonly #count: Database.Statement<[string], number>

  constructor(database: Database.Database) {
    this.#files = database.prepare(
      `SELECT f.path, f.hash, f.language, f.node_id AS node ${OPEN} AND f.path > ? AND EXISTS (SELECT 1 ${OF_FILE}) ORDER BY f.path LIMIT ?`,
    )
    this.#calls = database.prepare(
      `SELECT n.key AS "from", u.name, u.line FROM unresolved_calls u JOIN nodes n ON n.id = u.src
       WHERE u.file = ? AND u.layer = ${LIVE_LAYER} AND u.valid_to IS NULL ORDER BY u.line, u.id`,
    )
    this.#count = database
      .prepare<[string], number>(`SELECT coalesce(sum(calls), 0) FROM (SELECT (SELECT count(*) ${OF_FILE}) AS calls ${OPEN})`)
      .pluck()
  }

  /** At most `limit`, in order of their paths, from behind `after`. */
  files(languages: readonly string[], limit: number, after = ''): FileWithOpenCalls[] {
    return this.#files.all(JSON.stringify(languages), after, limit).map(({ node, ...file }) => ({ ...file, calls: this.#calls.all(node) }))
  }

  /** Open calls of all such files. */
  count(languages: readonly string[]): number {
    return this.#count.get(JSON.stringify(languages)) ?? 0
  }
}
