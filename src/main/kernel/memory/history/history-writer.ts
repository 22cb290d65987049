import type Database from 'better-sqlite3'
import { searchableWords } from '../retrieval/identifier-words'
import type { ReadCommit } from './read-history'

/** Writes commits as they are read; each call is one short transaction. */
export class HistoryWriter {
  readonly #statements: ReturnType<typeof prepare>
  readonly add: (commits: readonly ReadCommit[], ends: ReadonlySet<string>) => void
  readonly remove: (oids: readonly string[]) => void
  readonly place: (positions: readonly { readonly oid: string; readonly position: number }[]) => void
  readonly setMeta: (values: Readonly<Record<string, string | null>>) => void

  constructor(database: Database.Database) {
    const sql = (this.#statements = prepare(database))
    this.add = database.transaction((commits: readonly ReadCommit[], ends: ReadonlySet<string>) => {
      for (const commit of commits) this.#add(commit, ends.has(commit.oid))
    })
    this.remove = database.transaction((oids: readonly string[]) => {
      for (const oid of oids) {
        const id = sql.idOf.get(oid)?.id
        if (id === undefined) continue
        sql.removeFiles.run(id)
        sql.removeWords.run(id)
        sql.removeCommit.run(id)
      }
    })
    this.place = database.transaction((positions: readonly { readonly oid: string; readonly position: number }[]) => {
      for (const { oid, position } of positions) sql.place.run(position, oid, position)
    })
    this.setMeta = database.transaction((values: Readonly<Record<string, string | null>>) => {
      for (const [key, value] of Object.entries(values)) {
        if (value === null) sql.removeMeta.run(key)
        else sql.setMeta.run(key, value)
      }
    })
  }

  meta(key: string): string | null {
    return this.#statements.meta.get(key)?.value ?? null
  }

  count(): number {
    return this.#statements.count.get()?.count ?? 0
  }

  known(): Set<string> {
    return new Set(this.#statements.oids.all().map(({ oid }) => oid))
  }

  #add(commit: ReadCommit, end: boolean): void {
    const sql = this.#statements
    const author = sql.author.get(commit.email, commit.author)?.id ?? 0
    const { oid, parents, atMs, subject, body } = commit
    const fileCount = end ? 0 : commit.fileCount
    const id = sql.addCommit.run(oid, parents, author, atMs, subject, body, fileCount).lastInsertRowid
    sql.addWords.run(id, searchableWords(subject), searchableWords(body))
    if (end) return
    for (const { path, change, from } of commit.files) {
      sql.addFile.run(id, this.#path(path), change, from === null ? null : this.#path(from))
    }
  }

  #path(path: string): number {
    const known = this.#statements.pathId.get(path)?.id
    return known ?? Number(this.#statements.addPath.run(path).lastInsertRowid)
  }
}

function prepare(database: Database.Database) {
  return {
    meta: database.prepare<[string], { value: string }>('SELECT value FROM meta WHERE key = ?'),
    setMeta: database.prepare<[string, string]>('INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)'),
    removeMeta: database.prepare<[string]>('DELETE FROM meta WHERE key = ?'),
    count: database.prepare<[], { count: number }>('SELECT count(*) AS count FROM commits'),
    oids: database.prepare<[], { oid: string }>('SELECT oid FROM commits'),
    idOf: database.prepare<[string], { id: number }>('SELECT id FROM commits WHERE oid = ?'),
    author: database.prepare<[string, string], { id: number }>(
      'INSERT INTO authors (email, name) VALUES (?, ?) ON CONFLICT (email) DO UPDATE SET email = excluded.email RETURNING id',
    ),
    pathId: database.prepare<[string], { id: number }>('SELECT id FROM paths WHERE path = ?'),
    addPath: database.prepare<[string]>('INSERT INTO paths (path) VALUES (?)'),
    addCommit: database.prepare<[string, string, number, number, string, string, number]>(
      'INSERT INTO commits (oid, parents, author_id, at_ms, subject, body, file_count, position) VALUES (?, ?, ?, ?, ?, ?, ?, 0)',
    ),
    addFile: database.prepare<[number | bigint, number, string, number | null]>(
      'INSERT OR IGNORE INTO commit_files (commit_id, path_id, change, from_id) VALUES (?, ?, ?, ?)',
    ),
    addWords: database.prepare<[number | bigint, string, string]>('INSERT INTO commit_words (rowid, subject, body) VALUES (?, ?, ?)'),
    removeFiles: database.prepare<[number]>('DELETE FROM commit_files WHERE commit_id = ?'),
    removeWords: database.prepare<[number]>('DELETE FROM commit_words WHERE rowid = ?'),
    removeCommit: database.prepare<[number]>('DELETE FROM commits WHERE id = ?'),
    place: database.prepare<[number, string, number]>('UPDATE commits SET position = ? WHERE oid = ? AND position <> ?'),
  }
}
