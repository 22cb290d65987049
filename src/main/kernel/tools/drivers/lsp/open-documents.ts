import { KeyframeError } from '../../../../../shared/failure'
import type { ContentHash } from '../../../../../shared/ids'
import type { ServerConnection } from './server-connection'
import type { WorkspacePaths } from './workspace-paths'

/** A file of the branch as text with the version that edits name. Throws `files.not-found`. */
export type ReadText = (path: string) => Promise<{ text: string; version: ContentHash }>

interface OpenDocument {
  number: number
  version: ContentHash
  /** The server counts U+2028 and U+2029 as line ends and this client does not: such a document is opened anew, never edited. */
  oddLines: boolean
  lastUse: number
  /** The number whose diagnostics were read, and how often files had changed around it by then. */
  judged: { readonly number: number; readonly disturbances: number } | null
}

/** More than these are closed again, the least recently used first; `keep` pins those that hold a project open. */
const MAX_OPEN = 200
const ODD_LINES = /[\u2028\u2029]/

/** The documents that one server has open, with the texts of the branch. Callers take turns: one operation at a time. */
export class OpenDocuments {
  private readonly open = new Map<string, OpenDocument>()
  private readonly pinned = new Set<string>()
  private uses = 0

  constructor(
    private readonly server: ServerConnection,
    private readonly readText: ReadText,
    private readonly names: WorkspacePaths,
    /** Throws for a file that this server does not read. */
    private readonly languageIdOf: (path: string) => string,
  ) {}

  get size(): number {
    return this.open.size
  }

  /** The number that the server knows the open text by, null when it is not open. */
  numberOf(path: string): number | null {
    return this.open.get(path)?.number ?? null
  }

  /** Diagnostics of the document as it is were read when files had changed so often. */
  judged(path: string, disturbances: number): void {
    const known = this.open.get(path)
    if (known) known.judged = { number: known.number, disturbances }
  }

  wasJudged(path: string): boolean {
    const known = this.open.get(path)
    return known !== undefined && known.judged?.number === known.number
  }

  /** How often files had changed when its diagnostics were read; null when they were not read since it was opened or edited. */
  lookedAt(path: string): number | null {
    return this.wasJudged(path) ? (this.open.get(path)?.judged?.disturbances ?? null) : null
  }

  isOpen(path: string): boolean {
    return this.open.has(path)
  }

  /** Opens the document, or brings it up to date. Throws `files.not-found` and then leaves it closed. */
  async ensure(path: string): Promise<{ text: string; version: ContentHash }> {
    try {
      const file = await this.readText(path)
      await this.set(path, file.text, file.version)
      await this.closeLeastUsed()
      return file
    } catch (error) {
      if (isNotFound(error)) await this.close(path)
      throw error
    }
  }

  async pin(path: string): Promise<void> {
    this.pinned.add(path)
    await this.ensure(path)
  }

  async unpin(path: string): Promise<void> {
    this.pinned.delete(path)
    await this.close(path)
  }

  /** Shows the server a text that is not the branch's: for edits that are rehearsed. `ensure` puts the branch's own back. */
  async set(path: string, text: string, version: ContentHash): Promise<void> {
    const languageId = this.languageIdOf(path)
    const known = this.open.get(path)
    const oddLines = ODD_LINES.test(text)
    this.uses += 1
    if (known && known.version === version) {
      known.lastUse = this.uses
      return
    }
    if (known && (oddLines || known.oddLines)) await this.close(path)
    const before = this.open.get(path)
    const number = (known?.number ?? 0) + 1
    if (before) {
      await this.server.notify('textDocument/didChange', {
        textDocument: { uri: this.names.uri(path), version: number },
        contentChanges: [{ text }],
      })
    } else {
      await this.server.notify('textDocument/didOpen', { textDocument: { uri: this.names.uri(path), languageId, version: number, text } })
    }
    this.open.set(path, { number, version, oddLines, lastUse: this.uses, judged: null })
  }

  /** Gives an open document a new number with the text that it has, so that the server looks at it again. */
  async touch(path: string, extra: Readonly<Record<string, unknown>>): Promise<void> {
    const known = this.open.get(path)
    if (!known) return
    const { text } = await this.readText(path)
    known.number += 1
    const textDocument = { uri: this.names.uri(path), version: known.number }
    await this.server.notify('textDocument/didChange', { textDocument, contentChanges: [{ text }], ...extra })
  }

  async close(path: string): Promise<void> {
    if (!this.open.delete(path)) return
    await this.server.notify('textDocument/didClose', { textDocument: { uri: this.names.uri(path) } })
  }

  private async closeLeastUsed(): Promise<void> {
    const closable = [...this.open].filter(([path]) => !this.pinned.has(path))
    if (closable.length <= MAX_OPEN) return
    closable.sort(([, a], [, b]) => a.lastUse - b.lastUse)
    for (const [path] of closable.slice(0, closable.length - MAX_OPEN)) await this.close(path)
  }
}

export function isNotFound(error: unknown): boolean {
  return error instanceof KeyframeError && error.code === 'files.not-found'
}
