import type Database from 'better-sqlite3'
import { searchableWords, wordQueries } from '../retrieval/identifier-words'
import type { CoChange, CommitEntry, CommitHit, HistoryFileHit, PathAuthor, SelfTestCommit } from './history'

/** A commit that touched more says nothing about which of its files belong together. */
const WIDEST_COMMIT = 50
/** Commits whose files are added up for one question. */
const COMMITS_FUSED = 60
/** Of a file's commits, the newest that are looked at for what changes together with it. */
const COMMITS_COMPARED = 2_000
const LONGEST_LINEAGE = 8
const SELF_TEST_FILES = 8
/** Subjects that say nothing about what was changed. */
const TELLS_NOTHING = /^(?:merge|revert|release|bump|version|update (?:dependencies|deps|changelog|lockfile)|chore|v?\d+\.\d+|wip\b)/i

interface CommitRow {
  readonly id: number
  readonly oid: string
  readonly parents: string
  readonly subject: string
  readonly body: string
  readonly name: string
  readonly email: string
  readonly atMs: number
  readonly fileCount: number
  readonly position: number
}

interface ChangeRow {
  readonly commitId: number
  readonly position: number
  readonly fileCount: number
  readonly authorId: number
  readonly atMs: number
}

const COMMIT = `c.id, c.oid, c.parents, c.subject, c.body, a.name, a.email, c.at_ms AS atMs, c.file_count AS fileCount, c.position`

/** Questions to the commits that were read. */
export class HistoryQuestions {
  readonly #sql: ReturnType<typeof prepare>
  /** The last change of a path: a file of every second commit has thousands to choose from. Of the commits as they are. */
  readonly #last = new Map<number, { readonly change: string; readonly position: number } | undefined>()

  constructor(database: Database.Database) {
    this.#sql = prepare(database)
  }

  /** To be called when commits were added, removed or placed anew. */
  changed(): void {
    this.#last.clear()
  }

  search(query: string, limit: number): CommitHit[] {
    return this.#matching(query, limit, Number.MAX_SAFE_INTEGER).map(({ row, score }) => ({ ...this.#entry(row), score }))
  }

