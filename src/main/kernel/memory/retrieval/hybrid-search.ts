import type Database from 'better-sqlite3'
import type { SearchSettings } from '../../../../shared/contract/methods'
import { KeyframeError, toFailure } from '../../../../shared/failure'
import type { Episode, HybridHit, HybridResult, SearchFilters, SearchList } from '../../../../shared/graph'
import type { HistorySearch } from '../history/history'
import { isDamage } from '../store/memory-database'
import { LIVE, Sight, type View } from '../view'
import { ChunkLookup } from './chunk-lookup'
import { bestLine, type ChunkPlace, kindOf, lineHit } from './chunk-rows'
import { bestFusedScore, type FusedItem, fuse, type RankedList } from './fusion'
import { GraphNeighbours } from './graph-neighbours'
import { askedFor, rulesFor } from './ranking-rules'
import { type Filterable, filterOf } from './search-filters'
import { SymbolSearch } from './symbol-search'
import { TextSearch } from './text-search'

export interface VectorMatch {
  /** Of the chunk, as in the index. */
  readonly hash: Uint8Array
  readonly score: number
}

/** The nearest pieces of text by embedding, from wherever vectors are kept. */
export interface VectorSearch {
  /** `problem`: why the answer may miss something (not all is embedded yet); null when it is whole. */
  nearest(query: string, count: number, signal: AbortSignal): Promise<{ matches: readonly VectorMatch[]; problem: string | null }>
}

export interface EpisodeSearch {
  search(query: string, sign: 'positive' | 'negative' | 'any', limit: number): readonly Episode[]
}

export interface HybridParts {
  /** The index, open for reading. */
  readonly database: Database.Database
  readonly vectors: VectorSearch | null
  readonly history: HistorySearch | null
  readonly episodes: EpisodeSearch | null
  weights(): SearchSettings['weights']
  /** Milliseconds, for the durations that are shown. */
  now(): number
}

export interface HybridOptions {
  readonly limit: number
  readonly filters: SearchFilters
  readonly signal?: AbortSignal
}

export interface HybridSearch {
  /**
   * Every list that is ready, fused by reciprocal rank. A list that fails says so in `lists`, and the others answer. Rejects when `signal` is
   * aborted, and with `search.bad-glob`.
   */
  search(query: string, options: HybridOptions, view?: View): Promise<HybridResult>
}

/** Measured on repositories other than those of the benchmark. */
export const DEFAULT_WEIGHTS: SearchSettings['weights'] = { words: 1, symbols: 0.4, vectors: 0.25, history: 0.5, graph: 0.1 }
/** Experience says where something was done once, not where it is. */
const EPISODES_WEIGHT = 0.1
const DEPTH = 120
const SYMBOLS = 60
const HISTORY_FILES = 40
const EPISODES = 8
const SEEDS = 8
const NEIGHBOURS = 30
const ENOUGH = 5
/** Whoever asks waits for words, not for a provider on the network. */
const VECTORS_TIMEOUT_MS = 2000
const OF_THE_INDEX: ReadonlySet<SearchList> = new Set(['words', 'symbols', 'graph'])
const LISTS: readonly SearchList[] = ['words', 'symbols', 'vectors', 'history', 'graph', 'episodes']

/** Something that can be a hit: a piece of a file, or an entity without a piece of its own. */
interface Candidate extends Filterable {
  readonly symbol: string | null
  readonly startLine: number
  readonly endLine: number
  /** Null: shown by its signature. */
  readonly chunk: ChunkPlace | null
  readonly signature: string
}

interface ListReport {
  found: number
  durationMs: number
  problem: string | null
}

export function createHybridSearch(parts: HybridParts): HybridSearch {
  const known = new WeakMap<View, ViewSearches>()
  return {
    search: async (query, options, view = LIVE) => {
      let searches = known.get(view)
      if (searches === undefined) {
        searches = new ViewSearches(parts.database, view)
        known.set(view, searches)
      }
      return new Query(parts, searches, query, options).run()
    },
  }
}

