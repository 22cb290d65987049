import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import Database from 'better-sqlite3'
import { inverseNorm, type QuantisedVector, signBits } from './quantised-vector'

/** What vectors are comparable within. `knows` decides how they are searched, not whether they are comparable. */
export interface VectorSpace {
  readonly provider: string
  readonly model: string
  readonly dimensions: number
  readonly knows: 'spelling' | 'meaning'
}

export interface StoredVector {
  readonly id: number
  readonly hash: Uint8Array
}

export const DAMAGED_VECTORS = 'the vectors were damaged; they were moved aside and are made again'
const VERSION = 1
/**
 * A file of its own beside the index, so that a new index costs no embeddings. `hash` is that of a chunk of the index: text that did not change is
 * never embedded twice. `bits` (signs) only for models, whose vectors are searched by them first.
 */
const SCHEMA = `
CREATE TABLE spaces (id INTEGER PRIMARY KEY, provider TEXT NOT NULL, model TEXT NOT NULL, dimensions INTEGER NOT NULL,
  UNIQUE (provider, model, dimensions));
CREATE TABLE vectors (id INTEGER PRIMARY KEY, space INTEGER NOT NULL, hash BLOB NOT NULL, ints BLOB NOT NULL, bits BLOB, UNIQUE (space, hash));
`

/** The vectors on disk. One connection, the worker's. What is damaged is moved aside and made again: it costs embeddings, and nothing else. */
export class VectorDatabase {
  /** Why it was made anew; null when it was usable, or new. */
  readonly rebuilt: string | null
  readonly #database: Database.Database
  readonly #sql: ReturnType<typeof statements>

  /** `instead`: why this one takes the place of another. */
  constructor(path: string, instead: string | null = null) {
    mkdirSync(dirname(path), { recursive: true })
    const opened = open(path)
    this.#database = opened.database
    this.rebuilt = instead ?? opened.rebuilt
    this.#sql = statements(opened.database)
  }

  spaceId(space: VectorSpace): number {
    const { provider, model, dimensions } = space
    return (
      this.#sql.findSpace.get(provider, model, dimensions) ?? Number(this.#sql.addSpace.run(provider, model, dimensions).lastInsertRowid)
    )
  }

  has(space: number, hash: Uint8Array): boolean {
    return this.#sql.has.get(space, hash) !== undefined
  }

  count(space: number): number {
    return this.#sql.count.get(space) ?? 0
  }

  /** All or none. Gives the ids of those that were not there. */
  add(space: number, knows: VectorSpace['knows'], vectors: readonly { hash: Uint8Array; vector: QuantisedVector }[]): number[] {
    return this.#database.transaction(() =>
      vectors.map(({ hash, vector }) => {
        const bits = knows === 'meaning' ? bytesOf(signBits(vector.ints)) : null
        const { changes, lastInsertRowid } = this.#sql.add.run(space, hash, bytesOf(vector.ints), bits)
        return changes === 0 ? -1 : Number(lastInsertRowid)
      }),
    )()
  }

  /** Each vector of a space once, in the order of ids. */
  *vectors(space: number): Generator<{ id: number; vector: QuantisedVector }> {
    for (const { id, ints } of this.#sql.all.iterate(space)) yield { id, vector: vectorOf(ints) }
  }

  *bits(space: number): Generator<{ id: number; bits: Uint32Array }> {
    for (const { id, bits } of this.#sql.allBits.iterate(space)) yield { id, bits: wordsOf(bits) }
  }

  vector(id: number): QuantisedVector | null {
    const ints = this.#sql.one.get(id)
    return ints === undefined ? null : vectorOf(ints)
  }

  hash(id: number): Uint8Array | null {
    return this.#sql.hash.get(id) ?? null
  }

  /** After `id`, of every space. */
  page(id: number, count: number): StoredVector[] {
    return this.#sql.page.all(id, count)
  }

  total(): number {
    return this.#sql.total.get() ?? 0
  }

  remove(ids: readonly number[]): void {
    this.#database.transaction(() => {
      for (const id of ids) this.#sql.remove.run(id)
    })()
  }

  close(): void {
    this.#database.close()
  }
}

