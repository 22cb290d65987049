import { existsSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { type AsyncSubscription, subscribe } from '@parcel/watcher'
import type Database from 'better-sqlite3'
import type { IndexStatus } from '../../../../shared/contract/methods'
import { KeyframeError, toFailure } from '../../../../shared/failure'
import type { GraphNode, GraphResult, SearchHit } from '../../../../shared/graph'
import { GraphQueries } from '../graph/graph-queries'
import { defaultWorkerUrl, IndexWorkerClient } from './index-worker-client'
import type { Memory } from '../memory'
import { DAMAGED, isDamage, moveAside, openForReading } from './memory-database'
import { TextSearch } from '../retrieval/text-search'

export interface MemoryOptions {
  /** The live repository. Read, never written. */
  readonly root: string
  /** A file of its own beside the journal; its folder is made. May be deleted at any time that nobody uses it. */
  readonly databasePath: string
  /** Tracked and unignored files, relative to the root, `/` between parts. */
  listFiles(): Promise<string[]>
  now(): number
  /** The built worker; default: `parse-worker.js` beside this module's file, or its source when run from source. */
  readonly workerUrl?: URL
}

interface Reader {
  readonly database: Database.Database
  readonly graph: GraphQueries
  readonly text: TextSearch
}

function damage(thrown: unknown): KeyframeError {
  return new KeyframeError(
    { code: 'memory.damaged', message: 'The index is damaged.', action: 'Refresh it: it is made again from the files.', retryable: true },
    { cause: thrown },
  )
}

const EMPTY: IndexStatus = { state: 'idle', version: 0, files: 0, filesDone: 0, symbols: 0, edges: 0, problems: [] }
const PROGRESS_MS = 100
const SETTLE_MS = 30
const NEVER_WATCHED = ['**/node_modules/**', '**/.git/**', '**/dist/**', '**/out/**', '**/target/**', '**/.venv/**']

export function createMemory(options: MemoryOptions): Memory {
  return new SqliteMemory(options)
}

class SqliteMemory implements Memory {
  private current: IndexStatus = EMPTY
  private readonly listeners = new Set<(status: IndexStatus) => void>()
  private readonly url: URL
  private worker: IndexWorkerClient | null = null
  private reader: Reader | null = null
  private damaged = false
  private watcher: AsyncSubscription | null = null
  private watching: Promise<void> | null = null
  private work: Promise<void> = Promise.resolve()
  private readonly touched = new Set<string>()
  private settling: NodeJS.Timeout | null = null
  private rebuilt: string | null = null
  private watchProblem: string | null = null
  private lastToldMs = 0
  private disposed = false

  constructor(private readonly options: MemoryOptions) {
    this.url = options.workerUrl ?? defaultWorkerUrl()
  }

  get status(): IndexStatus {
    return this.current
  }

  get version(): number {
    return this.current.version
  }

  async start(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    const stop = () => void this.dispose()
    signal.addEventListener('abort', stop, { once: true })
    try {
      await this.watch()
      await this.refresh()
      signal.throwIfAborted()
    } catch (thrown) {
      signal.throwIfAborted()
      throw thrown
    } finally {
      signal.removeEventListener('abort', stop)
    }
  }

  async refresh(): Promise<IndexStatus> {
    await this.enqueue(async (worker) => worker.run({ type: 'reconcile', listed: await this.options.listFiles() }))
    return this.current
  }

  find(query: string, limit: number): GraphNode[] {
    return this.ask((reader) => reader.graph.find(query, limit)) ?? []
  }

  node(id: string): GraphNode | null {
    return this.ask((reader) => reader.graph.node(id)) ?? null
  }

  neighbourhood(id: string, depth: number, limit: number): GraphResult {
    return this.ask((reader) => reader.graph.neighbourhood(id, depth, limit)) ?? { nodes: [], edges: [], truncated: false }
  }

  path(from: string, to: string, maxHops: number): GraphResult {
    return this.ask((reader) => reader.graph.path(from, to, maxHops)) ?? { nodes: [], edges: [], truncated: false }
  }

  searchText(query: string, limit: number): SearchHit[] {
    return this.ask((reader) => reader.text.search(query, limit)) ?? []
  }

  onChange(listener: (status: IndexStatus) => void): () => void {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  async dispose(): Promise<void> {
    if (this.disposed) return
    this.disposed = true
    if (this.settling !== null) clearTimeout(this.settling)
    this.listeners.clear()
    await this.unwatch()
    this.closeReader()
    await this.worker?.dispose()
  }

  /** Waits for a subscription that is under way, too: it would outlive the index. */
  private async unwatch(): Promise<void> {
    await this.watching
    try {
      await this.watcher?.unsubscribe()
    } catch (thrown) {
      // Folders that were deleted in the meantime took their watches with them: there is nothing left to end.
      this.watchProblem = `watching could not be ended (${toFailure(thrown).message})`
    }
  }

  /** Before the writer closes: the last connection folds the write-ahead log into the database, and a reader cannot. */
  private closeReader(): void {
    this.reader?.database.close()
    this.reader = null
  }

  private ask<T>(question: (reader: Reader) => T): T | null {
    if (this.reader === null) return null
    try {
      return question(this.reader)
    } catch (thrown) {
      if (!isDamage(thrown)) throw thrown
      this.damaged = true
      throw damage(thrown)
    }
  }

  /** One job after the other. A failure is told in the status as well as to whoever asked. */
  private enqueue(job: (worker: IndexWorkerClient) => Promise<{ status: IndexStatus; changed: boolean }>): Promise<void> {
    const run = this.work.then(async () => {
      this.refuseWhenDisposed()
      try {
        const worker = await this.opened()
        this.tell({ ...this.current, state: 'indexing' })
        const { status } = await job(worker).catch(async (thrown: unknown) => {
          if (!(thrown instanceof KeyframeError) || thrown.code !== 'memory.damaged') throw thrown
          this.damaged = true
          const remade = await this.opened()
          return remade.run({ type: 'reconcile', listed: await this.options.listFiles() })
        })
        this.tell(this.withNotices(status))
      } catch (thrown) {
        const { message } = toFailure(thrown)
        if (!this.disposed)
          this.tell({ ...this.current, state: 'failed', problems: [{ path: '', reason: message }, ...this.current.problems].slice(0, 100) })
        throw thrown
      }
    })
    this.work = run.catch(() => undefined)
    return run
  }

  private refuseWhenDisposed(): void {
    if (this.disposed)
      throw new KeyframeError({ code: 'memory.disposed', message: 'The index is closed.', action: 'Open the workspace again.' })
  }

  private async opened(): Promise<IndexWorkerClient> {
    // The file may have been deleted under a running kernel: both connections would go on with a ghost of it.
    if (this.damaged || (this.worker?.alive === true && !existsSync(this.options.databasePath))) {
      this.closeReader()
      await this.worker?.dispose()
      if (this.damaged) {
        moveAside(this.options.databasePath)
        this.rebuilt = DAMAGED
        this.damaged = false
      }
    }
    if (this.worker?.alive === true) return this.worker
    this.closeReader()
    const { root, databasePath } = this.options
    const worker = new IndexWorkerClient(this.url, { root, databasePath }, { onProgress: (done, files) => this.progress(done, files) })
    this.worker = worker
    const { status, rebuilt } = await worker.ready
    this.rebuilt = rebuilt ?? this.rebuilt
    const database = openForReading(databasePath)
    this.reader = { database, graph: new GraphQueries(database), text: new TextSearch(database) }
    this.current = this.withNotices({ ...status, state: 'indexing' })
    return worker
  }

  private progress(filesDone: number, files: number): void {
    this.current = { ...this.current, state: 'indexing', filesDone, files }
    const nowMs = this.options.now()
    if (nowMs - this.lastToldMs < PROGRESS_MS) return
    this.lastToldMs = nowMs
    this.tell(this.current)
  }

  private tell(status: IndexStatus): void {
    this.current = status
    for (const listener of this.listeners) listener(status)
  }

  private withNotices(status: IndexStatus): IndexStatus {
    const notices = [this.rebuilt, this.watchProblem].flatMap((reason) => (reason === null ? [] : [{ path: '', reason }]))
    return { ...status, problems: [...notices, ...status.problems].slice(0, 100) }
  }

  private async watch(): Promise<void> {
    this.watching ??= this.subscribe()
    await this.watching
  }

  private async subscribe(): Promise<void> {
    try {
      this.watcher = await subscribe(this.options.root, (error, events) => this.watched(error, events), { ignore: NEVER_WATCHED })
    } catch (thrown) {
      this.watchProblem = `changes are not watched (${toFailure(thrown).message}); refresh the index by hand`
    }
  }

  private watched(error: Error | null, events: readonly { path: string; type: 'create' | 'update' | 'delete' }[]): void {
    if (this.disposed) return
    if (error !== null) {
      this.watchProblem = `changes may have been missed (${error.message}); refresh the index by hand`
      this.touched.add('')
    }
    for (const event of events) this.touched.add(relative(this.options.root, event.path).split(sep).join('/'))
    this.settling ??= setTimeout(() => this.settle(), SETTLE_MS)
  }

  /** Known files are read again; a name that is new, or a file that is gone, asks for the whole list: it may be ignored, or a folder. */
  private settle(): void {
    this.settling = null
    const paths = [...this.touched]
    this.touched.clear()
    const known = paths.every((path) => path !== '' && this.node(path) !== null && existsSync(join(this.options.root, path)))
    const job = known
      ? this.enqueue((worker) => worker.run({ type: 'changed', paths }))
      : this.enqueue(async (worker) => worker.run({ type: 'reconcile', listed: await this.options.listFiles() }))
    // Told in the status by enqueue.
    job.catch(() => undefined)
  }
}
