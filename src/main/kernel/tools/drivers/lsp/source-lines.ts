import type { Location } from '../../schemas/lsp'
import type { LspRange, TsSpan } from './answers'
import { isNotFound, type ReadText } from './open-documents'

const MAX_CONTEXT = 400

export interface Range {
  readonly startLine: number
  readonly startColumn: number
  readonly endLine: number
  readonly endColumn: number
}

export function rangeOfLsp(range: LspRange): Range {
  return {
    startLine: range.start.line + 1,
    startColumn: range.start.character,
    endLine: range.end.line + 1,
    endColumn: range.end.character,
  }
}

export function rangeOfTs(span: TsSpan): Range {
  return { startLine: span.start.line, startColumn: span.start.offset - 1, endLine: span.end.line, endColumn: span.end.offset - 1 }
}

/** By path, then position: answers do not depend on the order in which a server found things. */
export function inOrder<T extends Range & { readonly path: string }>(items: readonly T[]): T[] {
  return [...items].sort((a, b) => comparePaths(a.path, b.path) || comparePositions(a, b))
}

export function comparePaths(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

export function comparePositions(a: Range, b: Range): number {
  return a.startLine - b.startLine || a.startColumn - b.startColumn || a.endLine - b.endLine || a.endColumn - b.endColumn
}

/** The lines of files, each file read once. A file that is gone or not text has no lines. */
export class SourceLines {
  private readonly files = new Map<string, Promise<string[]>>()

  constructor(private readonly readText: ReadText) {}

  async locate(path: string, range: Range): Promise<Location> {
    const lines = await this.of(path)
    return { path, ...range, context: (lines[range.startLine - 1] ?? '').trim().slice(0, MAX_CONTEXT) }
  }

  private of(path: string): Promise<string[]> {
    const known = this.files.get(path)
    if (known) return known
    const lines = this.read(path)
    this.files.set(path, lines)
    return lines
  }

  private async read(path: string): Promise<string[]> {
    try {
      return (await this.readText(path)).text.split(/\r\n|\r|\n/)
    } catch (error) {
      if (isNotFound(error)) return []
      throw error
    }
  }
}