/** What SQLite says of a file whose content makes no sense. */
export function isVectorDamage(thrown: unknown): boolean {
  return thrown instanceof Database.SqliteError && /^SQLITE_(?:NOTADB|CORRUPT)/.test(thrown.code)
}

export function moveVectorsAside(path: string): void {
  for (const suffix of ['', '-wal', '-shm']) if (existsSync(path + suffix)) renameSync(path + suffix, `${path}.damaged${suffix}`)
}

function open(path: string): { database: Database.Database; rebuilt: string | null } {
  try {
    const database = new Database(path)
    database.pragma('journal_mode = WAL')
    // Embeddings of a moment before a power cut can be made again.
    database.pragma('synchronous = NORMAL')
    const version = Number(database.pragma('user_version', { simple: true }))
    if (version === VERSION) return { database, rebuilt: null }
    if (version === 0 && database.prepare('SELECT 1 FROM sqlite_master LIMIT 1').get() === undefined)
      return { database: made(database), rebuilt: null }
    database.close()
    for (const suffix of ['', '-wal', '-shm']) rmSync(path + suffix, { force: true })
    return { database: fresh(path), rebuilt: `the vectors were of another version (${version}); they are made again` }
  } catch (thrown) {
    if (!isVectorDamage(thrown)) throw thrown
    moveVectorsAside(path)
    return { database: fresh(path), rebuilt: DAMAGED_VECTORS }
  }
}

function fresh(path: string): Database.Database {
  const database = new Database(path)
  database.pragma('journal_mode = WAL')
  database.pragma('synchronous = NORMAL')
  return made(database)
}

function made(database: Database.Database): Database.Database {
  database.transaction(() => {
    database.exec(SCHEMA)
    database.pragma(`user_version = ${VERSION}`)
  })()
  return database
}

function bytesOf(values: Int8Array | Uint32Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
}

function vectorOf(bytes: Uint8Array): QuantisedVector {
  const ints = new Int8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return { ints, inverseNorm: inverseNorm(ints) }
}

/** Copied: words of 32 bits have to begin at a multiple of four. */
function wordsOf(bytes: Uint8Array): Uint32Array {
  return new Uint32Array(bytes.slice().buffer)
}

function statements(db: Database.Database) {
  return {
    findSpace: db
      .prepare<[string, string, number], number>('SELECT id FROM spaces WHERE provider = ? AND model = ? AND dimensions = ?')
      .pluck(),
    addSpace: db.prepare<[string, string, number]>('INSERT INTO spaces (provider, model, dimensions) VALUES (?, ?, ?)'),
    has: db.prepare<[number, Uint8Array], number>('SELECT 1 FROM vectors WHERE space = ? AND hash = ?').pluck(),
    count: db.prepare<[number], number>('SELECT count(*) FROM vectors WHERE space = ?').pluck(),
    add: db.prepare<[number, Uint8Array, Uint8Array, Uint8Array | null]>(
      'INSERT OR IGNORE INTO vectors (space, hash, ints, bits) VALUES (?, ?, ?, ?)',
    ),
    all: db.prepare<[number], { id: number; ints: Buffer }>('SELECT id, ints FROM vectors WHERE space = ?'),
    allBits: db.prepare<[number], { id: number; bits: Buffer }>('SELECT id, bits FROM vectors WHERE space = ? AND bits IS NOT NULL'),
    one: db.prepare<[number], Buffer>('SELECT ints FROM vectors WHERE id = ?').pluck(),
    hash: db.prepare<[number], Buffer>('SELECT hash FROM vectors WHERE id = ?').pluck(),
    page: db.prepare<[number, number], StoredVector>('SELECT id, hash FROM vectors WHERE id > ? ORDER BY id LIMIT ?'),
    total: db.prepare<[], number>('SELECT count(*) FROM vectors').pluck(),
    remove: db.prepare<[number]>('DELETE FROM vectors WHERE id = ?'),
  }
}
