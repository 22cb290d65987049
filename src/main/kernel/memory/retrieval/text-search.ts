import type Database from 'better-sqlite3'
import type { SearchHit } from '../../../../shared/graph'
import { LIVE, Sight, type View } from '../view'
import { type Allows, bestLine, CHUNK_PLACE, type ChunkPlace, isNamed, lineHit, readChunkText } from './chunk-rows'
import { searchableWords, wordQueries } from './identifier-words'
import { TEST_PATH } from './path-classes'

/** A chunk with its BM25 score: higher is better. */
export interface WordMatch extends ChunkPlace {
  readonly bm25: number
}

/** Weights of name, notes and body, measured on two repositories: see the findings on retrieval. */
const WORDS = `SELECT ${CHUNK_PLACE}, -w.rank AS bm25 FROM chunk_words w CROSS JOIN chunks c ON c.id = w.rowid
  WHERE w.chunk_words MATCH ? AND w.rank MATCH 'bm25(6, 2, 1)' ORDER BY w.rank`
const TEST_PENALTY = 0.8
const LITERAL_BOOST = 3
const DEFINITION_BOOST = 1.5
const LINES_A_CHUNK = 3
/** Chunks with every word of the query that make it needless to look for chunks with some of them. */
const ENOUGH = 5
const anything: Allows = () => true

/** Text search over pieces of files as of a view; every hit is a line. Make one for each view and keep it: it reads what the view sees once. */
export class TextSearch {
  readonly #words: Database.Statement<[string], WordMatch>
  readonly #text: (id: number) => string
  readonly #sight: Sight

  constructor(database: Database.Database, view: View = LIVE, sight: Sight = new Sight(database, view)) {
    this.#words = database.prepare<[string], WordMatch>(WORDS)
    this.#text = readChunkText(database)
    this.#sight = sight
  }

  /** Best first. A chunk gives up to three lines when it has the query as it was typed, otherwise the line that has most of its words. */
  search(query: string, limit: number, allows: Allows = anything): SearchHit[] {
    const typed = query.trim().toLowerCase()
    const words = new Set(searchableWords(query).split(' '))
    const chunks = this.chunks(query, Math.max(40, limit * 3), Math.min(limit, ENOUGH), allows)
    const hits = chunks.flatMap((chunk) => this.#hitsOf(chunk, typed, words))
    return hits.sort((a, b) => b.score - a.score || (a.path < b.path ? -1 : a.path > b.path ? 1 : a.line - b.line)).slice(0, limit)
  }

  /** At most `most` chunks by BM25, best first: those with every word of the query when there are `enough`, otherwise those with any. */
  chunks(query: string, most: number, enough: number, allows: Allows = anything): WordMatch[] {
    const words = wordQueries(query)
    if (words === null) return []
    // Common words match thousands of chunks, and ranking them is what takes time: only when too few have all of the words.
    const all = this.#best(words.all, most, allows)
    return all.length >= enough ? all : this.#best(words.any, most, allows)
  }

  #best(match: string, most: number, allows: Allows): WordMatch[] {
    const found: WordMatch[] = []
    for (const chunk of this.#words.iterate(match)) {
      if (!this.#sight.seesContent(chunk) || !allows(chunk)) continue
      found.push(chunk)
      if (found.length >= most) break
    }
    return found
  }

  #hitsOf(chunk: WordMatch, typed: string, words: ReadonlySet<string>): SearchHit[] {
    const lines = this.#text(chunk.id).split('\n')
    const literal = lines.flatMap((line, index) => (line.toLowerCase().includes(typed) ? [index] : []))
    const score =
      chunk.bm25 *
      (literal.length > 0 ? LITERAL_BOOST : 1) *
      (isNamed(chunk.symbol, typed, words) ? DEFINITION_BOOST : 1) *
      (TEST_PATH.test(chunk.path) ? TEST_PENALTY : 1)
    const shown = literal.length > 0 ? literal.slice(0, LINES_A_CHUNK) : [bestLine(lines, words)]
    return shown.map((index, place) => lineHit(chunk, lines, index, score * 0.9 ** place))
  }
}
