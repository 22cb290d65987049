import { setTimeout as wait } from 'node:timers/promises'
import { KeyframeError } from '../../../../../shared/failure'
import type { Sandbox } from '../../sandboxes/sandbox'
import { writeCompilationDatabase } from './compilation-database'
import { isNotFound, OpenDocuments, type ReadText } from './open-documents'
import { ProjectCover } from './project-cover'
import { matcherOf, type ServerEntry } from './server-catalogue'
import { type RequestOptions, ServerConnection, ServerDied } from './server-connection'
import { discoverServer, type DiscoveryOptions, type FoundServer } from './server-discovery'
import { startServerProcess } from './server-process'
import { isSource } from './typescript-sources'
import { filesThatMention, type WorkspaceFiles } from './workspace-files'
import type { WorkspacePaths } from './workspace-paths'

/** After so many deaths without an answer in between it is not started again until files change or somebody asks for it. */
const MAX_DEATHS = 6
const MAX_INDEXING_MS = 100_000
/** Fewer than documents may be open at once, so that none of them is closed again. */
const MAX_MENTIONS = 150

/** A server that runs, with what it knows. */
export interface Server {
  readonly connection: ServerConnection
  readonly documents: OpenDocuments
  readonly paths: WorkspacePaths
  /** The projects of the TypeScript server; null for others. */
  readonly cover: ProjectCover | null
}

export interface SessionOptions extends DiscoveryOptions {
  readonly sandbox: Sandbox
  readonly entry: ServerEntry
  /** Folder of the project, relative to the workspace. */
  readonly root: string
  readonly paths: WorkspacePaths
  readonly files: WorkspaceFiles
  readonly readText: ReadText
  readonly languageIdOf: (path: string) => string
  /** How long to wait before a start, by how often the server has died in a row. */
  readonly backOffMs: readonly number[]
  /** What a user should know: part of the workspace left out, a server started again. */
  readonly notice: (text: string) => void
}

export interface FileChanged {
  readonly path: string
  readonly existed: boolean
  readonly exists: boolean
}

/** One language server of a branch: started at the first question, kept in step with the files, started again when it dies. */
export class ServerSession {
  private server: Server | null = null
  private found: FoundServer | null = null
  private turn: Promise<unknown> = Promise.resolve()
  private deathsInARow = 0
  private restartCount = 0
  private lastDeath: string | null = null
  private disposed = false
  private startedOnce = false
  private asking = 0
  private lastUseMs = performance.now()
  private readonly mentioned = new Map<string, number>()
  /** Counts up when files change under the server's open documents. */
  disturbances = 0

  constructor(private readonly options: SessionOptions) {}

  get entry(): ServerEntry {
    return this.options.entry
  }

  get root(): string {
    return this.options.root
  }

  /**
   * Asks in turn, when the server knows the workspace. A question is repeated once when the server dies, so `ask` must be pure.
   * Throws `lsp.server-died` when it dies again, `lsp.server-crashing` when it did so too often, `lsp.no-server`.
   */
  async ask<T>(options: RequestOptions, ask: (server: Server) => Promise<T>): Promise<T> {
    this.asking += 1
    try {
      return await this.inTurn(() => this.attempt(options, ask))
    } finally {
      this.asking -= 1
      this.lastUseMs = performance.now()
    }
  }

  private async attempt<T>(options: RequestOptions, ask: (server: Server) => Promise<T>): Promise<T> {
    for (let attempt = 0; ; attempt++) {
      try {
        const server = await this.ready(options)
        const answer = await ask(server)
        this.deathsInARow = 0
        return answer
      } catch (error) {
        if (this.server && !this.server.connection.alive) this.drop()
        if (!(error instanceof ServerDied)) throw error
        this.drop()
        this.deathsInARow += 1
        this.restartCount += 1
        this.lastDeath = error.message.slice(0, 500)
        if (attempt > 0) throw serverDied(this.entry, error)
        this.options.notice(`The language server for ${this.entry.language} died and is started again. ${error.message}`.slice(0, 500))
      }
    }
  }

  /** Files changed on disk, by whomever. Nothing is started for it. */
  async filesChanged(changes: readonly FileChanged[]): Promise<void> {
    await this.inTurn(async () => {
      const relevant = changes.filter(({ path }) => this.matters(path))
      if (relevant.length === 0) return
      this.deathsInARow = Math.min(this.deathsInARow, MAX_DEATHS - 1)
      if (!this.server) return
      this.disturbances += 1
      // Its database is made again, without what has gone: the index would keep that.
      const isMadeAgain = ({ path, exists }: FileChanged): boolean => this.isConfiguration(path) || (!exists && this.isSourceHere(path))
      if (this.entry.quirks.compilationDatabase === true && relevant.some(isMadeAgain)) return this.drop()
      try {
        await this.tell(this.server, relevant)
      } catch (error) {
        if (!(error instanceof ServerDied)) throw error
        this.drop()
      }
    })
  }

