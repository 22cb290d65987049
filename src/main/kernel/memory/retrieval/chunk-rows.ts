import type Database from 'better-sqlite3'
import { NodeKind, type SearchHit } from '../../../../shared/graph'
import type { Placed } from '../view'
import { identifierParts, searchableWords } from './identifier-words'

/** Where a chunk stands and what it is of; its text is read for those that are kept only. */
export interface ChunkPlace extends Placed {
  readonly id: number
  readonly path: string
  /** Graph key of the symbol that starts in it; null for what lies outside of any. */
  readonly symbol: string | null
  readonly kind: string | null
  readonly language: string | null
  readonly startLine: number
  readonly endLine: number
}

export const CHUNK_PLACE = `c.id, c.layer, c.file, c.path, c.symbol, c.kind, c.language, c.start_line AS startLine, c.end_line AS endLine,
  c.valid_from AS validFrom, c.valid_to AS validTo`

/** Says of a chunk whether it is asked for: seen from the view, and within the filters. */
export type Allows = (chunk: ChunkPlace) => boolean

export function readChunkText(database: Database.Database): (id: number) => string {
  const statement = database.prepare<[number], string>('SELECT text FROM chunks WHERE id = ?').pluck()
  return (id) => statement.get(id) ?? ''
}

export function kindOf(kind: string | null): NodeKind | null {
  const known = NodeKind.safeParse(kind)
  return known.success ? known.data : null
}

/** The last name of a graph key: `src/a.ts#Invoice.total` -> `total`; '' for a file's. */
export function symbolName(symbol: string | null): string {
  if (symbol === null || !symbol.includes('#')) return ''
  return symbol.slice(symbol.search(/[^.#]+$/))
}

/** True when the words of a query name this symbol: as it is, or all of its parts in any order. */
export function isNamed(symbol: string | null, typed: string, words: ReadonlySet<string>): boolean {
  const name = symbolName(symbol)
  if (name === '') return false
  const parts = identifierParts(name)
  return name.toLowerCase() === typed || (parts.length > 0 && parts.every((part) => words.has(part)))
}

const MOST_SHOWN = 400

/** One line of a chunk as a hit. */
export function lineHit(chunk: ChunkPlace, lines: readonly string[], index: number, score: number): SearchHit {
  const text = (lines[index] ?? '').trim().slice(0, MOST_SHOWN)
  return { path: chunk.path, line: chunk.startLine + index, text, symbol: chunk.symbol, score: Math.round(score * 1000) / 1000 }
}

/** The line that has most of the words; the first with most of them. */
export function bestLine(lines: readonly string[], words: ReadonlySet<string>): number {
  let best = 0
  let most = -1
  for (const [index, line] of lines.entries()) {
    let count = 0
    for (const word of new Set(searchableWords(line).split(' '))) if (words.has(word)) count += 1
    if (count > most) {
      most = count
      best = index
    }
  }
  return best
}
