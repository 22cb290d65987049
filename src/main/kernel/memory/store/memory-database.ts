import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import Database from 'better-sqlite3'
import { SCHEMA, SCHEMA_VERSION } from './index-schema'

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
    const database = writable(path)
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

/** A filled index has random keys in a dozen trees: with SQLite's own two megabytes each insert would write a page out. */
const CACHE_KIB = 64 * 1024
const CHECKPOINT_PAGES = 8000
/** No memory map: a file that is cut short under it would end the process instead of being told as damage. */
const READ_CACHE_KIB = 48 * 1024

function writable(path: string): Database.Database {
  const database = new Database(path)
  database.pragma('journal_mode = WAL')
  database.pragma('synchronous = NORMAL')
  database.pragma(`cache_size = -${CACHE_KIB}`)
  database.pragma(`wal_autocheckpoint = ${CHECKPOINT_PAGES}`)
  return database
}

function replaced(path: string, keep: boolean): Database.Database {
  if (keep) moveAside(path)
  for (const suffix of ['', '-wal', '-shm']) rmSync(path + suffix, { force: true })
  const database = writable(path)
  database.transaction(() => {
    database.exec(SCHEMA)
    database.pragma(`user_version = ${SCHEMA_VERSION}`)
  })()
  return database
}

/** A second connection for questions: in WAL mode it never waits for the writer. */
export function openForReading(path: string): Database.Database {
  const database = new Database(path, { readonly: true, fileMustExist: true })
  database.pragma(`cache_size = -${READ_CACHE_KIB}`)
  return database
}
