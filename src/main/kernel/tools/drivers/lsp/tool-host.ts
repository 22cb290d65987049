import { KeyframeError } from '../../../../../shared/failure'
import type { ToolCallContext } from '../../driver'
import { type LspDocumentSymbol, LspDocumentSymbols, readAnswer } from './answers'
import type { ReadText } from './open-documents'
import type { ProjectCover } from './project-cover'
import { notSupported } from './server-capabilities'
import type { ServerCatalogue } from './server-catalogue'
import type { RequestOptions } from './server-connection'
import type { ServerPool } from './server-pool'
import type { Server, ServerSession } from './server-session'
import type { Range } from './source-lines'
import type { WorkspacePaths } from './workspace-paths'

export const DEFAULT_TIMEOUT_MS = 120_000

/** One question to one server. */
export interface Asking extends Server {
  readonly request: RequestOptions
  readonly session: ServerSession
  /** Reads a file once for each question. */
  readonly readText: ReadText
  readonly languageIdOf: (path: string) => string
  /** Shows the server the file as it is now. Before any request about it. */
  open(path: string): Promise<{ text: string }>
  /** Before questions about all uses of a name. */
  openMentions(name: string): Promise<void>
}

export interface TypeScriptAsking extends Asking {
  readonly cover: ProjectCover
}

export function isTypeScript(asking: Asking): asking is TypeScriptAsking {
  return asking.cover !== null
}

/** Throws `lsp.not-supported` for other languages. */
export function typeScriptOnly(asking: Asking, what: string): TypeScriptAsking {
  if (isTypeScript(asking)) return asking
  throw notSupported(asking.session.entry.title, what)
}

/** What the tools of the driver share. One per branch. */
export class LspToolHost {
  constructor(
    private readonly poolFor: (call: ToolCallContext) => ServerPool,
    readonly catalogue: ServerCatalogue,
    private readonly readFresh: ReadText,
  ) {}

  pool(call: ToolCallContext): ServerPool {
    return this.poolFor(call)
  }

  /** Asks the server that reads a file; the file is open then. */
  async ask<T>(call: ToolCallContext, path: string, work: (asking: Asking) => Promise<T>): Promise<T> {
    return this.askOf(call, path, async (asking) => {
      await asking.open(path)
      return work(asking)
    })
  }

  /** The same without opening it. */
  async askOf<T>(call: ToolCallContext, path: string, work: (asking: Asking) => Promise<T>): Promise<T> {
    const request: RequestOptions = { signal: call.signal, timeoutMs: DEFAULT_TIMEOUT_MS }
    const session = await this.poolFor(call).sessionFor(path, request)
    return session.ask(request, (server) => {
      const texts = new Map<string, ReturnType<ReadText>>()
      const readText: ReadText = (wanted) => {
        const known = texts.get(wanted)
        if (known) return known
        const text = this.readFresh(wanted)
        texts.set(wanted, text)
        return text
      }
      const languageIdOf = (wanted: string): string => this.catalogue.find(wanted)?.languageId ?? 'text'
      return work({
        ...server,
        request,
        session,
        readText,
        languageIdOf,
        open: (wanted) => session.open(server, wanted, request),
        openMentions: (name) => session.openMentions(server, name, request),
      })
    })
  }
}

/** The document's symbols as a tree. Empty where the server does not give them. */
export async function symbolsOf(asking: Asking, path: string): Promise<LspDocumentSymbol[]> {
  if (!asking.connection.capabilities.has('textDocument/documentSymbol')) return []
  const answer = await asking.connection.request(
    'textDocument/documentSymbol',
    { textDocument: textDocument(asking.paths, path) },
    asking.request,
  )
  return readAnswer(LspDocumentSymbols, answer, 'documentSymbol') ?? []
}

/** Where a declaration's name stands: the first occurrence of the word in its range, else the range's start. */
export async function findName(
  readText: ReadText,
  path: string,
  range: Range,
  name: string,
): Promise<{ nameLine: number; nameColumn: number }> {
  const lines = (await readText(path)).text.split(/\r\n|\r|\n/)
  const word = new RegExp(`(?<![\\w$])${name.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')}(?![\\w$])`, 'u')
  for (let line = range.startLine; line <= range.endLine; line++) {
    const text = lines[line - 1] ?? ''
    const from = line === range.startLine ? range.startColumn : 0
    const at = text.slice(from).search(word)
    if (at >= 0) return { nameLine: line, nameColumn: from + at }
  }
  return { nameLine: range.startLine, nameColumn: range.startColumn }
}

export function textDocument(paths: WorkspacePaths, path: string): { uri: string } {
  return { uri: paths.uri(path) }
}

export function positionParams(
  paths: WorkspacePaths,
  at: { path: string; line: number; column: number },
): { textDocument: { uri: string }; position: { line: number; character: number } } {
  return { textDocument: textDocument(paths, at.path), position: { line: at.line - 1, character: at.column } }
}

/** True for a server's own "no": a position without a symbol and the like. Anything else is a fault. */
export function isRefusal(error: unknown): boolean {
  return error instanceof KeyframeError && (error.code === 'lsp.refused' || error.code === 'lsp.not-supported')
}
