import { mkdirSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { setImmediate as breathe } from 'node:timers/promises'
import Database from 'better-sqlite3'
import { z } from 'zod'
import { Episode } from '../../../../shared/graph'
import type { FrameKind } from '../../../../shared/frames'
import type { RunId } from '../../../../shared/ids'
import type { Journal } from '../../journal/journal'
import type { EpisodeSearch } from '../retrieval/hybrid-search'
import { searchableWords, wordQueries } from '../retrieval/identifier-words'
import { EpisodeReader } from './extract-episodes'

export interface EpisodeStoreOptions {
  /** A file of its own beside the journal; may be deleted at any time that nobody uses it. */
  readonly path: string
  readonly journal: Pick<Journal, 'runs' | 'frames' | 'length' | 'onAppend'>
}

/** What runs of this workspace taught. All of it comes from the journal, so it is made again when it is missing or damaged. */
export interface EpisodeStore extends EpisodeSearch {
  /** Reads what the journal has more than is known here, a little at a time; resolves when all is read. */
  refresh(signal?: AbortSignal): Promise<void>
  /** Reads one run again and stores what it taught. */
  record(runId: RunId): Promise<void>
  /** Best first; for a query without words, the newest first. */
  search(query: string, sign: 'positive' | 'negative' | 'any', limit: number): Episode[]
  close(): void
}

/** Raise it with every change of the tables or of what is extracted. */
const VERSION = 1
const SCHEMA = `
CREATE TABLE read_runs (run TEXT PRIMARY KEY, frames INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE episodes (
  rowid INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, run TEXT NOT NULL, at_ms REAL NOT NULL, sign TEXT NOT NULL, episode TEXT NOT NULL);
CREATE INDEX episodes_run ON episodes (run);
CREATE INDEX episodes_at ON episodes (at_ms);
CREATE VIRTUAL TABLE episode_words USING fts5(title, task, paths, text, content='', contentless_delete=1, tokenize='porter unicode61');
`
const PAGE = 300
const SETTLE_MS = 500
/** Frames after which there may be something new to learn. */
const TEACHING: ReadonlySet<FrameKind> = new Set([
  'tool.outcome',
  'error',
  'human.answer',
  'judge.verdict',
  'merge.outcome',
  'speculate.outcome',
  'run.ended',
])

export function createEpisodeStore(options: EpisodeStoreOptions): EpisodeStore {
  return new SqliteEpisodeStore(options)
}

class SqliteEpisodeStore implements EpisodeStore {
  readonly #journal: EpisodeStoreOptions['journal']
  readonly #database: Database.Database
  readonly #sql: ReturnType<typeof statements>
  readonly #unsubscribe: () => void
  readonly #touched = new Set<RunId>()
  /** Runs that are going on are read on from where they were; the others are forgotten again. */
  readonly #readers = new Map<RunId, { reader: EpisodeReader; frames: number }>()
  #settling: NodeJS.Timeout | null = null
  #work: Promise<void> = Promise.resolve()
  #closed = false

  constructor({ path, journal }: EpisodeStoreOptions) {
    mkdirSync(dirname(path), { recursive: true })
    this.#journal = journal
    this.#database = opened(path)
    this.#sql = statements(this.#database)
    this.#unsubscribe = journal.onAppend((runId, frames) => {
      if (!frames.some((frame) => TEACHING.has(frame.kind))) return
      this.#touched.add(runId)
      this.#settling ??= setTimeout(() => this.#settle(), SETTLE_MS).unref()
    })
  }

  async refresh(signal?: AbortSignal): Promise<void> {
    for (const runId of this.#journal.runs()) {
      signal?.throwIfAborted()
      if (this.#journal.length(runId) > (this.#sql.framesRead.get(runId) ?? 0)) await this.record(runId)
    }
  }

  /** One run after the other. */
  record(runId: RunId): Promise<void> {
    const done = this.#work.then(() => this.#read(runId))
    this.#work = done.catch(() => undefined)
    return done
  }

  search(query: string, sign: 'positive' | 'negative' | 'any', limit: number): Episode[] {
    const words = wordQueries(query)
    const rows = words === null ? this.#sql.newest.all(sign, sign, limit) : this.#sql.matching.all(words.any, sign, sign, limit)
    return rows.map((row) => Episode.parse(JSON.parse(row)))
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#unsubscribe()
    if (this.#settling !== null) clearTimeout(this.#settling)
    this.#database.close()
  }

  #settle(): void {
    this.#settling = null
    const runs = [...this.#touched]
    this.#touched.clear()
    for (const runId of runs) {
      // The journal is the truth: what could not be stored now is read again with the next frame, or at the next start.
      this.record(runId).catch(() => this.#readers.delete(runId))
    }
  }

  async #read(runId: RunId): Promise<void> {
    const known = this.#readers.get(runId) ?? { reader: new EpisodeReader(), frames: 0 }
    this.#readers.set(runId, known)
    for (;;) {
      if (this.#closed) return
      const page = this.#journal.frames(runId, known.frames + 1, PAGE)
      for (const frame of page) {
        known.reader.read(frame)
        known.frames = frame.n
        if (frame.kind === 'run.ended') this.#readers.delete(runId)
      }
      if (page.length < PAGE) break
      await breathe()
    }
    if (!this.#closed) this.#store(runId, known.reader.episodes, known.frames)
  }

  #store(runId: RunId, episodes: readonly Episode[], frames: number): void {
    this.#database.transaction(() => {
      for (const rowid of this.#sql.rowsOf.all(runId)) this.#sql.dropWords.run(rowid)
      this.#sql.dropRun.run(runId)
      for (const episode of episodes) {
        const { lastInsertRowid } = this.#sql.add.run(episode.id, runId, episode.atMs, episode.sign, JSON.stringify(episode))
        const { title, task, paths, text } = episode
        this.#sql.addWords.run(lastInsertRowid, ...([title, task, paths.join(' '), text] as const).map(searchableWords))
      }
      this.#sql.setRead.run(runId, frames)
    })()
  }
}

function opened(path: string): Database.Database {
  try {
    const database = openOrMake(path)
    if (database !== null) return database
  } catch (thrown) {
    if (!(thrown instanceof Database.SqliteError) || !/^SQLITE_(?:NOTADB|CORRUPT)/.test(thrown.code)) throw thrown
  }
  // Another version, or damaged: nothing in it that the journal does not have.
  for (const suffix of ['', '-wal', '-shm']) rmSync(path + suffix, { force: true })
  return openOrMake(path) ?? new Database(path)
}

/** Null for a file of another version. */
function openOrMake(path: string): Database.Database | null {
  const database = new Database(path)
  try {
    database.pragma('journal_mode = WAL')
    database.pragma('synchronous = NORMAL')
    const version = Number(database.pragma('user_version', { simple: true }))
    if (version === VERSION) {
      z.number().parse(database.prepare('SELECT count(*) FROM episodes').pluck().get())
      return database
    }
    if (version === 0 && database.prepare('SELECT 1 FROM sqlite_master LIMIT 1').get() === undefined) {
      database.transaction(() => {
        database.exec(SCHEMA)
        database.pragma(`user_version = ${VERSION}`)
      })()
      return database
    }
    database.close()
    return null
  } catch (thrown) {
    database.close()
    throw thrown
  }
}

function statements(db: Database.Database) {
  return {
    framesRead: db.prepare<[string], number>('SELECT frames FROM read_runs WHERE run = ?').pluck(),
    setRead: db.prepare<[string, number]>('INSERT OR REPLACE INTO read_runs (run, frames) VALUES (?, ?)'),
    rowsOf: db.prepare<[string], number>('SELECT rowid FROM episodes WHERE run = ?').pluck(),
    dropRun: db.prepare<[string]>('DELETE FROM episodes WHERE run = ?'),
    dropWords: db.prepare<[number]>('DELETE FROM episode_words WHERE rowid = ?'),
    add: db.prepare<[string, string, number, string, string]>(
      'INSERT INTO episodes (id, run, at_ms, sign, episode) VALUES (?, ?, ?, ?, ?)',
    ),
    addWords: db.prepare('INSERT INTO episode_words (rowid, title, task, paths, text) VALUES (?, ?, ?, ?, ?)'),
    newest: db
      .prepare<[string, string, number], string>(
        "SELECT episode FROM episodes WHERE ? = 'any' OR sign = ? ORDER BY at_ms DESC, rowid DESC LIMIT ?",
      )
      .pluck(),
    matching: db
      .prepare<[string, string, string, number], string>(
        `SELECT e.episode FROM episode_words w CROSS JOIN episodes e ON e.rowid = w.rowid
         WHERE w.episode_words MATCH ? AND w.rank MATCH 'bm25(4, 3, 2, 1)' AND (? = 'any' OR e.sign = ?) ORDER BY w.rank LIMIT ?`,
      )
      .pluck(),
  }
}
