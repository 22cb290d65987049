import { searchableWords } from '../identifier-words'
import type { EmbeddingProvider } from './provider'

/** Raise the number in the name with every change of what is computed: vectors of another name are made again. */
const MODEL = 'character-ngrams-1'
const DIMENSIONS = 512
const SHORTEST = 3
const LONGEST = 5
/** A whole word weighs as much as so many of its parts. */
const WORD_WEIGHT = 3
const KNOWN_WORDS = 30_000
/** In nearly every piece of code: they tell little. */
const COMMON = new Set(
  'the a an of to in is it and or not for from with this that if else return const let var function def class self import export new public private static void int string number true false null none undefined async await type interface struct fn pub mut use end do then'.split(
    ' ',
  ),
)
const COMMON_WEIGHT = 0.15

/**
 * Hashed character n-grams of split identifiers, after the hashing trick of Weinberger et al. (ICML 2009): each n-gram adds or takes one at a
 * place of its hash. It knows spelling, not meaning: `invoicing` is near `invoice`, and `bill` is not.
 */
export function createNgramHash(): EmbeddingProvider {
  const words = new Map<string, Int32Array>()
  const featuresOf = (word: string): Int32Array => {
    const known = words.get(word)
    if (known !== undefined) return known
    if (words.size >= KNOWN_WORDS) words.clear()
    const features = hashedParts(word)
    words.set(word, features)
    return features
  }
  return {
    provider: 'built-in',
    model: MODEL,
    dimensions: DIMENSIONS,
    knows: 'spelling',
    batch: 64,
    embed: async (texts) => texts.map((text) => vectorOf(text, featuresOf)),
    dispose: async () => undefined,
  }
}

function vectorOf(text: string, featuresOf: (word: string) => Int32Array): Float32Array {
  const counts = new Map<string, number>()
  for (const word of searchableWords(text).split(' ')) if (word !== '') counts.set(word, (counts.get(word) ?? 0) + 1)
  const vector = new Float32Array(DIMENSIONS)
  for (const [word, count] of counts) {
    const features = featuresOf(word)
    // A word that is said ten times is not ten times as telling, and a long word not more telling for having many parts.
    const weight = ((1 + Math.log(count)) * (COMMON.has(word) ? COMMON_WEIGHT : 1)) / Math.sqrt(features.length)
    for (const [at, feature] of features.entries()) {
      const place = feature & (DIMENSIONS - 1)
      const share = at === 0 ? weight * WORD_WEIGHT : weight
      vector[place] = (vector[place] ?? 0) + (feature < 0 ? -share : share)
    }
  }
  return vector
}

/** The word's own hash first, then those of its parts. Bit 31 is the sign, the low bits are the place. */
function hashedParts(word: string): Int32Array {
  const padded = `<${word}>`
  const hashes = [fnv(padded, 0, padded.length)]
  for (let length = SHORTEST; length <= LONGEST && length < padded.length; length += 1) {
    for (let from = 0; from + length <= padded.length; from += 1) hashes.push(fnv(padded, from, from + length))
  }
  return Int32Array.from(hashes)
}

/** FNV-1a, 32 bits, with a last mix so that the low bits and the sign do not depend on each other. */
function fnv(text: string, from: number, to: number): number {
  let hash = 0x811c9dc5
  for (let at = from; at < to; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return hash ^ (hash >>> 16)
}
