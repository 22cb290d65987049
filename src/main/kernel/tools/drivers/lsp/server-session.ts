import { posix } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { KeyframeError } from '../../../../../shared/failure'
import type { Sandbox } from '../../sandboxes/sandbox'
import { OpenDocuments, type ReadText, isNotFound } from './open-documents'
import { ProjectCover } from './project-cover'
import { type RequestOptions, ServerConnection, ServerDied } from './server-connection'
import { startServerProcess } from './server-process'
import { isSource, uriOf } from './workspace-paths'

const BACK_OFF_MS = [0, 250, 1000, 4000]
/** More changes than this in one go (a restore, an install): starting again is quicker and surely right. */
const MAX_CHANGES = 200

export interface Server {
  readonly connection: ServerConnection
  readonly documents: OpenDocuments
  readonly cover: ProjectCover
}

export interface SessionOptions {
  readonly sandbox: Sandbox
  readonly guestNode: string
  readonly readText: ReadText
  /** What a user should know: part of the workspace left out, a server started again. */
  readonly notice: (text: string) => void
}

/** The one language server of a branch: started at the first question, kept in step with the files, started again when it dies. */
export class ServerSession {
  private server: Server | null = null
  private turn: Promise<unknown> = Promise.resolve()
  private deathsInARow = 0
  private disposed = false

  constructor(private readonly options: SessionOptions) {}

  /**
   * Asks in turn, with every file of the workspace known to the server. A question is repeated once when the server dies, so
   * `ask` must be pure. Throws `lsp.server-died` when it dies again.
   */
  async ask<T>(options: RequestOptions, ask: (server: Server) => Promise<T>): Promise<T> {
    return this.inTurn(async () => {
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
          if (attempt > 0) throw serverDied(error)
          this.options.notice(`The language server died and is started again. ${error.message}`.slice(0, 500))
        }
      }
    })
  }

  /** Files changed on disk, by whomever. Nothing is started for it. */
  async filesChanged(paths: readonly string[]): Promise<void> {
    await this.inTurn(async () => {
      if (!this.server) return
      const relevant = [...new Set(paths)].filter(matters)
      if (relevant.length > MAX_CHANGES) return this.drop()
      try {
        if (relevant.length > 0) await this.tell(this.server, relevant)
      } catch (error) {
        if (!(error instanceof ServerDied)) throw error
        this.drop()
      }
    })
  }

  async dispose(): Promise<void> {
    this.disposed = true
    this.drop()
    await this.turn
    this.drop()
  }

  /** The server's process, if one runs; for tests that end it. */
  get running(): boolean {
    return this.server?.connection.alive ?? false
  }

  private async tell(server: Server, paths: string[]): Promise<void> {
    const changes: { uri: string; type: 1 | 2 | 3 }[] = []
    for (const path of paths) {
      const existed = server.cover.knows(path)
      const exists = await this.exists(path)
      if (!exists) await server.documents.close(path)
      else if (server.documents.isOpen(path)) await server.documents.ensure(path)
      changes.push({ uri: uriOf(path), type: exists ? (existed ? 2 : 1) : 3 })
      if (exists !== existed || !isSource(path)) server.cover.forget()
    }
    await server.connection.notify('workspace/didChangeWatchedFiles', { changes })
  }

  private async exists(path: string): Promise<boolean> {
    try {
      await this.options.readText(path)
      return true
    } catch (error) {
      if (isNotFound(error)) return false
      // Present but not text (binary, too large, a folder): for the server it exists.
      if (error instanceof KeyframeError && error.code.startsWith('files.')) return true
      throw error
    }
  }

  private async ready(options: RequestOptions): Promise<Server> {
    if (this.disposed) throw new KeyframeError({ code: 'lsp.closed', message: 'The branch of this language server is closed.' })
    if (this.server && !this.server.connection.alive) {
      this.drop()
      throw new ServerDied('It ended between two questions.')
    }
    this.server ??= await this.start(options)
    await this.server.cover.ensure(options)
    return this.server
  }

  private async start(options: RequestOptions): Promise<Server> {
    const { sandbox, guestNode, readText, notice } = this.options
    await wait(BACK_OFF_MS[Math.min(this.deathsInARow, BACK_OFF_MS.length - 1)], undefined, { signal: options.signal })
    const child = await startServerProcess(sandbox, guestNode)
    try {
      const connection = await ServerConnection.open(child, options)
      const documents = new OpenDocuments(connection, readText)
      return { connection, documents, cover: new ProjectCover(sandbox, guestNode, connection, documents, notice) }
    } catch (error) {
      child.kill()
      throw error
    }
  }

  private drop(): void {
    this.server?.connection.dispose()
    this.server = null
  }

  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.turn.then(work)
    this.turn = result.catch(() => undefined)
    return result
  }
}

/** Sources, configurations, JSON modules, and what may be a folder. */
function matters(path: string): boolean {
  return isSource(path) || posix.extname(path) === '.json' || posix.extname(path) === ''
}

function serverDied(cause: ServerDied): KeyframeError {
  return new KeyframeError(
    {
      code: 'lsp.server-died',
      message: `The language server died twice over the same question. ${cause.message}`.slice(0, 1000),
      action: 'Ask again. When it persists, the workspace may need more memory than the sandbox allows (limit maxMemoryBytes).',
      retryable: true,
    },
    { cause },
  )
}
