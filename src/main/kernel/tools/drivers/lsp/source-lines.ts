import type { LspRange, TsSpan } from './answers'

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

/** Names of `SymbolKind`, from 1. */
const SYMBOL_KINDS =
  'file module namespace package class method property field constructor enum interface function variable constant string number boolean array object key null enum-member struct event operator type-parameter'.split(
    ' ',
  )

export function symbolKindName(kind: number): string {
  return SYMBOL_KINDS[kind - 1] ?? 'symbol'
}

const NAME_AT = /[\p{ID_Continue}$]*$/u
const NAME_FROM = /^[\p{ID_Continue}$]*/u

/** The identifier at a position, empty where there is none. */
export function nameAt(text: string, at: { line: number; column: number }): string {
  const line = text.split(/\r\n|\r|\n/)[at.line - 1] ?? ''
  return (NAME_AT.exec(line.slice(0, at.column))?.[0] ?? '') + (NAME_FROM.exec(line.slice(at.column))?.[0] ?? '')
}
