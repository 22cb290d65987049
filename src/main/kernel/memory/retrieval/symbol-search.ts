import type Database from 'better-sqlite3'
import type { Placed, Sight } from '../view'
import type { Filterable } from './search-filters'
import { identifierParts } from './identifier-words'

export interface SymbolMatch extends Placed, Filterable {
  readonly key: string
  readonly kind: string
  readonly name: string
  readonly startLine: number
  readonly endLine: number
  readonly signature: string
  readonly declared: number
  /** How well the name fits, 0 to 1. */
  readonly fit: number
}

type EntityRow = Omit<SymbolMatch, 'fit'>

const ENTITY = `SELECT n.key, e.layer, e.file, e.path, e.kind, e.name, e.language, e.start_line AS startLine, e.end_line AS endLine, e.signature,
  e.declared, e.valid_from AS validFrom, e.valid_to AS validTo`
const BY_NAME = `${ENTITY} FROM entities e JOIN nodes n ON n.id = e.node_id WHERE e.name_lower = ? LIMIT ?`
const BY_PREFIX = `${ENTITY} FROM entities e JOIN nodes n ON n.id = e.node_id WHERE e.name_lower > ? AND e.name_lower < ? LIMIT ?`
const BY_TRIGRAMS = `${ENTITY} FROM entity_trigrams t CROSS JOIN entities e ON e.id = t.rowid JOIN nodes n ON n.id = e.node_id
  WHERE t.entity_trigrams MATCH ? ORDER BY t.rank LIMIT ?`

/** Words of a question that no symbol is asked for with. */
const PLAIN = new Set(
  'a an and are as at be but by can do does for from get has have how if in into is it its no not of on or set should so than that the their them then there these this to was we were what when where which who why will with without'.split(
    ' ',
  ),
)
/** Said of code more often than names of it; they count as parts of names. */
const VERBS = new Set('add added allow fix fixed make new remove removed support update use used uses using'.split(' '))
const IDENTIFIER = /[\p{L}_$][\p{L}\p{N}_$.]*/gu
const MOST_TERMS = 12
const MOST_PREFIXED = 60
const MOST_SIMILAR = 200
const MOST_NAMESAKES = 500
const LEAST_FIT = 0.34
const EXACT = 0.9
/** Shorter names share their trigrams with too many. */
const LEAST_SIMILAR = 5

/** Entities of the index by their names, as of a view. */
export class SymbolSearch {
  readonly #byName: Database.Statement<[string, number], EntityRow>
  readonly #byPrefix: Database.Statement<[string, string, number], EntityRow>
  readonly #byTrigrams: Database.Statement<[string, number], EntityRow>
  readonly #sight: Sight

  constructor(database: Database.Database, sight: Sight) {
    this.#byName = database.prepare(BY_NAME)
    this.#byPrefix = database.prepare(BY_PREFIX)
    this.#byTrigrams = database.prepare(BY_TRIGRAMS)
    this.#sight = sight
  }

