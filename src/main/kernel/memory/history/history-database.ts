import { existsSync, mkdirSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import Database from 'better-sqlite3'

/** Raise it with every change of the tables or of what is read of a commit: an older history is read again. */
const SCHEMA_VERSION = 1

/**
 * `position` counts from the oldest commit that is kept, a parent always before its children. Merges have no rows in
 * `commit_files`, and neither have the last commits of a shallow clone, which stand for everything before them. `from_id` is the path that a
 * file was renamed from.
 */
const SCHEMA = `
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE authors (id INTEGER PRIMARY KEY, email TEXT NOT NULL UNIQUE, name TEXT NOT NULL);
CREATE TABLE paths (id INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE);
CREATE TABLE commits (
  id INTEGER PRIMARY KEY, oid TEXT NOT NULL UNIQUE, parents TEXT NOT NULL, author_id INTEGER NOT NULL, at_ms INTEGER NOT NULL,
  subject TEXT NOT NULL, body TEXT NOT NULL, file_count INTEGER NOT NULL, position INTEGER NOT NULL);
CREATE INDEX commits_position ON commits (position);
CREATE TABLE commit_files (
  commit_id INTEGER NOT NULL, path_id INTEGER NOT NULL, change TEXT NOT NULL, from_id INTEGER, PRIMARY KEY (commit_id, path_id)) WITHOUT ROWID;
CREATE INDEX commit_files_path ON commit_files (path_id);
CREATE INDEX commit_files_from ON commit_files (from_id) WHERE from_id IS NOT NULL;
CREATE VIRTUAL TABLE commit_words USING fts5(subject, body, content='', contentless_delete=1, tokenize='porter unicode61');
`

/**
 * Opens the database or makes an empty one: when there is none, when it is of another version, and when it is damaged. Nothing is lost by
 * that, since all of it comes from the repository.
 */
export function openHistoryDatabase(path: string): Database.Database {
  mkdirSync(dirname(path), { recursive: true })
  if (existsSync(path)) {
    const opened = openUsable(path)
    if (opened !== null) return opened
    for (const suffix of ['', '-wal', '-shm']) rmSync(path + suffix, { force: true })
  }
  const database = configured(new Database(path))
  database.transaction(() => {
    database.exec(SCHEMA)
    database.pragma(`user_version = ${SCHEMA_VERSION}`)
  })()
  return database
}

function openUsable(path: string): Database.Database | null {
  let database: Database.Database | null = null
  try {
    database = configured(new Database(path))
    if (Number(database.pragma('user_version', { simple: true })) === SCHEMA_VERSION && isWhole(database)) return database
  } catch (thrown) {
    if (!isDamage(thrown)) {
      database?.close()
      throw thrown
    }
  }
  database?.close()
  return null
}

function isWhole(database: Database.Database): boolean {
  return database.pragma('quick_check(1)', { simple: true }) === 'ok'
}

export function isDamage(thrown: unknown): boolean {
  return thrown instanceof Database.SqliteError && /^SQLITE_(?:NOTADB|CORRUPT)/.test(thrown.code)
}

function configured(database: Database.Database): Database.Database {
  database.pragma('journal_mode = WAL')
  database.pragma('synchronous = NORMAL')
  database.pragma('busy_timeout = 5000')
  return database
}
