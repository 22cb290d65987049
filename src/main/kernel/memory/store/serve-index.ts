import type { MessagePort } from 'node:worker_threads'
import type { Parsers } from '../code/grammar'
import { BranchPass } from './branch-pass'
import { RowCollector } from './collect-rows'
import type { FromIndexWorker, Indexed, IndexJob, IndexJobs, IndexWorkerData, ToIndexWorker } from './index-messages'
import { type IndexParts, indexParts, IndexPass } from './index-pass'
import { REPOSITORY_FILE } from './index-schema'
import { DAMAGED, isDamage, moveAside, type OpenedDatabase, openForWriting } from './memory-database'
import { firstLineOf, neededLanguages } from './needed-languages'
import { RepositoryPass } from './repository-pass'

/** The indexing thread: reads, parses, links and writes, so that the kernel's own thread only asks. The only writer of the index. */
export function serveIndex(data: IndexWorkerData, port: MessagePort, parsers: Parsers): void {
  // Nothing is made for a memory that was closed before its thread was ready.
  if (Atomics.load(new Int32Array(data.stop), 0) !== 0) {
    port.close()
    return
  }
  const server = new IndexServer(data, port, parsers)
  port.on('message', (message: ToIndexWorker) => server.heard(message))
  server.begin()
}

class IndexServer {
  readonly #port: MessagePort
  readonly #root: string
  readonly #stopping: Int32Array
  readonly #parsers: Parsers
  readonly #loaded = new Set<string>()
  readonly #life = new AbortController()
  readonly #opened: OpenedDatabase
  readonly #parts: IndexParts
  readonly #pass: IndexPass
  readonly #repository: RepositoryPass
  readonly #collector: RowCollector
  #branch: BranchPass | null = null
  #collecting: NodeJS.Immediate | null = null

  constructor({ root, databasePath, stop, entry }: IndexWorkerData, port: MessagePort, parsers: Parsers) {
    this.#port = port
    this.#root = root
    this.#stopping = new Int32Array(stop)
    this.#parsers = parsers
    const partsOf = ({ database }: OpenedDatabase): IndexParts =>
      indexParts(
        ...([root, database, parsers] as const),
        {
          stopped: () => this.#isStopped(),
          onProgress: (filesDone, files) => this.#say({ type: 'progress', filesDone, files }),
        },
        { entry, languages: () => [...this.#loaded] },
      )
    const first = openForWriting(databasePath)
    try {
      this.#parts = partsOf(first)
      this.#opened = first
    } catch (thrown) {
      if (!isDamage(thrown)) throw thrown
      first.database.close()
      moveAside(databasePath)
      this.#opened = { ...openForWriting(databasePath), rebuilt: DAMAGED }
      this.#parts = partsOf(this.#opened)
    }
    this.#pass = new IndexPass(this.#parts)
    this.#repository = new RepositoryPass(root, this.#parts.meta, this.#pass)
    this.#collector = new RowCollector(this.#opened.database)
  }

  begin(): void {
    this.#say({ type: 'ready', status: this.#pass.status(), rebuilt: this.#opened.rebuilt })
  }

  heard(message: ToIndexWorker): void {
    if (message.type === 'end') {
      this.#life.abort()
      if (this.#collecting !== null) clearImmediate(this.#collecting)
      this.#pass.dispose()
      this.#opened.database.close()
      this.#port.close()
      return
    }
    const { type, job, ...ask } = message
    void this.#work(type, job, ask as IndexJobs[typeof type]['ask'])
  }

  readonly #jobs: { readonly [Job in IndexJob]: (ask: IndexJobs[Job]['ask']) => Promise<IndexJobs[Job]['answer']> } = {
    reconcile: async ({ listed }) => {
      await this.#loadFor(listed, (path) => firstLineOf(this.#root, path))
      return this.#indexed(this.#pass.reconcile(listed))
    },
    changed: async ({ paths }) => {
      await this.#loadFor(paths, (path) => firstLineOf(this.#root, path))
      return this.#indexed(this.#pass.changed(paths))
    },
    repository: async () => {
      const paths = [...this.#parts.live.files().keys()].filter((path) => path !== REPOSITORY_FILE)
      return this.#indexed(
        await this.#repository.run(paths, this.#life.signal, (background) => this.#say({ type: 'background', background })),
      )
    },
    answered: async ({ path, hash, answers }) => this.#indexed(this.#pass.answered(path, hash, answers)),
    'branch-open': async ({ layer, state }) => {
      this.#branch = new BranchPass(this.#parts, (path) => this.#pass.marks(path), layer, state)
      return this.#branch.open()
    },
    'branch-base': async ({ entries }) => {
      this.#steps().addBase(entries)
      return null
    },
    'branch-changes': async ({ entries }) => {
      this.#steps().addChanges(entries)
      return null
    },
    'branch-plan': async () => this.#steps().plan(),
    'branch-content': async ({ files }) => {
      const contents = new Map(files.map(({ path, bytes }) => [path, bytes]))
      await this.#loadFor(
        contents.keys(),
        (path) =>
          Buffer.from(contents.get(path)?.subarray(0, 128) ?? [])
            .toString()
            .split('\n', 1)[0] ?? '',
      )
      this.#steps().addContent(files)
      return null
    },
    'branch-finish': async () => {
      const finished = this.#steps().finish()
      this.#branch = null
      return { ...finished, status: this.#pass.status() }
    },
  }

  /** Grammars take memory: only those of the files that are there. */
  async #loadFor(paths: Iterable<string>, firstLine: (path: string) => string): Promise<void> {
    const languages = neededLanguages(paths, firstLine)
    await this.#parsers.load(languages)
    for (const { id } of languages) this.#loaded.add(id)
  }

  async #work<Job extends IndexJob>(job: Job, id: number, ask: IndexJobs[Job]['ask']): Promise<void> {
    try {
      this.#say({ type: 'done', job: id, answer: await this.#jobs[job](ask) })
      this.#collector.restart()
      this.#collecting ??= setImmediate(() => this.#collect())
    } catch (thrown) {
      this.#say({ type: 'failed', job: id, reason: thrown instanceof Error ? thrown.message : String(thrown), damaged: isDamage(thrown) })
      if (this.#opened.database.open && !isDamage(thrown)) this.#pass.recover()
    }
  }

  /** A slice at a time: jobs come between. */
  #collect(): void {
    this.#collecting = null
    if (this.#isStopped() || !this.#opened.database.open) return
    try {
      if (this.#collector.slice(this.#parts.meta.live)) this.#collecting = setImmediate(() => this.#collect())
    } catch (thrown) {
      // A full disk or a damaged file is told by the next job that meets it; what could be collected stays until then.
      if (!(thrown instanceof Error && thrown.name === 'SqliteError')) throw thrown
    }
  }

  #steps(): BranchPass {
    if (this.#branch === null) throw new Error('no state of a branch is open')
    return this.#branch
  }

  #indexed(changed: boolean): Indexed {
    return { status: this.#pass.status(), changed }
  }

  #isStopped(): boolean {
    return Atomics.load(this.#stopping, 0) !== 0
  }

  #say(message: FromIndexWorker): void {
    this.#port.postMessage(message)
  }
}
