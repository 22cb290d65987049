import { createHash } from 'node:crypto'
import { countTokens as countO200k } from 'gpt-tokenizer/encoding/o200k_base'

/** Byte pair merging is quadratic in the length of one unbroken run: longer runs are cut, which can only add a token a cut. */
const LONGEST_RUN = 256
/** Pieces end at a line where there is one, so that counts of pieces add up to the count of the whole. */
const PIECE_CHARS = 32_768
const LONG_RUN = new RegExp(`\\S{${LONGEST_RUN}}|\\s{${LONGEST_RUN}}`)
const RUNS = new RegExp(`\\S{1,${LONGEST_RUN}}|\\s{1,${LONGEST_RUN}}`, 'g')
const AS_TEXT = { disallowedSpecial: new Set<string>() }

export type Encoder = (text: string, options: { readonly disallowedSpecial: Set<string> }) => number
export const o200k: Encoder = countO200k

/**
 * Tokens of a text in an encoding. Text that looks like a special token counts as ordinary text. Linear in the length of the text, up to
 * 4,000 tokens a millisecond for words that were counted before.
 */
export function countWith(encoder: Encoder): (text: string) => number {
  return (text) => {
    let sum = 0
    for (let from = 0; from < text.length;) {
      const to = pieceEnd(text, from)
      sum += countPiece(text.slice(from, to), encoder)
      from = to
    }
    return sum
  }
}

/** In the o200k encoding: that of several current models and a fair estimate for the others. */
export const countTokens = countWith(o200k)

function pieceEnd(text: string, from: number): number {
  const limit = from + PIECE_CHARS
  if (limit >= text.length) return text.length
  const line = text.lastIndexOf('\n', limit)
  return line > from ? line + 1 : limit
}

function countPiece(piece: string, encoder: Encoder): number {
  if (!LONG_RUN.test(piece)) return encoder(piece, AS_TEXT)
  let sum = 0
  let short = ''
  for (const [run] of piece.matchAll(RUNS)) {
    if (run.length < LONGEST_RUN) {
      short += run
      continue
    }
    if (short !== '') sum += encoder(short, AS_TEXT)
    short = ''
    sum += encoder(run, AS_TEXT)
  }
  return short === '' ? sum : sum + encoder(short, AS_TEXT)
}

/** The same, remembering the counts of the last `entries` texts by their hash; for files that are read again and again. */
export function cachedTokenCounter(entries = 4096, count = countTokens): (text: string) => number {
  const counts = new Map<string, number>()
  return (text) => {
    if (text.length < 256) return count(text)
    const key = createHash('sha256').update(text).digest('base64')
    const known = counts.get(key)
    if (known !== undefined) return known
    const tokens = count(text)
    if (counts.size >= entries) {
      const oldest = counts.keys().next()
      if (oldest.done !== true) counts.delete(oldest.value)
    }
    counts.set(key, tokens)
    return tokens
  }
}
