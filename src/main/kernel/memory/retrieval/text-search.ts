import type Database from 'better-sqlite3'
import type { SearchHit } from '../../../../shared/graph'
import { identifierParts, searchableWords, wordQueries } from './identifier-words'

interface ChunkRow {
  readonly path: string
  readonly symbol: string | null
  readonly startLine: number
  readonly text: string
  readonly rank: number
}

/** Weights of name, notes and body, measured on two repositories: see the findings on retrieval. */
const WORDS = `SELECT c.path, c.symbol, c.start_line AS startLine, c.text, best.rank AS rank
  FROM (SELECT rowid, rank FROM chunk_words WHERE chunk_words MATCH ? AND rank MATCH 'bm25(6, 2, 1)' ORDER BY rank LIMIT ?) best
  JOIN chunks c ON c.id = best.rowid`
const TEST_PATH = /(?:^|\/)(?:tests?|__tests__|spec|fixtures)\/|\.(?:test|spec)\./
const TEST_PENALTY = 0.8
const LITERAL_BOOST = 3
const DEFINITION_BOOST = 1.5
const LINES_A_CHUNK = 3
/** Chunks with every word of the query that make it needless to look for chunks with some of them. */
const ENOUGH = 5

/** Text search over pieces of files; every hit is a line. */
export class TextSearch {
  private readonly words: Database.Statement<[string, number], ChunkRow>

  constructor(database: Database.Database) {
    this.words = database.prepare<[string, number], ChunkRow>(WORDS)
  }

  /** Best first. A chunk gives up to three lines when it has the query as it was typed, otherwise the line that has most of its words. */
  search(query: string, limit: number): SearchHit[] {
    const words = wordQueries(query)
    if (words === null) return []
    const typed = query.trim().toLowerCase()
    const parts = new Set(searchableWords(query).split(' '))
    const most = Math.max(40, limit * 3)
    // Common words match thousands of chunks, and ranking them is what takes time: only when too few have all of the words.
    const all = this.words.all(words.all, most)
    const chunks = all.length >= Math.min(limit, ENOUGH) ? all : this.words.all(words.any, most)
    const hits = chunks.flatMap((chunk) => this.hitsOf(chunk, typed, parts))
    return hits.sort((a, b) => b.score - a.score || (a.path < b.path ? -1 : a.path > b.path ? 1 : a.line - b.line)).slice(0, limit)
  }

  private hitsOf(chunk: ChunkRow, typed: string, parts: ReadonlySet<string>): SearchHit[] {
    const lines = chunk.text.split('\n')
    const literal = lines.flatMap((line, index) => (line.toLowerCase().includes(typed) ? [index] : []))
    const symbolName = chunk.symbol?.slice(chunk.symbol.search(/[^.#]+$/)) ?? ''
    const defines =
      symbolName !== '' && (symbolName.toLowerCase() === typed || identifierParts(symbolName).every((part) => parts.has(part)))
    const score =
      -chunk.rank *
      (literal.length > 0 ? LITERAL_BOOST : 1) *
      (defines ? DEFINITION_BOOST : 1) *
      (TEST_PATH.test(chunk.path) ? TEST_PENALTY : 1)
    const shown = literal.length > 0 ? literal.slice(0, LINES_A_CHUNK) : [bestLine(lines, parts)]
    return shown.map((index, place) => ({
      path: chunk.path,
      line: chunk.startLine + index,
      text: (lines[index] ?? '').trim().slice(0, 400),
      symbol: chunk.symbol,
      score: Math.round(score * 0.9 ** place * 1000) / 1000,
    }))
  }
}

function bestLine(lines: readonly string[], parts: ReadonlySet<string>): number {
  let best = 0
  let most = -1
  for (const [index, line] of lines.entries()) {
    let count = 0
    for (const word of new Set(searchableWords(line).split(' '))) if (parts.has(word)) count += 1
    if (count > most) {
      most = count
      best = index
    }
  }
  return best
}
