import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import Database from 'better-sqlite3'

/** Raise it with every change of the tables or of what the parser extracts: an older index is made again from the files. */
const SCHEMA_VERSION = 1

/**
 * Rows of files, symbols and edges hold from `valid_from` to before `valid_to` (null: still), in versions of the index, so
 * that it can be asked as of an earlier one. Text chunks are those of now. `nodes` gives each graph key a number once and for all.
 */
const SCHEMA = `
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE nodes (id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE);
CREATE TABLE files (
  id INTEGER PRIMARY KEY, node_id INTEGER NOT NULL, path TEXT NOT NULL, hash TEXT NOT NULL, mtime_ms REAL NOT NULL, size INTEGER NOT NULL,
  facts BLOB, shape TEXT NOT NULL, unresolved INTEGER NOT NULL DEFAULT 0, unlinked INTEGER NOT NULL DEFAULT 1, problem TEXT, valid_from INTEGER NOT NULL, valid_to INTEGER);
CREATE UNIQUE INDEX files_now ON files (path) WHERE valid_to IS NULL;
CREATE INDEX files_unlinked ON files (path) WHERE unlinked = 1 AND valid_to IS NULL;
CREATE INDEX files_unresolved ON files (path) WHERE unresolved = 1 AND valid_to IS NULL;
CREATE TABLE symbols (
  id INTEGER PRIMARY KEY, node_id INTEGER NOT NULL, path TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL, name_lower TEXT NOT NULL,
  start_line INTEGER NOT NULL, end_line INTEGER NOT NULL, name_line INTEGER NOT NULL, name_column INTEGER NOT NULL,
  exported INTEGER NOT NULL, signature TEXT NOT NULL, doc TEXT NOT NULL, valid_from INTEGER NOT NULL, valid_to INTEGER);
CREATE UNIQUE INDEX symbols_now ON symbols (node_id) WHERE valid_to IS NULL;
CREATE INDEX symbols_path ON symbols (path) WHERE valid_to IS NULL;
CREATE INDEX symbols_name ON symbols (name_lower) WHERE valid_to IS NULL;
CREATE TABLE edges (
  id INTEGER PRIMARY KEY, src INTEGER NOT NULL, dst INTEGER NOT NULL, kind TEXT NOT NULL, confidence REAL NOT NULL, method TEXT NOT NULL,
  line INTEGER NOT NULL, file INTEGER NOT NULL, valid_from INTEGER NOT NULL, valid_to INTEGER);
CREATE INDEX edges_out ON edges (src) WHERE valid_to IS NULL;
CREATE INDEX edges_in ON edges (dst) WHERE valid_to IS NULL;
CREATE INDEX edges_file ON edges (file) WHERE valid_to IS NULL;
CREATE TABLE unresolved_calls (
  id INTEGER PRIMARY KEY, src INTEGER NOT NULL, name TEXT NOT NULL, line INTEGER NOT NULL, file INTEGER NOT NULL,
  valid_from INTEGER NOT NULL, valid_to INTEGER);
CREATE INDEX unresolved_src ON unresolved_calls (src) WHERE valid_to IS NULL;
CREATE INDEX unresolved_name ON unresolved_calls (name) WHERE valid_to IS NULL;
CREATE INDEX unresolved_file ON unresolved_calls (file) WHERE valid_to IS NULL;
CREATE TABLE dependencies (file INTEGER NOT NULL, used INTEGER NOT NULL, PRIMARY KEY (file, used)) WITHOUT ROWID;
CREATE INDEX dependencies_used ON dependencies (used);
CREATE TABLE chunks (id INTEGER PRIMARY KEY, path TEXT NOT NULL, symbol TEXT, start_line INTEGER NOT NULL, text TEXT NOT NULL);
CREATE INDEX chunks_path ON chunks (path);
CREATE VIRTUAL TABLE chunk_words USING fts5(name, notes, body, content='', contentless_delete=1, tokenize='porter unicode61');
CREATE VIRTUAL TABLE symbol_trigrams USING fts5(name, content='', contentless_delete=1, tokenize='trigram');
`

export const DAMAGED = 'the index was damaged; it was moved aside and made again'

export interface OpenedDatabase {
  readonly database: Database.Database
  /** Why the index was made anew; null when it was usable or did not exist. */
  readonly rebuilt: string | null
}

/**
 * Opens the index for writing, or makes an empty one: when there is none, when its schema is another, and when it is damaged; a damaged
 * file is moved aside (`.damaged`, the last one kept). Nothing is lost by that: all of it comes from the repository.
 */
export function openForWriting(path: string): OpenedDatabase {
  mkdirSync(dirname(path), { recursive: true })
  const existed = existsSync(path)
  try {
    const database = new Database(path)
    database.pragma('journal_mode = WAL')
    database.pragma('synchronous = NORMAL')
    const version = Number(database.pragma('user_version', { simple: true }))
    if (version === SCHEMA_VERSION) return { database, rebuilt: null }
    database.close()
    return {
      database: replaced(path, false),
      rebuilt: existed && version !== 0 ? `the index was of another version (${version}); it was made again` : null,
    }
  } catch (thrown) {
    if (!isDamage(thrown)) throw thrown
    return { database: replaced(path, true), rebuilt: DAMAGED }
  }
}

/** What SQLite says of a file whose content makes no sense. It may say so at any statement: nobody reads the whole file first. */
export function isDamage(thrown: unknown): boolean {
  return thrown instanceof Database.SqliteError && /^SQLITE_(?:NOTADB|CORRUPT)/.test(thrown.code)
}

/** Nobody may have it open. */
export function moveAside(path: string): void {
  for (const suffix of ['', '-wal', '-shm']) if (existsSync(path + suffix)) renameSync(path + suffix, `${path}.damaged${suffix}`)
}

function replaced(path: string, keep: boolean): Database.Database {
  if (keep) moveAside(path)
  for (const suffix of ['', '-wal', '-shm']) rmSync(path + suffix, { force: true })
  const database = new Database(path)
  database.pragma('journal_mode = WAL')
  database.pragma('synchronous = NORMAL')
  database.transaction(() => {
    database.exec(SCHEMA)
    database.pragma(`user_version = ${SCHEMA_VERSION}`)
  })()
  return database
}

/** A second connection for questions: in WAL mode it never waits for the writer. */
export function openForReading(path: string): Database.Database {
  return new Database(path, { readonly: true, fileMustExist: true })
}