  /** Ends the server; the next question starts a new one, however often it has died. */
  async restart(): Promise<void> {
    await this.inTurn(() => {
      this.drop()
      this.found = null
      this.deathsInARow = 0
      return Promise.resolve()
    })
  }

  /** Ends the server when nobody waits for it. */
  endIfIdle(idleMs: number): boolean {
    if (this.asking > 0 || !this.server || performance.now() - this.lastUseMs < idleMs) return false
    this.drop()
    return true
  }

  async dispose(): Promise<void> {
    this.disposed = true
    this.drop()
    await this.turn
    this.drop()
  }

  get health(): {
    readonly state: 'not-started' | 'starting' | 'busy' | 'ready' | 'ended' | 'crashed'
    readonly version: string | null
    readonly restarts: number
    readonly pid: number | null
    readonly openDocuments: number
    readonly message: string | null
  } {
    const { server } = this
    const alive = server?.connection.alive ?? false
    const busyWith = alive ? (server?.connection.activity.busyWith ?? null) : null
    const idle = this.deathsInARow >= MAX_DEATHS ? 'crashed' : this.startedOnce ? 'ended' : this.asking > 0 ? 'starting' : 'not-started'
    return {
      state: alive ? (busyWith === null ? 'ready' : 'busy') : idle,
      version: this.found?.version ?? null,
      restarts: this.restartCount,
      pid: alive ? (server?.connection.pid ?? null) : null,
      openDocuments: alive ? (server?.documents.size ?? 0) : 0,
      message: busyWith ?? (alive ? (server?.connection.activity.trouble ?? null) : this.lastDeath),
    }
  }

  /** Brings a document up to date and, the first time, waits for what the server does on account of it. */
  async open(server: Server, path: string, options: RequestOptions): Promise<{ text: string }> {
    const file = await server.documents.ensure(path)
    if (this.entry.quirks.indexes === 'on-first-file') await this.indexed(server, options)
    return file
  }

  /**
   * Opens the files that mention a name, for servers that look no further than a project's configuration: so that references and
   * renames are whole. Repeated only when files have changed.
   */
  async openMentions(server: Server, name: string, options: RequestOptions): Promise<void> {
    const { sandbox, entry, root, notice } = this.options
    if (entry.quirks.opensMentions !== true || name === '' || this.mentioned.get(name) === this.disturbances) return
    const paths = await filesThatMention(sandbox, name, { root, patterns: entry.files.map(({ pattern }) => pattern) }, options)
    if (paths.length > MAX_MENTIONS) notice(`${name} is mentioned in ${paths.length} files: references are looked for in ${MAX_MENTIONS}.`)
    for (const path of paths.slice(0, MAX_MENTIONS)) {
      try {
        await server.documents.ensure(path)
      } catch (error) {
        // Gone since it was found, or not text.
        if (!(error instanceof KeyframeError) || !error.code.startsWith('files.')) throw error
      }
    }
    this.mentioned.set(name, this.disturbances)
  }

  private async tell(server: Server, changed: readonly FileChanged[]): Promise<void> {
    const changes: { uri: string; type: 1 | 2 | 3 }[] = []
    for (const { path, exists, existed } of changed) {
      const known = server.cover?.knows(path) ?? existed
      // A new source is in no database yet: an open one is known all the same.
      const isNewSource = this.entry.quirks.compilationDatabase === true && !existed && this.isSourceHere(path)
      if (!exists) await server.documents.close(path)
      else if (server.documents.isOpen(path) || isNewSource) await server.documents.ensure(path)
      changes.push({ uri: server.paths.uri(path), type: exists ? (known ? 2 : 1) : 3 })
      if (exists !== known || !isSource(path)) server.cover?.forget()
    }
    await server.connection.notify('workspace/didChangeWatchedFiles', { changes })
  }

  /** Its sources and configurations, what it asked to be told about, and what may be a folder. */
  private matters(path: string): boolean {
    const { paths } = this.options
    const name = path.split('/').at(-1) ?? path
    if (!name.includes('.')) return true
    if (this.isSourceHere(path) || this.isConfiguration(path)) return true
    return (this.server?.connection.watchers ?? []).some((pattern) => watches(pattern, paths)(path))
  }