  /** Best first: the exact name, names of the same words, names that begin with it, names that share most of their letters. */
  search(query: string, limit: number, allows: (symbol: EntityRow) => boolean): SymbolMatch[] {
    const terms = symbolTerms(query)
    const found = new Map<string, SymbolMatch>()
    const offer = (row: EntityRow, fit: number) => {
      if (fit < LEAST_FIT || !this.#sight.seesContent(row) || !allows(row)) return
      const known = found.get(row.key)
      if (known === undefined || known.fit < fit || (known.fit === fit && known.declared < row.declared))
        found.set(row.key, { ...row, fit })
    }
    for (const { text, weight } of terms) {
      const lower = text.toLowerCase()
      for (const row of this.#byName.iterate(lower, MOST_NAMESAKES)) offer(row, row.name === text ? weight : 0.95 * weight)
      if (lower.length < 3) continue
      for (const row of this.#byPrefix.iterate(lower, `${lower}\u{10ffff}`, MOST_PREFIXED)) offer(row, weight * likeness(lower, row.name))
    }
    // Similar names are meant only where nothing has the name itself, and looking for them is what takes time.
    const isNamed = [...found.values()].some(({ fit }) => fit >= EXACT)
    for (const { text, weight, whole } of isNamed ? [] : terms) {
      const lower = text.toLowerCase()
      if (!whole || lower.length < LEAST_SIMILAR) continue
      for (const row of this.#byTrigrams.iterate(trigramQuery(lower), MOST_SIMILAR)) offer(row, weight * likeness(lower, row.name))
    }
    return [...found.values()]
      .sort((a, b) => b.fit - a.fit || b.declared - a.declared || a.path.length - b.path.length || (a.key < b.key ? -1 : 1))
      .slice(0, limit)
  }
}

interface Term {
  readonly text: string
  readonly weight: number
  /** Looks like a name of code, not like a word of a sentence: similar names are looked for as well. */
  readonly whole: boolean
}

/** The names that a query may mean: identifiers as they stand; for two to four plain words also those words joined. */
function symbolTerms(query: string): Term[] {
  const typed = [...new Set(query.match(IDENTIFIER) ?? [])].map((word) => word.replace(/\.+$/, ''))
  const terms = new Map<string, Term>()
  const add = (text: string, weight: number, whole: boolean) => {
    const known = terms.get(text)
    if (text.length > 1 && (known === undefined || known.weight < weight)) terms.set(text, { text, weight, whole })
  }
  const told = typed.filter((word) => !PLAIN.has(word.toLowerCase()))
  const alone = told.length === 1
  for (const word of told) {
    if (!alone && VERBS.has(word.toLowerCase())) continue
    const last = word.split('.').at(-1) ?? word
    const isCode = /[_$.]|\p{Ll}\p{Lu}/u.test(word)
    add(word, isCode || alone ? 1 : 0.7, isCode || alone)
    if (last !== word) add(last, 0.9, false)
  }
  for (let size = 2; size <= 4; size += 1) {
    for (let at = 0; at + size <= told.length && told.length <= 12; at += 1) {
      const words = told.slice(at, at + size).map((word) => word.toLowerCase())
      const weight = told.length === size ? 0.95 : 0.85
      add(words.join(''), weight, false)
      add(words.join('_'), weight, false)
      if (size === 2) add(words.join('-'), weight, false)
    }
  }
  return [...terms.values()].sort((a, b) => b.weight - a.weight).slice(0, MOST_TERMS)
}

/** Two of four trigrams from the beginning to the end of a name: a slip spoils at most two, and few other names have as many in common. */
function trigramQuery(lower: string): string {
  const last = lower.length - 3
  const places = [...new Set([0, 1, 2, 3].map((at) => Math.round((at * last) / 3)))]
  const grams = places.map((at) => `"${lower.slice(at, at + 3).replaceAll('"', '""')}"`)
  return grams.flatMap((gram, at) => grams.slice(at + 1).map((other) => `(${gram} AND ${other})`)).join(' OR ')
}

/** Share of trigrams that two names have in common; names of the same words in another order are nearly equal. */
function likeness(lower: string, name: string): number {
  const other = name.toLowerCase()
  const [ours, theirs] = [trigrams(lower), trigrams(other)]
  let common = 0
  for (const gram of ours) if (theirs.has(gram)) common += 1
  const share = (2 * common) / (ours.size + theirs.size)
  const words = new Set(identifierParts(name))
  const asked = identifierParts(lower)
  return asked.length > 1 && asked.every((part) => words.has(part)) ? Math.max(share, 0.85) : share * 0.9
}

function trigrams(text: string): Set<string> {
  const padded = ` ${text} `
  const grams = new Set<string>()
  for (let at = 0; at + 3 <= padded.length; at += 1) grams.add(padded.slice(at, at + 3))
  return grams
}