/** What is asked of the index as of one view. */
class ViewSearches {
  readonly sight: Sight
  readonly text: TextSearch
  readonly symbols: SymbolSearch
  readonly graph: GraphNeighbours
  readonly chunks: ChunkLookup
  readonly database: Database.Database

  constructor(database: Database.Database, view: View) {
    this.database = database
    this.sight = new Sight(database, view)
    this.text = new TextSearch(database, view, this.sight)
    this.symbols = new SymbolSearch(database, this.sight)
    this.graph = new GraphNeighbours(database, this.sight)
    this.chunks = new ChunkLookup(database, this.sight)
  }
}

/** One question. Lists name candidates by their keys: the symbol, or the file and line where a piece without one begins. */
class Query {
  readonly #candidates = new Map<string, Candidate>()
  /** The first key of each file that any list of pieces named: what a list of files adds to. */
  readonly #firstOfFile = new Map<string, string>()
  readonly #details = new Map<string, string>()
  readonly #reports = new Map<SearchList, ListReport>(LISTS.map((list) => [list, { found: 0, durationMs: 0, problem: null }]))
  readonly #parts: HybridParts
  readonly #searches: ViewSearches
  readonly #query: string
  readonly #options: HybridOptions
  readonly #allows: ((hit: Filterable) => boolean) | null
  readonly #signal: AbortSignal

  constructor(parts: HybridParts, searches: ViewSearches, query: string, options: HybridOptions) {
    this.#parts = parts
    this.#searches = searches
    this.#query = query
    this.#options = options
    this.#signal = options.signal ?? new AbortController().signal
    this.#allows = filterOf(options.filters, searches.database, searches.sight)
  }

