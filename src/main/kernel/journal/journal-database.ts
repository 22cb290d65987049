import Database from 'better-sqlite3'
import { KeyframeError } from '../../../shared/failure'

/** Schema changes, oldest first; `user_version` counts those that were applied. Never edit one that was released. */
const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE frames (
    run        TEXT    NOT NULL,
    n          INTEGER NOT NULL,
    branch     TEXT    NOT NULL,
    kind       TEXT    NOT NULL,
    version    INTEGER NOT NULL,
    at_ms      REAL    NOT NULL,
    cause      INTEGER,
    key        TEXT,
    checkpoint TEXT,
    codec      INTEGER NOT NULL,
    payload    BLOB    NOT NULL,
    prev       TEXT    NOT NULL,
    hash       TEXT    NOT NULL,
    UNIQUE (run, n)
  ) STRICT;
  CREATE INDEX frames_first ON frames (at_ms) WHERE n = 1;
  CREATE TABLE contents (
    hash  TEXT    PRIMARY KEY,
    kind  TEXT    NOT NULL,
    codec INTEGER NOT NULL,
    size  INTEGER NOT NULL,
    bytes BLOB
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE settings (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
  `,
]

export type JournalDatabase = Database.Database

/**
 * Opens the journal's file: WAL, `synchronous=FULL`, so that what a commit acknowledged survives a power cut.
 * Throws `journal.newer` for a file of a later version of Keyframe, `journal.corrupt` when SQLite cannot read it.
 */
export function openJournalDatabase(path: string, options: { readOnly?: boolean } = {}): JournalDatabase {
  let database: JournalDatabase | undefined
  try {
    database = new Database(path, { readonly: options.readOnly ?? false })
    if (options.readOnly !== true) {
      database.pragma('journal_mode = WAL')
      database.pragma('synchronous = FULL')
      // No stale copies of rows in free space: what is in the file is what is in the journal.
      database.pragma('secure_delete = ON')
    }
    database.pragma('foreign_keys = ON')
    database.pragma('cache_size = -16384')
    migrate(database, options.readOnly ?? false)
    return database
  } catch (cause) {
    database?.close()
    if (cause instanceof KeyframeError) throw cause
    throw sqliteFailure(cause, path)
  }
}

function migrate(database: JournalDatabase, readOnly: boolean): void {
  const version = Number(database.pragma('user_version', { simple: true }))
  if (version > MIGRATIONS.length) {
    throw new KeyframeError({
      code: 'journal.newer',
      message: `The journal was written by a newer Keyframe (schema ${version}, this one knows ${MIGRATIONS.length}).`,
      action: 'Start the newer version, or set KEYFRAME_HOME to another folder.',
    })
  }
  if (version < 0 || (version === 0 && hasTables(database))) throw corrupt(database.name, `its schema is ${version}`)
  if (readOnly) return
  for (let next = version; next < MIGRATIONS.length; next += 1) {
    const apply = database.transaction(() => {
      database.exec(MIGRATIONS[next] ?? '')
      database.pragma(`user_version = ${next + 1}`)
    })
    apply.immediate()
  }
}

export function readOnlyFailure(path: string, reason: string): KeyframeError {
  return new KeyframeError({
    code: 'journal.read-only',
    message: `The journal is damaged (${reason}) and is open for reading only.`,
    action: `Nothing in it was deleted. To work on, move ${path} away and open the workspace again.`,
  })
}

/** The failure that a thrown SQLite error stands for. */
export function sqliteFailure(cause: unknown, path: string): KeyframeError {
  const code = cause instanceof Database.SqliteError ? cause.code : ''
  if (code.startsWith('SQLITE_FULL') || code.startsWith('SQLITE_IOERR')) {
    return new KeyframeError(
      {
        code: 'journal.disk-full',
        message: `The journal ${path} could not be written (${code}): nothing that was acknowledged is lost.`,
        action: 'Free some disk space, then resume the run.',
        retryable: true,
      },
      { cause },
    )
  }
  if (code.startsWith('SQLITE_READONLY')) return readOnlyFailure(path, cause instanceof Error ? cause.message : code)
  // SQLITE_ERROR: statements that are right for this schema do not fit it, so what tells the schema is damaged.
  if (code.startsWith('SQLITE_CORRUPT') || code === 'SQLITE_NOTADB' || code === 'SQLITE_ERROR') {
    return corrupt(path, cause instanceof Error ? cause.message : code, cause)
  }
  return new KeyframeError(
    {
      code: 'journal.failed',
      message: `The journal ${path} failed: ${cause instanceof Error ? cause.message : String(cause)}`,
      action: 'Check that the folder exists and can be written.',
    },
    { cause },
  )
}

function hasTables(database: JournalDatabase): boolean {
  return database.prepare("SELECT 1 FROM sqlite_master WHERE type = 'table' LIMIT 1").get() !== undefined
}

function corrupt(path: string, reason: string, cause?: unknown): KeyframeError {
  return new KeyframeError(
    {
      code: 'journal.corrupt',
      message: `The journal ${path} is damaged (${reason}).`,
      action:
        'It is opened read-only and nothing in it is deleted. Copy the folder for safety; to work on, move it away and open the workspace again.',
    },
    { cause },
  )
}
