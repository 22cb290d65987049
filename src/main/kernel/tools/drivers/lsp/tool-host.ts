import type { Location } from '../../schemas/lsp'
import type { ToolCallContext } from '../../driver'
import type { LspRange } from './answers'
import type { ReadText } from './open-documents'
import type { RequestOptions } from './server-connection'
import type { Server, ServerSession } from './server-session'
import { inOrder, type Range, rangeOfLsp, SourceLines } from './source-lines'
import { pathOfUri, uriOf } from './workspace-paths'

export const DEFAULT_TIMEOUT_MS = 120_000

export interface Asking extends Server {
  readonly request: RequestOptions
}

/** What the tools of the driver share. One per branch. */
export class LspToolHost {
  private readonly texts = new Map<string, ReturnType<ReadText>>()

  constructor(
    private readonly sessionFor: (call: ToolCallContext) => ServerSession,
    private readonly readFresh: ReadText,
    private readonly notice: (text: string) => void,
  ) {}

  async ask<T>(call: ToolCallContext, work: (asking: Asking) => Promise<T>): Promise<T> {
    const request = { signal: call.signal, timeoutMs: DEFAULT_TIMEOUT_MS }
    return this.sessionFor(call).ask(request, async (server) => {
      this.texts.clear()
      try {
        return await work({ ...server, request })
      } finally {
        this.texts.clear()
      }
    })
  }

  /** Reads a file once for each question; questions of a branch are asked one after the other. */
  readonly readText: ReadText = (path) => {
    const known = this.texts.get(path)
    if (known) return known
    const text = this.readFresh(path)
    this.texts.set(path, text)
    return text
  }

  /** Locations in the workspace with their source lines, each once. What lies outside is left out, with a notice. */
  async locate(found: readonly { uri: string; range: LspRange }[]): Promise<Location[]> {
    const lines = new SourceLines(this.readText)
    const located = new Map<string, Location>()
    let outside = 0
    for (const { uri, range } of found) {
      const path = pathOfUri(uri)
      if (path === null) {
        outside += 1
        continue
      }
      const key = `${path}\0${JSON.stringify(range)}`
      if (!located.has(key)) located.set(key, await lines.locate(path, rangeOfLsp(range)))
    }
    if (outside > 0) this.notice(`${outside} location(s) outside of the workspace were left out.`)
    return inOrder([...located.values()])
  }

  /** Where a declaration's name stands: the first occurrence of the word in its range, else the range's start. */
  async findName(path: string, range: Range, name: string): Promise<{ nameLine: number; nameColumn: number }> {
    const lines = (await this.readText(path)).text.split(/\r\n|\r|\n/)
    const word = new RegExp(`(?<![\\w$])${name.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')}(?![\\w$])`, 'u')
    for (let line = range.startLine; line <= range.endLine; line++) {
      const text = lines[line - 1] ?? ''
      const from = line === range.startLine ? range.startColumn : 0
      const at = text.slice(from).search(word)
      if (at >= 0) return { nameLine: line, nameColumn: from + at }
    }
    return { nameLine: range.startLine, nameColumn: range.startColumn }
  }
}

export function textDocument(path: string): { uri: string } {
  return { uri: uriOf(path) }
}

export function positionParams(at: { path: string; line: number; column: number }): {
  textDocument: { uri: string }
  position: { line: number; character: number }
} {
  return { textDocument: textDocument(at.path), position: { line: at.line - 1, character: at.column } }
}