  async run(): Promise<HybridResult> {
    const startedAt = this.#parts.now()
    this.#signal.throwIfAborted()
    const weights = this.#parts.weights()
    // Asked first: they are computed elsewhere while the others are computed here.
    const vectors = weights.vectors > 0 ? this.#vectors() : this.#absent('vectors', 'switched off: its weight is 0')
    const words = this.#list('words', weights.words, () => this.#words())
    const symbols = this.#list('symbols', weights.symbols, () => this.#symbols())
    const near = await vectors
    this.#signal.throwIfAborted()
    if (!this.#searches.database.open) throw remade()
    const pieces: RankedList<SearchList>[] = [
      { list: 'words', weight: weights.words, items: words },
      { list: 'symbols', weight: weights.symbols, items: symbols },
      { list: 'vectors', weight: weights.vectors, items: near },
    ]
    for (const { item } of fuse(pieces)) {
      const path = this.#candidates.get(item)?.path
      if (path !== undefined && !this.#firstOfFile.has(path)) this.#firstOfFile.set(path, item)
    }
    const { history, episodes } = this.#parts
    const lists = [
      ...pieces,
      { list: 'history' as const, weight: weights.history, items: this.#list('history', weights.history, () => this.#history(history)) },
      {
        list: 'episodes' as const,
        weight: EPISODES_WEIGHT,
        items: this.#list('episodes', EPISODES_WEIGHT, () => this.#episodes(episodes)),
      },
    ]
    const seeds = fuse(lists).slice(0, SEEDS)
    const beside = this.#list('graph', weights.graph, () => this.#neighbours(seeds))
    const all: RankedList<SearchList>[] = [...lists, { list: 'graph', weight: weights.graph, items: beside }]
    const hits = this.#ranked(fuse(all), bestFusedScore(all.map(({ weight }) => weight)))
    return {
      hits: hits.slice(0, this.#options.limit),
      lists: LISTS.map((list) => ({ list, ...(this.#reports.get(list) ?? { found: 0, durationMs: 0, problem: null }) })),
      truncated: hits.length > this.#options.limit,
      durationMs: this.#parts.now() - startedAt,
    }
  }

  #list(list: SearchList, weight: number, find: () => string[]): string[] {
    const report = this.#report(list)
    if (!(weight > 0)) {
      report.problem = 'switched off: its weight is 0'
      return []
    }
    const startedAt = this.#parts.now()
    try {
      const found = find()
      report.found = new Set(found).size
      return found
    } catch (thrown) {
      // A damaged index is for its owner to make again.
      if (isDamage(thrown) && OF_THE_INDEX.has(list)) throw thrown
      // Otherwise one list less, and whoever asked is told which and why.
      report.problem = toFailure(thrown).message
      return []
    } finally {
      report.durationMs = this.#parts.now() - startedAt
    }
  }

  #report(list: SearchList): ListReport {
    const report = this.#reports.get(list) ?? { found: 0, durationMs: 0, problem: null }
    this.#reports.set(list, report)
    return report
  }

  async #absent(list: SearchList, problem: string): Promise<string[]> {
    this.#report(list).problem = problem
    return []
  }

  #words(): string[] {
    const allows = this.#allows ?? (() => true)
    return this.#searches.text.chunks(this.#query, DEPTH, ENOUGH, allows).map((chunk) => this.#chunk(chunk))
  }

  #symbols(): string[] {
    const allows = this.#allows ?? (() => true)
    return this.#searches.symbols.search(this.#query, SYMBOLS, allows).flatMap((symbol) => {
      if (symbol.kind === 'file') return this.#file(symbol.path)
      this.#candidates.set(symbol.key, this.#candidates.get(symbol.key) ?? { ...symbol, symbol: symbol.key, chunk: null })
      return [symbol.key]
    })
  }

  async #vectors(): Promise<string[]> {
    const { vectors, now } = this.#parts
    if (vectors === null) return this.#absent('vectors', 'not started')
    const report = this.#report('vectors')
    const startedAt = now()
    const limit = AbortSignal.any([this.#signal, AbortSignal.timeout(VECTORS_TIMEOUT_MS)])
    try {
      // Few of the nearest may be within the filters or in the view: then more of them are asked for.
      for (let count = DEPTH; ; count *= 8) {
        const { matches, problem } = await vectors.nearest(this.#query, count, limit)
        if (!this.#searches.database.open) return []
        report.problem = problem
        const chunks = matches.flatMap(({ hash }) => this.#searches.chunks.withHash(hash))
        const keys = [...new Set(chunks.filter((chunk) => this.#allows?.(chunk) ?? true).map((chunk) => this.#chunk(chunk)))]
        report.found = Math.min(keys.length, DEPTH)
        if (keys.length >= DEPTH / 2 || matches.length < count || count > 20_000) return keys.slice(0, DEPTH)
      }
    } catch (thrown) {
      this.#signal.throwIfAborted()
      report.problem = limit.aborted ? `no answer within ${VECTORS_TIMEOUT_MS / 1000} s` : toFailure(thrown).message
      return []
    } finally {
      report.durationMs = now() - startedAt
    }
  }

  #history(history: HistorySearch | null): string[] {
    if (history === null) return this.#nothing('history', 'there is no history')
    return history.files(this.#query, HISTORY_FILES).flatMap((file) => {
      const keys = this.#file(file.path)
      for (const key of keys) this.#details.set(`history ${key}`, `changed by ${file.commit.slice(0, 8)}: ${file.subject.slice(0, 120)}`)
      return keys
    })
  }

  #episodes(episodes: EpisodeSearch | null): string[] {
    if (episodes === null) return this.#nothing('episodes', 'nothing was learnt yet')
    return episodes.search(this.#query, 'any', EPISODES).flatMap((episode) =>
      episode.sign === 'negative'
        ? []
        : episode.paths.slice(0, 10).flatMap((path) => {
            const keys = this.#file(path)
            for (const key of keys) this.#details.set(`episodes ${key}`, episode.title.slice(0, 120))
            return keys
          }),
    )
  }

  #neighbours(seeds: readonly FusedItem<SearchList>[]): string[] {
    const keys = seeds.flatMap(({ item }) => {
      const symbol = this.#candidates.get(item)?.symbol
      return symbol === null || symbol === undefined ? [] : [symbol]
    })
    const found: string[] = []
    for (const neighbour of this.#searches.graph.of(keys, NEIGHBOURS)) {
      const [path = ''] = neighbour.key.split('#')
      const chunk = this.#searches.chunks.ofFile(path).find((piece) => piece.symbol === neighbour.key)
      if (chunk === undefined && !this.#candidates.has(neighbour.key)) continue
      if (chunk !== undefined && this.#allows?.(chunk) === false) continue
      const key = chunk === undefined ? neighbour.key : this.#chunk(chunk)
      this.#details.set(`graph ${key}`, `${neighbour.kind.replaceAll('_', ' ')}: next to ${neighbour.from}`)
      found.push(key)
    }
    return found
  }

  #nothing(list: SearchList, problem: string): string[] {
    this.#report(list).problem = problem
    return []
  }

  /** The key of a piece; the first of a symbol that was cut into several stands for all. */
  #chunk(chunk: ChunkPlace): string {
    const key = chunk.symbol ?? `${chunk.path}:${chunk.startLine}`
    const known = this.#candidates.get(key)
    if (known === undefined || known.chunk === null) this.#candidates.set(key, { ...chunk, chunk, signature: known?.signature ?? '' })
    return key
  }

  /** The piece that stands for a file: the best that was found in it, else its first. None when the view or the filters leave it out. */
  #file(path: string): string[] {
    const first = this.#firstOfFile.get(path)
    if (first !== undefined) return [first]
    const chunk = this.#searches.chunks.ofFile(path)[0]
    if (chunk === undefined || this.#allows?.(chunk) === false) return []
    const key = this.#chunk(chunk)
    this.#firstOfFile.set(path, key)
    return [key]
  }

  #ranked(fused: readonly FusedItem<SearchList>[], best: number): HybridHit[] {
    const asked = askedFor(this.#query)
    // Rules change the order by a factor of a few: what stands far below cannot come up.
    const looked = fused.slice(0, Math.max(DEPTH, this.#options.limit * 2))
    const ofFile = new Map<string, number>()
    for (const { item } of looked) {
      const path = this.#candidates.get(item)?.path ?? ''
      ofFile.set(path, (ofFile.get(path) ?? 0) + 1)
    }
    const hits = looked.flatMap(({ item, score, parts }) => {
      const candidate = this.#candidates.get(item)
      if (candidate === undefined) return []
      const text = candidate.chunk === null ? candidate.signature : this.#searches.chunks.text(candidate.chunk.id)
      const companions = (ofFile.get(candidate.path) ?? 1) - 1
      const rules = rulesFor(asked, { path: candidate.path, symbol: candidate.symbol, text, companions })
      const factor = rules.reduce((product, rule) => product * rule.factor, 1)
      return [{ item, candidate, text, parts, rules, score: (score / best) * factor }]
    })
    hits.sort((a, b) => b.score - a.score || (a.item < b.item ? -1 : 1))
    return hits.slice(0, this.#options.limit + 1).map(({ item, candidate, text, parts, rules, score }) => ({
      ...shownLine(candidate, text, asked.words, score),
      kind: kindOf(candidate.kind),
      endLine: candidate.endLine,
      reasons: [
        ...parts.map(({ list, rank, weight }) => ({
          list,
          rank,
          weight: rounded(weight / best),
          detail: this.#details.get(`${list} ${item}`) ?? '',
        })),
        ...rules.map((rule) => ({ list: null, rank: null, weight: rounded(rule.factor), detail: rule.detail })),
      ],
    }))
  }
}

/** The index was closed or made again while a provider was asked. */
function remade(): KeyframeError {
  return new KeyframeError({
    code: 'memory.not-ready',
    message: 'The index was made again while it was searched.',
    action: 'Ask again.',
    retryable: true,
  })
}

function shownLine(candidate: Candidate, text: string, words: ReadonlySet<string>, score: number) {
  if (candidate.chunk === null) {
    return { path: candidate.path, line: candidate.startLine, text: text.slice(0, 400), symbol: candidate.symbol, score: rounded(score) }
  }
  const lines = text.split('\n')
  return { ...lineHit(candidate.chunk, lines, bestLine(lines, words), 0), score: rounded(score) }
}

function rounded(value: number): number {
  return Math.round(value * 10_000) / 10_000
}
