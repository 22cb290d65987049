import { freemem, totalmem } from 'node:os'
import type { Sandbox } from '../../sandboxes/sandbox'
import type { ReadText } from './open-documents'
import type { ServerCatalogue, ServerEntry } from './server-catalogue'
import type { RequestOptions } from './server-connection'
import type { DiscoveryOptions } from './server-discovery'
import { type FileChanged, isThere, ServerSession } from './server-session'
import { WorkspaceFiles } from './workspace-files'
import { WorkspacePaths } from './workspace-paths'

/** More changes than this in one go (a restore, an install): starting again is quicker and surely right. */
const MAX_CHANGES = 200
const IDLE_MS = 10 * 60_000
const IDLE_CHECK_MS = 60_000
/** Below this share of free memory, servers that nobody has used for long are ended. */
const LOW_MEMORY = 0.15

export interface PoolOptions extends DiscoveryOptions {
  readonly sandbox: Sandbox
  readonly catalogue: ServerCatalogue
  readonly readText: ReadText
  readonly backOffMs: readonly number[]
  readonly notice: (text: string) => void
}

/** The servers of one branch: one for each language and project, started when first asked. */
export class ServerPool {
  readonly paths: WorkspacePaths
  readonly files: WorkspaceFiles
  private readonly byKey = new Map<string, ServerSession>()
  private readonly idleTimer: NodeJS.Timeout

  constructor(private readonly options: PoolOptions) {
    this.paths = new WorkspacePaths(options.sandbox.guest.workspace)
    this.files = new WorkspaceFiles(options.sandbox, options.readText)
    this.idleTimer = setInterval(() => this.endIdle(freemem() / totalmem()), IDLE_CHECK_MS)
    this.idleTimer.unref()
  }

  get sessions(): readonly ServerSession[] {
    return [...this.byKey.values()]
  }

  /** The server that reads a file. Throws `lsp.bad-path`, `lsp.unsupported-file`. */
  async sessionFor(path: string, request: RequestOptions): Promise<ServerSession> {
    this.paths.inside(path)
    const { entry } = this.options.catalogue.of(path)
    return this.session(entry, await this.files.rootOf(path, entry.roots, request))
  }

  /** Ends servers that were not used for long when memory is short; `freeShare` is the part of the memory that is free. */
  endIdle(freeShare: number, idleMs = IDLE_MS): void {
    if (freeShare >= LOW_MEMORY) return
    for (const session of this.byKey.values()) {
      if (session.endIfIdle(idleMs)) {
        this.options.notice(
          `Memory is short: the idle language server for ${session.entry.language} was ended. It starts again when needed.`,
        )
      }
    }
  }

  async filesChanged(paths: readonly string[]): Promise<void> {
    if (this.byKey.size === 0) return this.files.forget()
    const unique = [...new Set(paths)]
    if (unique.length > MAX_CHANGES) {
      this.files.forget()
      await this.restart(null)
      return
    }
    const changes: FileChanged[] = []
    for (const path of unique) {
      const existed = await this.files.knew(path)
      const exists = await isThere(this.options.readText, path)
      await this.files.changed(path, exists)
      changes.push({ path, existed, exists })
    }
    for (const session of this.byKey.values()) await session.filesChanged(changes)
  }

  /** Ends the servers of a language, or all; they start again when asked. How many there were. */
  async restart(language: string | null): Promise<number> {
    const named = this.sessions.filter((session) => language === null || session.entry.language === language)
    for (const session of named) await session.restart()
    return named.length
  }

  async dispose(): Promise<void> {
    clearInterval(this.idleTimer)
    await Promise.all(this.sessions.map((session) => session.dispose()))
  }

  private session(entry: ServerEntry, root: string): ServerSession {
    const key = `${entry.language}\0${root}`
    const known = this.byKey.get(key)
    if (known) return known
    const session = new ServerSession({
      ...this.options,
      entry,
      root,
      paths: this.paths,
      files: this.files,
      languageIdOf: (path) => this.options.catalogue.of(path).languageId,
    })
    this.byKey.set(key, session)
    return session
  }
}
