import { existsSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { type AsyncSubscription, subscribe } from '@parcel/watcher'
import type { IndexStatus } from '../../../../shared/contract/methods'
import { KeyframeError, toFailure } from '../../../../shared/failure'
import type { FlowResult, GraphNode, GraphResult, GraphSummary, GraphTable, HybridResult, SearchHit } from '../../../../shared/graph'
import { GraphReader } from '../graph/graph-reader'
import type { Memory, MemoryReader, SearchOptions } from '../memory'
import type { FilesAtPoint } from '../points'
import { createHybridSearch, DEFAULT_WEIGHTS, type HybridParts } from '../retrieval/hybrid-search'
import { TextSearch } from '../retrieval/text-search'
import type { AnsweredCall, CallIndex, FileWithOpenCalls } from '../upgrade/open-calls'
import { LIVE, type View } from '../view'
import { bringToState } from './bring-to-state'
import { type Connection, readersOf } from './index-connection'
import type { Indexed } from './index-messages'
import { defaultWorkerUrl, IndexWorkerClient } from './index-worker-client'
import { DAMAGED, isDamage, moveAside, openForReading } from './memory-database'
import { OpenCallReader } from './open-call-reader'

export interface MemoryOptions {
  /** The live repository. Read, never written. */
  readonly root: string
  /** A file of its own beside the journal; its folder is made. May be deleted at any time that nobody uses it. */
  readonly databasePath: string
  /** Tracked and unignored files, relative to the root, `/` between parts. */
  listFiles(): Promise<string[]>
  now(): number
  /** What hybrid search fuses beside the index itself; default: nothing else, with the usual weights. */
  readonly retrieval?: Omit<HybridParts, 'database' | 'now'>
  /** The built worker; default: `parse-worker.js` beside this module's file, or its source when run from source. */
  readonly workerUrl?: URL
}

/** Files of one pass. */
const RENEWED_AFTER = 2000

function damage(thrown: unknown): KeyframeError {
  return new KeyframeError(
    { code: 'memory.damaged', message: 'The index is damaged.', action: 'Refresh it: it is made again from the files.', retryable: true },
    { cause: thrown },
  )
}

const EMPTY: IndexStatus = {
  ...{ state: 'idle', version: 0, files: 0, filesDone: 0, symbols: 0, edges: 0, problems: [], skipped: [], languages: [], sizeBytes: 0 },
  background: null,
}
const NOTHING = { nodes: [], edges: [], truncated: false }
const PROGRESS_MS = 100
const HEAR_MS = 2000
/** The watcher itself waits for the end of a burst. */
const SETTLE_MS = 5
const NEVER_WATCHED = ['node_modules', '.git', '.venv']
/** What builds fill, as a rule: watched only where the repository has files in a folder of that name. */
const SELDOM_WATCHED = ['dist', 'out', 'target', 'build', 'vendor', 'venv', '.gradle']
const SELDOM_IN_PATH = new RegExp(`(?:^|/)(${SELDOM_WATCHED.join('|').replaceAll('.', String.raw`\.`)})/`)

export function createMemory(options: MemoryOptions): Memory & CallIndex {
  return new SqliteMemory(options)
}

class SqliteMemory implements Memory, CallIndex {
  private current: IndexStatus = EMPTY
  private readonly listeners = new Set<(status: IndexStatus) => void>()
  private readonly url: URL
  private worker: IndexWorkerClient | null = null
  private connection: Connection | null = null
  private damaged = false
  private watcher: AsyncSubscription | null = null
  private watching: Promise<void> | null = null
  private work: Promise<void> = Promise.resolve()
  private readonly touched = new Set<string>()
  private settling: NodeJS.Timeout | null = null
  private rebuilt: string | null = null
  private watchProblem: string | null = null
  private lastToldMs = 0
  private filesOfPass = 0
  private disposing: Promise<void> | null = null
  private readonly states = new Map<string, Promise<View>>()
  private hearing: Promise<void> | null = null
  private hearAgain = false
  private heard = false
  private hearingSoon: NodeJS.Timeout | null = null

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
    await this.index(async (worker) => worker.run('reconcile', { listed: await this.options.listFiles() }))
    return this.current
  }

  async at(point: FilesAtPoint | null, readable?: (path: string) => boolean): Promise<MemoryReader> {
    this.refuseWhenDisposed()
    const view = await this.viewAt(point)
    return readable === undefined ? new ViewReader(this, view) : new ViewReader(this, this.restricted(view, readable))
  }

  private async viewAt(point: FilesAtPoint | null): Promise<View> {
    if (point === null) return LIVE
    const known = this.knownState(point)
    if (known !== null) return known
    const key = `${point.layer}\n${point.state}`
    const running = this.states.get(key) ?? this.indexState(point).finally(() => this.states.delete(key))
    this.states.set(key, running)
    return running
  }

  /** The same without the files that whoever asks may not read. */
  private restricted(view: View, readable: (path: string) => boolean): View {
    const own: View = { ...view, readable }
    if (this.connection !== null) this.viewsOf.set(own, this.connection)
    return own
  }

  find(query: string, limit: number): GraphNode[] {
    return this.ask(LIVE, ({ graph }) => graph.find(query, limit)) ?? []
  }

  node(id: string): GraphNode | null {
    return this.ask(LIVE, ({ graph }) => graph.node(id))
  }

  neighbourhood(id: string, depth: number, limit: number): GraphResult {
    return this.ask(LIVE, ({ graph }) => graph.neighbourhood(id, depth, limit)) ?? NOTHING
  }

  path(from: string, to: string, maxHops: number): GraphResult {
    return this.ask(LIVE, ({ graph }) => graph.path(from, to, maxHops)) ?? NOTHING
  }

  flow(name: string, from: string | null, to: string | null, maxHops: number): FlowResult {
    return this.ask(LIVE, ({ graph }) => graph.flow(name, from, to, maxHops)) ?? { ways: [], ...NOTHING }
  }

  query(cypher: string, limit: number): GraphTable {
    return this.ask(LIVE, ({ graph }) => graph.query(cypher, limit)) ?? { columns: [], rows: [], ...NOTHING, limit: null, durationMs: 0 }
  }

  summary(): GraphSummary {
    return this.ask(LIVE, ({ graph }) => graph.summary()) ?? { nodes: [], edges: [] }
  }

  searchText(query: string, limit: number): SearchHit[] {
    return this.ask(LIVE, ({ text }) => text.search(query, limit)) ?? []
  }

  search(query: string, options: SearchOptions): Promise<HybridResult> {
    return this.searchAt(LIVE, query, options)
  }

  openCalls(languages: readonly string[], limit: number, after: string): FileWithOpenCalls[] {
    return this.connection?.openCalls.files(languages, limit, after) ?? []
  }

  openCallCount(languages: readonly string[]): number {
    return this.connection?.openCalls.count(languages) ?? 0
  }

  /** Behind the jobs that are waiting, and without a word of it in the status but for what became another. */
  answered({ path, hash }: FileWithOpenCalls, answers: readonly AnsweredCall[]): Promise<void> {
    const run = this.work.then(async () => {
      this.refuseWhenDisposed()
      const { status, changed } = await (await this.opened()).run('answered', { path, hash, answers })
      if (changed) this.tell({ ...this.withNotices(status), state: this.current.state, background: this.current.background })
    })
    this.work = run.catch(() => undefined)
    return run
  }

  onChange(listener: (status: IndexStatus) => void): () => void {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  /** Whoever calls it again waits for the same end. */
  dispose(): Promise<void> {
    this.disposing ??= this.close()
    return this.disposing
  }

  /** Null before the index was opened. Throws `memory.damaged`. */
  ask<T>(view: View, question: (readers: { graph: GraphReader; text: TextSearch }) => T): T | null {
    const { connection } = this
    if (connection === null) return null
    try {
      return question(readersOf(connection, view))
    } catch (thrown) {
      if (!isDamage(thrown)) throw thrown
      this.damaged = true
      throw damage(thrown)
    }
  }

  async searchAt(view: View, query: string, options: SearchOptions): Promise<HybridResult> {
    const { connection } = this
    if (connection === null) return { hits: [], lists: [], truncated: false, durationMs: 0 }
    try {
      return await connection.hybrid.search(query, options, view)
    } catch (thrown) {
      if (!isDamage(thrown)) throw thrown
      this.damaged = true
      throw damage(thrown)
    }
  }

  /** An index that is made again in the meantime has other numbers: its views are others. */
  isCurrent(view: View): boolean {
    return view.layers === LIVE.layers || (this.connection !== null && this.viewsOf.get(view) === this.connection)
  }

  private readonly viewsOf = new WeakMap<View, Connection>()

  private knownState(point: FilesAtPoint): View | null {
    const found = this.connection?.state.get(point.layer, point.state)
    return found === undefined ? null : this.viewOf(found)
  }

  private viewOf(state: { layer: number; version: number; baseVersion: number }): View {
    const { layer, version, baseVersion } = state
    const view: View = {
      layers: [
        { layer, version },
        { layer: 0, version: baseVersion },
      ],
    }
    if (this.connection !== null) this.viewsOf.set(view, this.connection)
    return view
  }

  private async indexState(point: FilesAtPoint): Promise<View> {
    if (this.connection === null || (this.connection.live.get() ?? '0') === '0') {
      throw new KeyframeError({
        code: 'memory.not-ready',
        message: 'The repository is still being indexed for the first time.',
        action: 'Ask again when the index is complete; its progress is in the status bar.',
        retryable: true,
      })
    }
    let view: View | null = null
    await this.enqueue(async (worker) => {
      // Another call may have brought it there while this one waited.
      const known = this.knownState(point)
      if (known !== null) {
        view = known
        return null
      }
      const { status, ...state } = await bringToState(worker, point)
      view = this.viewOf(state)
      return status
    })
    if (view === null) throw new Error('a state was indexed without a view')
    return view
  }

  private async close(): Promise<void> {
    if (this.settling !== null) clearTimeout(this.settling)
    if (this.hearingSoon !== null) clearTimeout(this.hearingSoon)
    this.listeners.clear()
    await this.unwatch()
    this.closeConnection()
    await this.worker?.dispose()
    // A job that was on its way to open the index again has seen by then that it is closed.
    await this.work
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
  private closeConnection(): void {
    this.connection?.database.close()
    this.connection = null
  }

  /** Brings the live repository in step, then asks what is known of it as a whole. */
  private async index(job: (worker: IndexWorkerClient) => Promise<Indexed>): Promise<void> {
    let changed = false
    await this.enqueue(async (worker) => {
      const done = await job(worker).catch(async (thrown: unknown) => {
        if (!(thrown instanceof KeyframeError) || thrown.code !== 'memory.damaged') throw thrown
        this.damaged = true
        const remade = await this.opened()
        return remade.run('reconcile', { listed: await this.options.listFiles() })
      })
      changed = done.changed
      return done.status
    })
    if (changed && this.filesOfPass >= RENEWED_AFTER) this.renew()
    else if (changed || !this.heard) this.hearSoon()
  }

  /** A long pass leaves a thread that holds the memory of the largest trees that it has seen: a new one takes its place. */
  private renew(): void {
    this.filesOfPass = 0
    const renewed = this.enqueue(async () => {
      this.closeConnection()
      await this.worker?.dispose()
      await this.opened()
      return null
    })
    renewed.then(
      () => this.hearSoon(),
      // Told in the status by enqueue; the next job opens it again.
      () => undefined,
    )
  }

  /** At once the first time; then when no more changes come for a while: it looks at the whole repository. */
  private hearSoon(): void {
    if (!this.heard) {
      this.heard = true
      this.hear()
      return
    }
    if (this.hearingSoon !== null) clearTimeout(this.hearingSoon)
    this.hearingSoon = setTimeout(() => {
      this.hearingSoon = null
      this.hear()
    }, HEAR_MS)
  }

  /** Behind the jobs; what fails is told in the status, and the next change asks again. */
  private hear(): void {
    if (this.hearing !== null) {
      this.hearAgain = true
      return
    }
    const { worker } = this
    if (worker === null || !worker.alive || this.disposing !== null) return
    this.hearing = worker
      .run('repository', {})
      .then(
        ({ status, changed }) => {
          if (changed && this.disposing === null) this.tell({ ...this.withNotices(status), state: this.current.state })
        },
        (thrown: unknown) => {
          if (this.disposing !== null) return
          const reason = `what is known of the repository as a whole could not be read (${toFailure(thrown).message})`
          this.tell({ ...this.current, problems: [{ path: '', reason }, ...this.current.problems].slice(0, 100) })
        },
      )
      .finally(() => {
        this.hearing = null
        if (this.hearAgain) {
          this.hearAgain = false
          this.hear()
        }
      })
  }

  /** One job after the other. A failure is told in the status as well as to whoever asked. */
  private enqueue(job: (worker: IndexWorkerClient) => Promise<IndexStatus | null>): Promise<void> {
    const run = this.work.then(async () => {
      this.refuseWhenDisposed()
      try {
        const worker = await this.opened()
        this.tell({ ...this.current, state: 'indexing' })
        const status = await job(worker)
        this.tell(
          status === null ? { ...this.current, state: 'idle' } : this.withNotices({ ...status, background: this.current.background }),
        )
      } catch (thrown) {
        const { message } = toFailure(thrown)
        if (this.disposing === null)
          this.tell({ ...this.current, state: 'failed', problems: [{ path: '', reason: message }, ...this.current.problems].slice(0, 100) })
        throw thrown
      }
    })
    this.work = run.catch(() => undefined)
    return run
  }

  private refuseWhenDisposed(): void {
    if (this.disposing !== null)
      throw new KeyframeError({ code: 'memory.disposed', message: 'The index is closed.', action: 'Open the workspace again.' })
  }

  private async opened(): Promise<IndexWorkerClient> {
    // The file may have been deleted under a running kernel: both connections would go on with a ghost of it.
    if (this.damaged || (this.worker?.alive === true && !existsSync(this.options.databasePath))) {
      this.closeConnection()
      await this.worker?.dispose()
      if (this.damaged) {
        moveAside(this.options.databasePath)
        this.rebuilt = DAMAGED
        this.damaged = false
      }
    }
    if (this.worker?.alive === true) return this.worker
    this.closeConnection()
    // Closed while it waited: a new thread would make the file again.
    this.refuseWhenDisposed()
    const { root, databasePath } = this.options
    const worker = new IndexWorkerClient(
      this.url,
      { root, databasePath },
      { onProgress: (done, files) => this.progress(done, files), onBackground: (background) => this.tell({ ...this.current, background }) },
    )
    this.worker = worker
    const { status, rebuilt } = await worker.ready
    this.refuseWhenDisposed()
    this.rebuilt = rebuilt ?? this.rebuilt
    this.connection = this.connect()
    this.current = this.withNotices({ ...status, state: 'indexing' })
    return worker
  }

  private connect(): Connection {
    const database = openForReading(this.options.databasePath)
    const retrieval = this.options.retrieval ?? { vectors: null, history: null, episodes: null, weights: () => DEFAULT_WEIGHTS }
    return {
      database,
      hybrid: createHybridSearch({ ...retrieval, database, now: () => this.options.now() }),
      openCalls: new OpenCallReader(database),
      views: new Map(),
      restricted: new WeakMap(),
      state: database.prepare(
        `SELECT l.id AS layer, s.version, l.base_version AS baseVersion FROM layers l JOIN states s ON s.layer = l.id
         WHERE l.name = ? AND s.name = ?`,
      ),
      live: database.prepare<[], string>("SELECT value FROM meta WHERE key = 'live'").pluck(),
    }
  }

  private progress(filesDone: number, files: number): void {
    this.current = { ...this.current, state: 'indexing', filesDone, files }
    this.filesOfPass = filesDone
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
      const listed = await this.options.listFiles()
      const used = new Set(listed.map((path) => SELDOM_IN_PATH.exec(path)?.[1]))
      const unused = SELDOM_WATCHED.filter((name) => !used.has(name))
      const ignore = [...NEVER_WATCHED, ...unused].map((name) => `**/${name}/**`)
      if (this.disposing !== null) return
      this.watcher = await subscribe(this.options.root, (error, events) => this.watched(error, events), { ignore })
    } catch (thrown) {
      this.watchProblem = `changes are not watched (${toFailure(thrown).message}); refresh the index by hand`
    }
  }

  private watched(error: Error | null, events: readonly { path: string; type: 'create' | 'update' | 'delete' }[]): void {
    if (this.disposing !== null) return
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
    const job = this.index(async (worker) =>
      known ? worker.run('changed', { paths }) : worker.run('reconcile', { listed: await this.options.listFiles() }),
    )
    // Told in the status by enqueue.
    job.catch(() => undefined)
  }
}

/** The index as of one state of a branch. */
class ViewReader implements MemoryReader {
  constructor(
    private readonly memory: SqliteMemory,
    private readonly view: View,
  ) {}

  find(query: string, limit: number): GraphNode[] {
    return this.ask(({ graph }) => graph.find(query, limit))
  }

  node(id: string): GraphNode | null {
    return this.ask(({ graph }) => graph.node(id))
  }

  neighbourhood(id: string, depth: number, limit: number): GraphResult {
    return this.ask(({ graph }) => graph.neighbourhood(id, depth, limit))
  }

  path(from: string, to: string, maxHops: number): GraphResult {
    return this.ask(({ graph }) => graph.path(from, to, maxHops))
  }

  flow(name: string, from: string | null, to: string | null, maxHops: number): FlowResult {
    return this.ask(({ graph }) => graph.flow(name, from, to, maxHops))
  }

  query(cypher: string, limit: number): GraphTable {
    return this.ask(({ graph }) => graph.query(cypher, limit))
  }

  summary(): GraphSummary {
    return this.ask(({ graph }) => graph.summary())
  }

  searchText(query: string, limit: number): SearchHit[] {
    return this.ask(({ text }) => text.search(query, limit))
  }

  search(query: string, options: SearchOptions): Promise<HybridResult> {
    return this.memory.searchAt(this.checked(), query, options)
  }

  private ask<T>(question: (readers: { graph: GraphReader; text: TextSearch }) => T): T {
    const answer = this.memory.ask(this.checked(), (readers) => ({ answer: question(readers) }))
    if (answer === null) throw notReady('The index is not open yet.')
    return answer.answer
  }

  private checked(): View {
    if (this.memory.isCurrent(this.view)) return this.view
    throw notReady('The index was closed or made again since this state was asked for.')
  }
}

function notReady(message: string): KeyframeError {
  return new KeyframeError({ code: 'memory.not-ready', message, action: 'Ask again in a moment.', retryable: true })
}