  private isSourceHere(path: string): boolean {
    return this.entry.files.some(({ pattern }) => matcherOf(pattern)(path))
  }

  private isConfiguration(path: string): boolean {
    return this.entry.configurations.some((pattern) => matcherOf(pattern)(path))
  }

  private async ready(options: RequestOptions): Promise<Server> {
    if (this.disposed) throw new KeyframeError({ code: 'lsp.closed', message: 'The branch of this language server is closed.' })
    if (this.server && !this.server.connection.alive) {
      this.drop()
      throw new ServerDied('It ended between two questions.')
    }
    if (this.deathsInARow >= MAX_DEATHS) throw crashing(this.entry, this.lastDeath)
    this.server ??= await this.start(options)
    const { server } = this
    await server.cover?.ensure(options)
    if (this.entry.quirks.indexes === 'on-start') await this.indexed(server, options)
    return server
  }

  private async indexed(server: Server, options: RequestOptions): Promise<void> {
    await server.connection.activity.ended({
      beginsWithinMs: this.entry.quirks.indexingBeginsWithinMs,
      timeoutMs: Math.min(options.timeoutMs, MAX_INDEXING_MS),
      signal: options.signal,
      alive: () => server.connection.alive,
    })
    if (!server.connection.alive) throw new ServerDied('It ended while it was loading.')
  }

  private async start(options: RequestOptions): Promise<Server> {
    const { sandbox, entry, root, guestNode, readText, notice, paths, files, backOffMs } = this.options
    this.found ??= await discoverServer(sandbox, entry, this.options, options)
    await wait(backOffMs[Math.min(this.deathsInARow, backOffMs.length - 1)], undefined, { signal: options.signal })
    const more =
      entry.quirks.compilationDatabase === true
        ? [`--compile-commands-dir=${await writeCompilationDatabase({ sandbox, files, readText, paths }, options)}`]
        : []
    const { argv, isNode } = this.found
    const child = await startServerProcess(sandbox, { argv: [...argv, ...more], isNode, env: entry.env, cwd: root })
    this.startedOnce = true
    try {
      const connection = await ServerConnection.open(child, { entry, paths, root, guest: sandbox.guest }, options)
      const documents = new OpenDocuments(connection, readText, paths, this.options.languageIdOf)
      const cover = entry.language === 'typescript' ? new ProjectCover(sandbox, guestNode, connection, documents, paths, notice) : null
      return { connection, documents, paths, cover }
    } catch (error) {
      child.kill()
      throw error
    }
  }

  private drop(): void {
    this.mentioned.clear()
    this.server?.connection.dispose()
    this.server = null
  }

  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.turn.then(work)
    this.turn = result.catch(() => undefined)
    return result
  }
}

const WATCHABLE = /^[\w./*{},?@+ -]+$/
const MAX_STARS = 8

/** A server's glob, which is untrusted: only plain ones are followed, since matching an odd one can take for ever. */
function watches(pattern: string, paths: WorkspacePaths): (path: string) => boolean {
  const inside = pattern.startsWith(`${paths.dir}/`) ? pattern.slice(paths.dir.length + 1) : pattern
  if (!WATCHABLE.test(inside) || inside.startsWith('/') || (inside.match(/\*/g)?.length ?? 0) > MAX_STARS) return () => false
  return matcherOf(inside.includes('/') ? inside : `**/${inside}`)
}

/** Whether a path is there now, as text or not. */
export async function isThere(readText: ReadText, path: string): Promise<boolean> {
  try {
    await readText(path)
    return true
  } catch (error) {
    if (isNotFound(error)) return false
    // Present but not text (binary, too large, a folder): for the server it exists.
    if (error instanceof KeyframeError && error.code.startsWith('files.')) return true
    throw error
  }
}

function serverDied(entry: ServerEntry, cause: ServerDied): KeyframeError {
  return new KeyframeError(
    {
      code: 'lsp.server-died',
      message: `The language server (${entry.title}) died twice over the same question. ${cause.message}`.slice(0, 1000),
      action: 'Ask again. When it persists, the workspace may need more memory than the sandbox allows (limit maxMemoryBytes).',
      retryable: true,
    },
    { cause },
  )
}

function crashing(entry: ServerEntry, lastDeath: string | null): KeyframeError {
  return new KeyframeError({
    code: 'lsp.server-crashing',
    message: `The language server (${entry.title}) died ${MAX_DEATHS} times in a row and is not started again. ${lastDeath ?? ''}`.trim(),
    action: 'It is tried again when files change, or with lsp.restart.',
    retryable: false,
  })
}
