import { z } from 'zod'
import { type SpecialTokens, type Tokenizer, type TokenizerFile, type TokenizerStep, unsupported, withSpecial } from './tokenizer-file'

const Model = z.object({
  vocab: z.record(z.string(), z.number().int()),
  merges: z.array(z.union([z.string(), z.tuple([z.string(), z.string()])])),
  unk_token: z.string().nullish(),
  byte_fallback: z.boolean().nullish(),
})
const ByteLevel = z.object({ add_prefix_space: z.boolean().default(false), use_regex: z.boolean().default(true) })
/** GPT-2's own; what a pre-tokenizer of `ByteLevel` cuts with. */
const GPT2_WORDS = /'(?:s|t|re|ve|m|ll|d)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+/gu
const KNOWN_WORDS = 20_000

/** BPE over bytes, as GPT-2 introduced it: every text can be said in it. */
export function createByteLevelBpe(file: TokenizerFile, special: SpecialTokens): Tokenizer {
  const model = Model.parse(file.model)
  const { add_prefix_space } = byteLevelStep(file)
  if (file.normalizer !== null && file.normalizer !== undefined && !['NFC', 'NFKC'].includes(file.normalizer.type)) {
    throw unsupported(`its normalizer is ${file.normalizer.type}`)
  }
  const form = file.normalizer?.type
  const ranks = new Map(model.merges.map((merge, rank) => [typeof merge === 'string' ? merge : merge.join(' '), rank]))
  const letters = byteLetters()
  const unknown = model.unk_token === null || model.unk_token === undefined ? undefined : model.vocab[model.unk_token]
  const vocabulary = new Map(Object.entries(model.vocab))
  const known = new Map<string, readonly number[]>()

  const idsOf = (word: string): readonly number[] => {
    const before = known.get(word)
    if (before !== undefined) return before
    const spelled = Array.from(Buffer.from(word, 'utf8'), (byte) => letters[byte] ?? '')
    const ids = merged(spelled, ranks).flatMap((piece) => vocabulary.get(piece) ?? unknown ?? [])
    if (known.size >= KNOWN_WORDS) known.clear()
    known.set(word, ids)
    return ids
  }
  return {
    encode: (text, most) => {
      const normal = form === undefined ? text : text.normalize(form)
      const ids: number[] = []
      for (const [word] of (add_prefix_space && !/^\s/.test(normal) ? ` ${normal}` : normal).matchAll(GPT2_WORDS)) {
        if (ids.length >= most) break
        ids.push(...idsOf(word))
      }
      return withSpecial(ids, special, most)
    },
  }
}

/** Joins the pair that was learnt first, until none is left that was learnt. */
function merged(letters: readonly string[], ranks: ReadonlyMap<string, number>): string[] {
  const pieces = [...letters]
  for (;;) {
    let best = Number.POSITIVE_INFINITY
    let at = -1
    for (let next = 0; next + 1 < pieces.length; next += 1) {
      const rank = ranks.get(`${pieces[next]} ${pieces[next + 1]}`)
      if (rank !== undefined && rank < best) {
        best = rank
        at = next
      }
    }
    if (at === -1) return pieces
    pieces.splice(at, 2, `${pieces[at]}${pieces[at + 1]}`)
  }
}

function byteLevelStep(file: TokenizerFile): z.infer<typeof ByteLevel> {
  const step: TokenizerStep | null | undefined = file.pre_tokenizer
  if (step?.type !== 'ByteLevel') throw unsupported(`its pre-tokenizer is ${step?.type ?? 'none'}, not ByteLevel`)
  const parsed = ByteLevel.parse(step)
  if (!parsed.use_regex) throw unsupported('it cuts words by a rule of its own')
  return parsed
}

/** GPT-2's printable letter for each byte. */
function byteLetters(): string[] {
  const letters: string[] = []
  let next = 256
  for (let byte = 0; byte < 256; byte += 1) {
    const isPrintable = (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174
    letters.push(String.fromCharCode(isPrintable ? byte : next))
    if (!isPrintable) next += 1
  }
  return letters
}
