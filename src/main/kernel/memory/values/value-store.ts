import { existsSync, mkdirSync, renameSync } from 'node:fs'
import { dirname } from 'node:path'
import Database from 'better-sqlite3'
import { KeyframeError } from '../../../../shared/failure'
import { StoredValue } from '../../../../shared/graph'

export interface ValueStoreOptions {
  /** A file of its own beside the journal; its folder is made. */
  readonly path: string
  /** Takes secrets out, as the journal's does: what is stored is shown to agents and people. */
  redact(text: string): string
}

/**
 * What agents and people keep under a name, for the workspace as a whole. Durable when a call returns. What an agent does here comes from a
 * recorded tool call, so that a replay sees what the recording saw.
 */
export interface ValueStore {
  /** What had to be given up when it was opened, for the user; null when all is there. */
  readonly problem: string | null
  get(key: string): StoredValue | null
  /** Keys that begin so, in their order, at most `limit`. */
  list(prefix: string, limit?: number): StoredValue[]
  /** Gives what is stored now. Throws `values.*` and stores nothing for what is too large or too many. */
  set(value: StoredValue): StoredValue
  /** True when there was one. */
  remove(key: string): boolean
  close(): void
}

const MOST_KEY = 256
const MOST_VALUE_BYTES = 65_536
const MOST_VALUES = 10_000
const MOST_LISTED = 1000
const LAST = '\u{10ffff}'
const CONTROL = /\p{Cc}/u
const SCHEMA = `CREATE TABLE stored (key TEXT PRIMARY KEY, value TEXT NOT NULL, updatedAtMs REAL NOT NULL, by TEXT NOT NULL, runId TEXT) STRICT, WITHOUT ROWID`
const FIELDS = 'key, value, updatedAtMs, by, runId'

export function createValueStore(options: ValueStoreOptions): ValueStore {
  return new SqliteValueStore(options)
}

class SqliteValueStore implements ValueStore {
  readonly problem: string | null
  readonly #database: Database.Database
  readonly #redact: (text: string) => string
  readonly #sql: ReturnType<typeof statements>

  constructor({ path, redact }: ValueStoreOptions) {
    mkdirSync(dirname(path), { recursive: true })
    const { database, problem } = opened(path)
    this.#database = database
    this.problem = problem
    this.#redact = redact
    this.#sql = statements(database)
  }

  get(key: string): StoredValue | null {
    const row = this.#sql.get.get(key)
    return row === undefined ? null : StoredValue.parse(row)
  }

  list(prefix: string, limit = MOST_LISTED): StoredValue[] {
    return this.#sql.list.all(prefix, prefix + LAST, Math.min(limit, MOST_LISTED)).map((row) => StoredValue.parse(row))
  }

  set(given: StoredValue): StoredValue {
    const value: StoredValue = { ...given, value: this.#redact(given.value) }
    refuseKey(value.key)
    const bytes = Buffer.byteLength(value.value)
    if (bytes > MOST_VALUE_BYTES) {
      throw new KeyframeError({
        code: 'values.too-large',
        message: `The value of "${value.key}" has ${bytes} bytes; ${MOST_VALUE_BYTES} are the most.`,
        action: 'Keep it in a file, and remember the path.',
      })
    }
    if (this.get(value.key) === null && (this.#sql.count.get() ?? 0) >= MOST_VALUES) {
      throw new KeyframeError({
        code: 'values.too-many',
        message: `${MOST_VALUES} values are stored, and no more are kept.`,
        action: 'Remove some that are no longer needed.',
      })
    }
    this.#sql.set.run(value.key, value.value, value.updatedAtMs, value.by, value.runId)
    return value
  }

  remove(key: string): boolean {
    return this.#sql.remove.run(key).changes > 0
  }

  close(): void {
    this.#database.close()
  }
}

function refuseKey(key: string): void {
  if (key !== '' && key.length <= MOST_KEY && !CONTROL.test(key)) return
  throw new KeyframeError({
    code: 'values.bad-key',
    message: 'A key has 1 to 256 characters on one line.',
    action: 'Choose a short name such as "deploy.command".',
  })
}

/** A file that cannot be read is moved aside, never deleted: nothing else holds what was in it. */
function opened(path: string): { database: Database.Database; problem: string | null } {
  try {
    return { database: open(path), problem: null }
  } catch (thrown) {
    if (!(thrown instanceof Database.SqliteError) || !/^SQLITE_(?:NOTADB|CORRUPT)/.test(thrown.code)) throw thrown
    for (const suffix of ['', '-wal', '-shm']) if (existsSync(path + suffix)) renameSync(path + suffix, `${path}.damaged${suffix}`)
    return { database: open(path), problem: `the stored values were damaged; the file was moved to ${path}.damaged and a new one begun` }
  }
}

function open(path: string): Database.Database {
  const database = new Database(path)
  try {
    database.pragma('journal_mode = WAL')
    database.pragma('synchronous = FULL')
    database.pragma('secure_delete = ON')
    if (database.prepare('SELECT 1 FROM sqlite_master WHERE name = ?').get('stored') === undefined) database.exec(SCHEMA)
    // Small by its limits: read once, so that damage is found now and not in the middle of a run.
    database.pragma('quick_check')
    database.prepare('SELECT count(*), max(length(value)) FROM stored').get()
    return database
  } catch (thrown) {
    database.close()
    throw thrown
  }
}

function statements(db: Database.Database) {
  return {
    get: db.prepare<[string], unknown>(`SELECT ${FIELDS} FROM stored WHERE key = ?`),
    list: db.prepare<[string, string, number], unknown>(`SELECT ${FIELDS} FROM stored WHERE key >= ? AND key <= ? ORDER BY key LIMIT ?`),
    set: db.prepare<[string, string, number, string, string | null]>(`INSERT OR REPLACE INTO stored (${FIELDS}) VALUES (?, ?, ?, ?, ?)`),
    remove: db.prepare<[string]>('DELETE FROM stored WHERE key = ?'),
    count: db.prepare<[], number>('SELECT count(*) FROM stored').pluck(),
  }
}