  files(query: string, limit: number, before?: string): HistoryFileHit[] {
    const end = before === undefined ? undefined : this.#sql.commit.get(before)?.position
    const found = new Map<number, { score: number; best: number; commit: string; subject: string }>()
    const now = new Map<string, number | null>()
    for (const { row, score } of this.#matching(query, COMMITS_FUSED, end ?? Number.MAX_SAFE_INTEGER)) {
      // A file is the more likely meant, the fewer others the commit changed.
      const share = score / Math.sqrt(Math.max(1, row.fileCount))
      for (const { pathId } of this.#sql.filesOf.all(row.id)) {
        const key = `${pathId} ${row.position}`
        const known = now.get(key)
        const current = known === undefined ? this.#nameNow(pathId, row.position) : known
        now.set(key, current)
        if (current === null) continue
        const hit = found.get(current)
        if (hit === undefined) found.set(current, { score: share, best: share, commit: row.oid, subject: row.subject })
        else {
          hit.score += share
          if (share > hit.best) Object.assign(hit, { best: share, commit: row.oid, subject: row.subject })
        }
      }
    }
    return [...found]
      .map(([pathId, { score, commit, subject }]) => ({ path: this.#path(pathId), score, commit, subject }))
      .sort((a, b) => b.score - a.score || (a.path < b.path ? -1 : 1))
      .slice(0, limit)
  }

  log(path: string, limit: number): CommitEntry[] {
    return this.#commitsOf(path)
      .slice(0, limit)
      .flatMap(({ commitId }) => this.#sql.commitById.get(commitId) ?? [])
      .map((row) => this.#entry(row))
  }

  coChanged(path: string, limit: number): CoChange[] {
    const own = this.#commitsOf(path).filter((commit) => commit.fileCount <= WIDEST_COMMIT)
    const lineage = new Set(this.#lineage(path).map(({ pathId }) => pathId))
    const support = new Map<number, number>()
    const compared = own.slice(0, COMMITS_COMPARED)
    for (const { commitId, position } of compared) {
      const others = new Set<number>()
      for (const { pathId } of this.#sql.filesOf.all(commitId)) {
        if (lineage.has(pathId)) continue
        const current = this.#nameNow(pathId, position)
        if (current !== null && !lineage.has(current)) others.add(current)
      }
      for (const other of others) support.set(other, (support.get(other) ?? 0) + 1)
    }
    return [...support]
      .map(([pathId, count]) => ({ path: this.#path(pathId), support: count, confidence: count / compared.length }))
      .sort((a, b) => b.support - a.support || (a.path < b.path ? -1 : 1))
      .slice(0, limit)
  }

  authorsOf(path: string): PathAuthor[] {
    const found = new Map<number, { commits: number; lastAtMs: number }>()
    for (const { authorId, atMs } of this.#commitsOf(path)) {
      const known = found.get(authorId)
      if (known === undefined) found.set(authorId, { commits: 1, lastAtMs: atMs })
      else found.set(authorId, { commits: known.commits + 1, lastAtMs: Math.max(known.lastAtMs, atMs) })
    }
    return [...found]
      .flatMap(([id, counts]) => {
        const author = this.#sql.author.get(id)
        return author === undefined ? [] : [{ ...author, ...counts }]
      })
      .sort((a, b) => b.commits - a.commits || b.lastAtMs - a.lastAtMs)
  }

  commitsForSelfTest(count: number): SelfTestCommit[] {
    const found: SelfTestCommit[] = []
    for (const row of this.#sql.recent.iterate(Math.max(1_000, count * 40))) {
      if (found.length >= count) break
      if (row.parents === '' || row.parents.includes(' ') || row.fileCount === 0 || row.fileCount > SELF_TEST_FILES) continue
      if (TELLS_NOTHING.test(row.subject) || new Set(searchableWords(row.subject).split(' ')).size < 3) continue
      const files = this.#sql.filesOf
        .all(row.id)
        .map(({ pathId, change }) => (change === 'changed' ? this.#nameNow(pathId, row.position) : null))
      if (files.some((pathId) => pathId === null)) continue
      const names = files.flatMap((pathId) => (pathId === null ? [] : [this.#path(pathId)]))
      found.push({ commit: row.oid, parent: row.parents, subject: row.subject, files: names })
    }
    return found
  }

  #matching(query: string, limit: number, end: number): { readonly row: CommitRow; readonly score: number }[] {
    const words = wordQueries(query)
    if (words === null) return []
    const found: { row: CommitRow; score: number }[] = []
    for (const { id, score } of this.#sql.matching.iterate(words.any)) {
      const row = this.#sql.commitById.get(id)
      if (row === undefined || row.position >= end) continue
      found.push({ row, score })
      if (found.length >= limit) break
    }
    return found
  }

  /** Commits of the file under this name and, before it was renamed, under those that it had: the newest first. */
  #commitsOf(path: string): ChangeRow[] {
    const seen = new Map<number, ChangeRow>()
    for (const { pathId, before } of this.#lineage(path)) {
      for (const row of this.#sql.commitsOf.all(pathId)) if (row.position <= before && !seen.has(row.commitId)) seen.set(row.commitId, row)
    }
    return [...seen.values()].sort((a, b) => b.position - a.position)
  }

  /** Names of a file, the latest first, each with the position of the commit in which it ended. */
  #lineage(path: string): { readonly pathId: number; readonly before: number }[] {
    const first = this.#sql.pathId.get(path)
    if (first === undefined) return []
    const names = [{ pathId: first.id, before: Number.MAX_SAFE_INTEGER }]
    for (const { pathId, before } of names) {
      if (names.length >= LONGEST_LINEAGE) break
      const earlier = this.#sql.cameFrom.get(pathId, before)
      if (earlier !== undefined && names.every((name) => name.pathId !== earlier.fromId)) {
        names.push({ pathId: earlier.fromId, before: earlier.position - 1 })
      }
    }
    return names
  }

  /** What a file of a commit is called now; null when it was deleted. */
  #nameNow(pathId: number, position: number): number | null {
    let [current, from] = [pathId, position]
    for (let step = 0; step < LONGEST_LINEAGE; step += 1) {
      const last = this.#lastChange(current)
      const renamed = this.#sql.renamedTo.get(current, from)
      if (renamed === undefined || (last !== undefined && last.position > renamed.position)) {
        return last === undefined || last.change === 'deleted' ? null : current
      }
      current = renamed.pathId
      from = renamed.position + 1
    }
    return null
  }

  #lastChange(pathId: number) {
    const known = this.#last.get(pathId)
    if (known !== undefined) return known
    const last = this.#sql.lastChange.get(pathId)
    this.#last.set(pathId, last)
    return last
  }

  #entry(row: CommitRow): CommitEntry {
    const files = this.#sql.filesOf.all(row.id).map(({ pathId }) => this.#path(pathId))
    const { oid: commit, subject, body, name, email, atMs, fileCount } = row
    return { commit, subject, body, author: { name, email }, atMs, files, fileCount }
  }

  #path(id: number): string {
    return this.#sql.path.get(id)?.path ?? ''
  }
}

function prepare(database: Database.Database) {
  const from = 'FROM commits c JOIN authors a ON a.id = c.author_id'
  return {
    matching: database.prepare<[string], { id: number; score: number }>(
      `SELECT rowid AS id, -rank AS score FROM commit_words WHERE commit_words MATCH ? AND rank MATCH 'bm25(3, 1)' ORDER BY rank`,
    ),
    commit: database.prepare<[string], CommitRow>(`SELECT ${COMMIT} ${from} WHERE c.oid = ?`),
    commitById: database.prepare<[number], CommitRow>(`SELECT ${COMMIT} ${from} WHERE c.id = ?`),
    recent: database.prepare<[number], CommitRow>(`SELECT ${COMMIT} ${from} ORDER BY c.position DESC LIMIT ?`),
    filesOf: database.prepare<[number], { pathId: number; change: string }>(
      'SELECT path_id AS pathId, change FROM commit_files WHERE commit_id = ?',
    ),
    commitsOf: database.prepare<[number], ChangeRow>(
      `SELECT f.commit_id AS commitId, c.position, c.file_count AS fileCount, c.author_id AS authorId, c.at_ms AS atMs
       FROM commit_files f JOIN commits c ON c.id = f.commit_id WHERE f.path_id = ?`,
    ),
    cameFrom: database.prepare<[number, number], { fromId: number; position: number }>(
      `SELECT f.from_id AS fromId, c.position FROM commit_files f JOIN commits c ON c.id = f.commit_id
       WHERE f.path_id = ? AND f.from_id IS NOT NULL AND c.position <= ? ORDER BY c.position DESC LIMIT 1`,
    ),
    renamedTo: database.prepare<[number, number], { pathId: number; position: number }>(
      `SELECT f.path_id AS pathId, c.position FROM commit_files f JOIN commits c ON c.id = f.commit_id
       WHERE f.from_id = ? AND c.position >= ? ORDER BY c.position LIMIT 1`,
    ),
    lastChange: database.prepare<[number], { change: string; position: number }>(
      `SELECT f.change, c.position FROM commit_files f JOIN commits c ON c.id = f.commit_id
       WHERE f.path_id = ? ORDER BY c.position DESC LIMIT 1`,
    ),
    pathId: database.prepare<[string], { id: number }>('SELECT id FROM paths WHERE path = ?'),
    path: database.prepare<[number], { path: string }>('SELECT path FROM paths WHERE id = ?'),
    author: database.prepare<[number], { name: string; email: string }>('SELECT name, email FROM authors WHERE id = ?'),
  }
}
