import { createHash } from 'node:crypto'
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { KeyframeError } from '../../../shared/failure'
import { ContentHash } from '../../../shared/ids'
import type { ContentKind, ContentStore } from './content-store'
import { type JournalDatabase, sqliteFailure } from './journal-database'

const RAW = 0
const ZSTD = 1

/** Below this, compression costs more than it saves; above the other, a file is cheaper for SQLite than a row. */
const MIN_COMPRESS_BYTES = 256
const MAX_ROW_BYTES = 128 * 1024

interface Row {
  readonly codec: number
  readonly bytes: Buffer | null
}

export function hashBytes(bytes: Uint8Array | string): ContentHash {
  return createHash('sha256').update(bytes).digest('hex') as ContentHash
}

/** `codec` and bytes as they are stored: compressed only when that makes them smaller. */
export function encode(bytes: Uint8Array): { codec: number; stored: Uint8Array } {
  if (bytes.byteLength < MIN_COMPRESS_BYTES) return { codec: RAW, stored: bytes }
  const compressed = zstdCompressSync(bytes)
  return compressed.byteLength < bytes.byteLength ? { codec: ZSTD, stored: compressed } : { codec: RAW, stored: bytes }
}

export function decode(codec: number, stored: Buffer): Buffer {
  return codec === ZSTD ? zstdDecompressSync(stored) : stored
}

/** Small content in the journal's database, large content in `filesDir/ab/cdef...`, written and fsynced before its row. */
export class SqliteContentStore implements ContentStore {
  readonly #database: JournalDatabase
  readonly #filesDir: string
  readonly #insert
  readonly #select
  readonly #present

  constructor(database: JournalDatabase, filesDir: string) {
    this.#database = database
    this.#filesDir = filesDir
    this.#insert = database.prepare<[string, string, number, number, Uint8Array | null]>(
      'INSERT OR IGNORE INTO contents (hash, kind, codec, size, bytes) VALUES (?, ?, ?, ?, ?)',
    )
    this.#select = database.prepare<[string], Row>('SELECT codec, bytes FROM contents WHERE hash = ?')
    this.#present = database.prepare<[string], { found: number }>('SELECT 1 AS found FROM contents WHERE hash = ?')
  }

  put(bytes: Uint8Array | string, kind: ContentKind): ContentHash {
    const data = typeof bytes === 'string' ? Buffer.from(bytes, 'utf8') : bytes
    const hash = hashBytes(data)
    if (this.has(hash)) return hash
    try {
      this.#write(hash, data, kind)
    } catch (cause) {
      throw sqliteFailure(cause, this.#database.name)
    }
    return hash
  }

  putAll(entries: readonly { bytes: Uint8Array; kind: ContentKind }[]): ContentHash[] {
    const all = this.#database.transaction(() => entries.map((entry) => this.put(entry.bytes, entry.kind)))
    try {
      return all.immediate()
    } catch (cause) {
      throw cause instanceof KeyframeError ? cause : sqliteFailure(cause, this.#database.name)
    }
  }

  has(hash: ContentHash): boolean {
    try {
      return this.#present.get(hash) !== undefined
    } catch (cause) {
      throw sqliteFailure(cause, this.#database.name)
    }
  }

  get(hash: ContentHash): Buffer {
    let data: Buffer
    try {
      const row = this.#select.get(hash)
      if (row === undefined) {
        throw new KeyframeError({
          code: 'content.missing',
          message: `Content ${hash} is not in the store.`,
          action: 'Run keyframe doctor to see what depends on it.',
          details: { hash },
        })
      }
      data = decode(row.codec, row.bytes ?? readFileSync(this.#fileOf(hash)))
    } catch (cause) {
      if (cause instanceof KeyframeError) throw cause
      throw this.#corrupt(hash, cause)
    }
    if (hashBytes(data) !== hash) throw this.#corrupt(hash, undefined)
    return data
  }

  #corrupt(hash: ContentHash, cause: unknown): KeyframeError {
    return new KeyframeError(
      {
        code: 'content.corrupt',
        message: `Content ${hash} in the store is damaged.`,
        action: 'What depends on it cannot be shown; everything else can. Restore the data folder from a backup.',
        details: { hash },
      },
      { cause },
    )
  }

  #write(hash: ContentHash, data: Uint8Array, kind: ContentKind): void {
    const { codec, stored } = encode(data)
    if (stored.byteLength <= MAX_ROW_BYTES) {
      this.#insert.run(hash, kind, codec, data.byteLength, stored)
      return
    }
    this.#writeFile(this.#fileOf(hash), stored)
    this.#insert.run(hash, kind, codec, data.byteLength, null)
  }

  #writeFile(path: string, stored: Uint8Array): void {
    if (existsSync(path)) return
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    const temporary = `${path}.${process.pid}`
    const descriptor = openSync(temporary, 'w', 0o600)
    try {
      let written = 0
      while (written < stored.byteLength) written += writeSync(descriptor, stored, written)
      fsyncSync(descriptor)
    } finally {
      closeSync(descriptor)
    }
    renameSync(temporary, path)
    const folder = openSync(dirname(path), 'r')
    try {
      fsyncSync(folder)
    } finally {
      closeSync(folder)
    }
  }

  #fileOf(hash: ContentHash): string {
    return join(this.#filesDir, hash.slice(0, 2), hash.slice(2))
  }
}
