import { mkdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { canonicalJson } from '../../../shared/canonical-json'
import type { JournalStatus } from '../../../shared/contract/methods'
import { KeyframeError } from '../../../shared/failure'
import { CheckpointRef, type Frame, FrameKindName, FramePayloads } from '../../../shared/frames'
import type { BranchId, ContentHash, RunId } from '../../../shared/ids'
import type { ChainFault, FrameDraft, Journal } from './journal'
import { type JournalDatabase, openJournalDatabase, readOnlyFailure, sqliteFailure } from './journal-database'
import type { Redactor } from './redaction'
import { decode, encode, hashBytes, SqliteContentStore } from './sqlite-content-store'

/** Version of every payload that is written now. Readers of older versions are added beside it, never in its place. */
const PAYLOAD_VERSION = 1

/** A journal of up to this many frames is verified whole before it is used; a longer one in the background. */
const VERIFY_AT_OPEN = 5_000

/** Frames read and checked in one turn of the event loop: some milliseconds. */
const VERIFY_AT_ONCE = 200

/** Where a verification stands in the chain of a run. */
interface ChainPosition {
  readonly runId: RunId
  n: number
  prev: string
  done: boolean
}

function chainStart(runId: RunId): ChainPosition {
  return { runId, n: 1, prev: genesis(runId), done: false }
}

interface FrameRow {
  readonly run: string
  readonly n: number
  readonly branch: string
  readonly kind: string
  readonly version: number
  readonly at_ms: number
  readonly cause: number | null
  readonly key: string | null
  readonly checkpoint: string | null
  readonly codec: number
  readonly payload: Buffer
  readonly prev: string
  readonly hash: string
}

const COLUMNS = 'run, n, branch, kind, version, at_ms, cause, key, checkpoint, codec, payload, prev, hash'

/** What the first frame of a run names as its predecessor. */
export function genesis(runId: RunId): ContentHash {
  return hashBytes(`keyframe run ${runId}`)
}

/**
 * hash(frame) = SHA-256(prev, header, SHA-256(payload text)): covers every column, so a changed byte in any of them breaks
 * the chain at that frame.
 */
function chainHash(row: Omit<FrameRow, 'hash' | 'codec' | 'payload'>, payloadText: string | Buffer): ContentHash {
  const header = canonicalJson({
    run: row.run,
    n: row.n,
    branch: row.branch,
    kind: row.kind,
    version: row.version,
    atMs: row.at_ms,
    cause: row.cause,
    key: row.key,
    checkpoint: row.checkpoint,
  })
  return hashBytes(`${row.prev}\n${header}\n${hashBytes(payloadText)}`)
}

export interface SqliteJournalOptions {
  /** Folder of the workspace's data; made when absent. */
  readonly dataDir: string
  readonly redactor: Redactor
  readonly readOnly?: boolean
}

/** Opens the journal of a workspace. A damaged one is opened read-only and says where it broke in its status. */
export function openJournal(options: SqliteJournalOptions): SqliteJournal {
  mkdirSync(options.dataDir, { recursive: true, mode: 0o700 })
  const path = join(options.dataDir, 'journal.db')
  let database: JournalDatabase | null = null
  try {
    database = openJournalDatabase(path, { readOnly: options.readOnly ?? false })
    return new SqliteJournal(database, path, options.redactor, options.dataDir)
  } catch (cause) {
    database?.close()
    const thrown = cause instanceof KeyframeError ? cause : sqliteFailure(cause, path)
    if (thrown.code !== 'journal.corrupt') throw thrown
    // Nothing of it can be read as a database: an empty one in memory stands in, so that the window can say so.
    const stand = new SqliteJournal(openJournalDatabase(':memory:'), path, options.redactor, options.dataDir)
    stand.breakAt({ runId: null, frame: null, reason: thrown.message })
    return stand
  }
}

export class SqliteJournal implements Journal {
  readonly content: SqliteContentStore
  readonly #database: JournalDatabase
  readonly #path: string
  readonly #redactor: Redactor
  readonly #listeners = new Set<(runId: RunId, frames: readonly Frame[]) => void>()
  readonly #insert
  readonly #range
  readonly #last
  #broken: JournalStatus['broken'] = null
  /** The first frame of each run that cannot be trusted. */
  readonly #faults = new Map<RunId, number>()
  #total: number
  readonly #verified: boolean

  constructor(database: JournalDatabase, path: string, redactor: Redactor, dataDir: string) {
    this.#database = database
    this.#path = path
    this.#redactor = redactor
    this.content = new SqliteContentStore(database, join(dataDir, 'contents'))
    this.#insert = database.prepare<FrameRow>(
      `INSERT INTO frames (${COLUMNS}) VALUES (@run, @n, @branch, @kind, @version, @at_ms, @cause, @key, @checkpoint, @codec, @payload, @prev, @hash)`,
    )
    this.#range = database.prepare<[string, number, number], FrameRow>(
      `SELECT ${COLUMNS} FROM frames WHERE run = ? AND n >= ? ORDER BY n LIMIT ?`,
    )
    this.#last = database.prepare<[string], { n: number; hash: string }>('SELECT n, hash FROM frames WHERE run = ? ORDER BY n DESC LIMIT 1')
    this.#total = this.#guarded(() => database.prepare<[], { total: number }>('SELECT COUNT(*) AS total FROM frames').get()?.total ?? 0, 0)
    this.#verified = this.#total <= VERIFY_AT_OPEN
    if (!this.#verified) return
    this.#checkTable()
    for (const runId of this.runs()) this.verify(runId)
  }

  get status(): JournalStatus {
    return {
      state: this.#broken === null ? 'ok' : 'read-only',
      frames: this.#total,
      sizeBytes: this.#sizeBytes(),
      broken: this.#broken,
      path: this.#path,
    }
  }

  /** From now on the journal is read-only. The first fault is kept: what it says is where to look. */
  breakAt(fault: NonNullable<JournalStatus['broken']>): void {
    const { runId, frame } = fault
    if (runId !== null && frame !== null) this.#faults.set(runId as RunId, Math.min(frame, this.#faults.get(runId as RunId) ?? frame))
    if (this.#broken !== null) return
    this.#broken = fault
    // Whatever else writes to the file (contents, settings) is refused as well: the evidence stays as it is.
    this.#database.pragma('query_only = ON')
  }

  append(runId: RunId, drafts: readonly FrameDraft[]): Frame[] {
    if (this.#broken !== null) throw readOnlyFailure(this.#path, this.#broken.reason)
    const write = this.#database.transaction(() => {
      const contents = this.content.writePending()
      const last = this.#last.get(runId)
      let n = last?.n ?? 0
      let prev = last?.hash ?? genesis(runId)
      const appended = drafts.map((draft) => {
        n += 1
        const row = this.#rowOf(runId, n, prev, draft)
        prev = row.hash
        this.#insert.run(row)
        return this.#frameOf(row)
      })
      return { appended, contents }
    })
    let frames: Frame[]
    try {
      const { appended, contents } = write.immediate()
      contents.written()
      frames = appended
    } catch (cause) {
      throw cause instanceof KeyframeError ? cause : sqliteFailure(cause, this.#path)
    }
    this.#total += frames.length
    for (const listener of this.#listeners) listener(runId, frames)
    return frames
  }

  runs(): RunId[] {
    return this.#guarded(
      () =>
        this.#database
          // A damaged index may have lost runs that the table still has.
          .prepare<[], { run: string }>(
            `SELECT run FROM frames ${this.#broken === null ? '' : 'NOT INDEXED'} WHERE n = 1 ORDER BY at_ms, run`,
          )
          .all()
          .map((row) => row.run as RunId),
      [],
    )
  }

  frames(runId: RunId, from = 1, limit = Number.MAX_SAFE_INTEGER): Frame[] {
    const end = (this.#faults.get(runId) ?? Number.MAX_SAFE_INTEGER) - 1
    const frames: Frame[] = []
    try {
      for (const row of this.#range.iterate(runId, from, Math.max(0, Math.min(limit, end - from + 1)))) frames.push(this.#frameOf(row))
    } catch (cause) {
      const frame = from + frames.length
      this.breakAt({ runId, frame, reason: unreadable(frame, cause) })
    }
    return frames
  }

  length(runId: RunId): number {
    const fault = this.#faults.get(runId)
    if (fault !== undefined) return fault - 1
    return this.#guarded(() => this.#last.get(runId)?.n ?? 0, 0)
  }

  verify(runId: RunId): ChainFault | null {
    const at = chainStart(runId)
    while (!at.done) {
      const fault = this.#findFault(at)
      if (fault === null) continue
      this.breakAt(fault)
      return fault
    }
    return null
  }

  /** Verifies what was too much at the opening, without keeping anybody waiting. Resolves with the first fault. */
  async verifyAll(signal: AbortSignal): Promise<ChainFault | null> {
    if (this.#verified) return null
    let first: ChainFault | null = null
    for (const runId of this.runs()) {
      const at = chainStart(runId)
      while (!at.done && !signal.aborted) {
        const fault = this.#findFault(at)
        if (fault !== null) {
          this.breakAt(fault)
          first ??= fault
          break
        }
        await new Promise((resume) => setImmediate(resume))
      }
    }
    return first
  }

  onAppend(listener: (runId: RunId, frames: readonly Frame[]) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  getSetting(key: string): string | null {
    const read = () => this.#database.prepare<[string], { value: string }>('SELECT value FROM settings WHERE key = ?').get(key)?.value
    return this.#guarded(read, undefined) ?? null
  }

  setSetting(key: string, value: string): void {
    if (this.#broken !== null) throw readOnlyFailure(this.#path, this.#broken.reason)
    try {
      this.#database
        .prepare('INSERT INTO settings (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value')
        .run(key, value)
    } catch (cause) {
      throw sqliteFailure(cause, this.#path)
    }
  }

  close(): void {
    this.#listeners.clear()
    this.#database.close()
  }

  /** The first fault among some frames that follow each other; `at` moves on past those that are sound. */
  #findFault(at: ChainPosition): ChainFault | null {
    const { runId } = at
    try {
      let rows = 0
      for (const row of this.#range.iterate(runId, at.n, VERIFY_AT_ONCE)) {
        rows += 1
        const fault = this.#rowFault(row, at.n, at.prev)
        if (fault !== null) return { runId, frame: at.n, reason: fault }
        at.prev = row.hash
        at.n += 1
      }
      at.done = rows < VERIFY_AT_ONCE
      return null
    } catch (cause) {
      return { runId, frame: at.n, reason: unreadable(at.n, cause) }
    }
  }

  /** What the chains cannot show: a run that is gone from an index is in no list whose frames could be checked. */
  #checkTable(): void {
    const [found] = this.#guarded(() => this.#database.prepare<[], { integrity_check: string }>('PRAGMA integrity_check(frames)').all(), [])
    if (found === undefined || found.integrity_check === 'ok') return
    this.breakAt({ runId: null, frame: null, reason: `its table of frames is damaged: ${found.integrity_check.split('\n')[0] ?? ''}` })
  }

  #rowFault(row: FrameRow, expected: number, prev: string): string | null {
    if (row.n !== expected) return `frame ${expected} is missing`
    if (row.prev !== prev) return `frame ${row.n} does not follow frame ${row.n - 1}`
    let text: Buffer
    try {
      text = decode(row.codec, row.payload)
    } catch {
      // Decompression fails only on damaged bytes; which bytes does not matter to the reader.
      return `the payload of frame ${row.n} cannot be decompressed`
    }
    if (chainHash(row, text) !== row.hash) return `frame ${row.n} does not match its hash`
    const checkpoint = row.checkpoint === null ? null : CheckpointRef.parse(JSON.parse(row.checkpoint))
    const manifest = checkpoint?.manifest ?? null
    if (manifest !== null && !this.content.has(manifest)) return `the checkpoint of frame ${row.n} has lost its files`
    return null
  }

  #rowOf(runId: RunId, n: number, prev: string, draft: FrameDraft): FrameRow {
    const payload = FramePayloads[draft.kind].parse(draft.payload)
    const text = Buffer.from(this.#redactor.redact(canonicalJson(payload)), 'utf8')
    const { codec, stored } = encode(text)
    const row = {
      run: runId,
      n,
      branch: draft.branchId,
      kind: draft.kind,
      version: PAYLOAD_VERSION,
      at_ms: draft.atMs,
      cause: draft.cause,
      key: draft.key,
      checkpoint: draft.checkpoint === null ? null : canonicalJson(draft.checkpoint),
      codec,
      payload: Buffer.from(stored.buffer, stored.byteOffset, stored.byteLength),
      prev,
    }
    return { ...row, hash: chainHash(row, text) }
  }

  #frameOf(row: FrameRow): Frame {
    const kind = FrameKindName.parse(row.kind)
    return {
      runId: row.run as RunId,
      n: row.n,
      branchId: row.branch as BranchId,
      kind,
      atMs: row.at_ms,
      cause: row.cause,
      key: row.key as ContentHash | null,
      payload: FramePayloads[kind].parse(JSON.parse(decode(row.codec, row.payload).toString('utf8'))),
      checkpoint: row.checkpoint === null ? null : CheckpointRef.parse(JSON.parse(row.checkpoint)),
      hash: row.hash as ContentHash,
    } as Frame
  }

  /** A read of a damaged page marks the journal as broken and answers with what can be said without it. */
  #guarded<T>(read: () => T, otherwise: T): T {
    try {
      return read()
    } catch (cause) {
      this.breakAt({ runId: null, frame: null, reason: sqliteFailure(cause, this.#path).message })
      return otherwise
    }
  }

  #sizeBytes(): number {
    const size = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0
    return size(this.#path) + size(`${this.#path}-wal`)
  }
}

function unreadable(frame: number, cause: unknown): string {
  return `frame ${frame} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`
}
