import { isNamed } from './chunk-rows'
import { searchableWords } from './identifier-words'
import { GENERATED_PATH, TEST_PATH } from './path-classes'

/** A query as the rules look at it; made once. */
export interface AskedFor {
  readonly typed: string
  readonly words: ReadonlySet<string>
  /** File names and paths that the query says. */
  readonly paths: readonly string[]
  readonly aboutTests: boolean
}

export interface AppliedRule {
  readonly factor: number
  readonly detail: string
}

interface Judged {
  readonly path: string
  readonly symbol: string | null
  readonly text: string
  /** How many more pieces of the same file were found. */
  readonly companions: number
}

const DEFINITION = 1.3
const LITERAL = 1.25
const EXACT_PATH = 2
const PATH_WORDS = 0.3
const TEST = 0.75
const GENERATED = 0.4
const COMPANION = 0.05
const MOST_COMPANIONS = 6
/** A shorter text is in everything. */
const LEAST_LITERAL = 3
const PATH = /[\p{L}\p{N}_.\-/]*\p{L}[\p{L}\p{N}_.\-/]*\.\p{L}[\p{L}\p{N}]{0,7}|[\p{L}\p{N}_.-]+(?:\/[\p{L}\p{N}_.-]+)+/gu

export function askedFor(query: string): AskedFor {
  const typed = query.trim().toLowerCase()
  const words = new Set(searchableWords(query).split(' ').filter(Boolean))
  const paths = (typed.match(PATH) ?? []).map((path) => path.replace(/^\.?\//, ''))
  return { typed, words, paths, aboutTests: ['test', 'tests', 'testing', 'spec', 'fixture', 'fixtures'].some((word) => words.has(word)) }
}

/** What moves a hit up (above 1) or down, each with its reason. Factors are multiplied. */
export function rulesFor(asked: AskedFor, hit: Judged): AppliedRule[] {
  const applied: AppliedRule[] = []
  const path = hit.path.toLowerCase()
  if (isNamed(hit.symbol, asked.typed, asked.words)) applied.push({ factor: DEFINITION, detail: 'defines a name that was asked for' })
  if (asked.typed.length >= LEAST_LITERAL && hit.text.toLowerCase().includes(asked.typed)) {
    applied.push({ factor: LITERAL, detail: 'says the words as they were typed' })
  }
  if (asked.paths.some((asks) => path === asks || path.endsWith(`/${asks}`))) {
    applied.push({ factor: EXACT_PATH, detail: 'the file that was named' })
  } else {
    const share = shareOfName(path, asked.words)
    if (share > 0) applied.push({ factor: 1 + PATH_WORDS * share, detail: "words of the file's name" })
  }
  if (hit.companions > 0) {
    const companions = Math.min(hit.companions, MOST_COMPANIONS)
    applied.push({ factor: 1 + COMPANION * companions, detail: `${hit.companions} more found in this file` })
  }
  if (!asked.aboutTests && TEST_PATH.test(hit.path)) applied.push({ factor: TEST, detail: 'a test' })
  if (GENERATED_PATH.test(hit.path)) applied.push({ factor: GENERATED, detail: 'generated or third-party' })
  return applied
}

/** Which part of the words of a file's own name the query says. */
function shareOfName(path: string, words: ReadonlySet<string>): number {
  const name = path.slice(path.lastIndexOf('/') + 1).replace(/\.[^.]+$/, '')
  const parts = new Set(searchableWords(name).split(' ').filter(Boolean))
  if (parts.size === 0) return 0
  let said = 0
  for (const part of parts) if (words.has(part)) said += 1
  return said / parts.size
}
