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
const LARGEST_CHUNK = 16 * 1024

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
  // The result keeps the chunk that it was written into: one of its own size, not of the default 16 KiB.
  const compressed = zstdCompressSync(bytes, { chunkSize: Math.min(bytes.byteLength, LARGEST_CHUNK) })
  return compressed.byteLength < bytes.byteLength ? { codec: ZSTD, stored: compressed } : { codec: RAW, stored: bytes }
}

export function decode(codec: number, stored: Buffer): Buffer {
  return codec === ZSTD ? zstdDecompressSync(stored) : stored
}

/** Contents that wait for the next frame's transaction; beyond this they get one of their own. */
const MAX_PENDING_BYTES = 8 * 1024 * 1024

/** Contents read lately, verified once: what the context manager and the window ask for again and again. */
const MAX_CACHED_BYTES = 32 * 1024 * 1024

interface Pending {
  readonly kind: ContentKind
  readonly codec: number
  readonly size: number
  /** Null: in a file. */
  readonly stored: Uint8Array | null
}

/**
 * Small content in the journal's database, large content in `filesDir/ab/cdef...`, written and fsynced before its row. What
 * is put becomes durable with the next frame: the journal writes it in the frame's own transaction, so that a frame and the
 * content it names cost one sync and are never apart.
 */
export class SqliteContentStore implements ContentStore {
  readonly #database: JournalDatabase
  readonly #filesDir: string
  readonly #insert
  readonly #select
  readonly #present
  readonly #pending = new Map<ContentHash, Pending>()
  #pendingBytes = 0
  /** In the order of last use, oldest first. */
  readonly #cache = new Map<ContentHash, Buffer>()
  #cachedBytes = 0

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
    if (!this.has(hash)) this.addAll([{ hash, bytes: data, kind }])
    return hash
  }

  addAll(entries: readonly { readonly hash: ContentHash; readonly bytes: Uint8Array; readonly kind: ContentKind }[]): void {
    try {
      for (const { hash, bytes, kind } of entries) {
        this.#hold(hash, bytes, kind)
        if (this.#pendingBytes > MAX_PENDING_BYTES) this.flush()
      }
    } catch (cause) {
      throw cause instanceof KeyframeError ? cause : sqliteFailure(cause, this.#database.name)
    }
  }

  /** Writes what waits, inside the caller's transaction. It counts as written when `written` is called after the commit. */
  writePending(): { written(): void } {
    const hashes = [...this.#pending.keys()]
    for (const [hash, { kind, codec, size, stored }] of this.#pending) this.#insert.run(hash, kind, codec, size, stored)
    return {
      written: () => {
        for (const hash of hashes) this.#pending.delete(hash)
        this.#pendingBytes = 0
        for (const { stored } of this.#pending.values()) this.#pendingBytes += stored?.byteLength ?? 0
      },
    }
  }

  /** Writes what waits in a transaction of its own. */
  flush(): void {
    if (this.#pending.size === 0) return
    const write = this.#database.transaction(() => this.writePending())
    try {
      write.immediate().written()
    } catch (cause) {
      throw sqliteFailure(cause, this.#database.name)
    }
  }

  has(hash: ContentHash): boolean {
    if (this.#pending.has(hash)) return true
    try {
      return this.#present.get(hash) !== undefined
    } catch (cause) {
      throw sqliteFailure(cause, this.#database.name)
    }
  }

  get(hash: ContentHash): Buffer {
    const cached = this.#cache.get(hash)
    if (cached !== undefined) {
      this.#cache.delete(hash)
      this.#cache.set(hash, cached)
      return cached
    }
    let data: Buffer
    try {
      const row = this.#rowOf(hash)
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
    this.#remember(hash, data)
    return data
  }

  #rowOf(hash: ContentHash): Row | undefined {
    const pending = this.#pending.get(hash)
    if (pending === undefined) return this.#select.get(hash)
    const { codec, stored } = pending
    return { codec, bytes: stored === null ? null : Buffer.from(stored.buffer, stored.byteOffset, stored.byteLength) }
  }

  #remember(hash: ContentHash, data: Buffer): void {
    this.#cache.set(hash, data)
    this.#cachedBytes += data.byteLength
    for (const [oldest, { byteLength }] of this.#cache) {
      if (this.#cachedBytes <= MAX_CACHED_BYTES) return
      this.#cache.delete(oldest)
      this.#cachedBytes -= byteLength
    }
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

  #hold(hash: ContentHash, data: Uint8Array, kind: ContentKind): void {
    const { codec, stored } = encode(data)
    const inRow = stored.byteLength <= MAX_ROW_BYTES
    if (!inRow) this.#writeFile(this.#fileOf(hash), stored)
    // A copy of what is the caller's: it may go on writing into its buffer.
    const kept = stored === data ? new Uint8Array(stored) : stored
    this.#pending.set(hash, { kind, codec, size: data.byteLength, stored: inRow ? kept : null })
    if (inRow) this.#pendingBytes += stored.byteLength
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
