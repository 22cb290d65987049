import { z } from 'zod'
import { type SpecialTokens, type Tokenizer, type TokenizerFile, unsupported, withSpecial } from './tokenizer-file'

const Model = z.object({
  vocab: z.record(z.string(), z.number().int()),
  unk_token: z.string().default('[UNK]'),
  continuing_subword_prefix: z.string().default('##'),
  max_input_chars_per_word: z.number().int().default(100),
})
const BertNormalizer = z.object({
  clean_text: z.boolean().default(true),
  handle_chinese_chars: z.boolean().default(true),
  strip_accents: z.boolean().nullish(),
  lowercase: z.boolean().default(true),
})
const ACCENTS = /\p{Mn}/gu
const CONTROL = /[\p{Cc}\p{Cf}\p{Co}\p{Cn}\uFFFD]/gu
const IDEOGRAPHS =
  /[\u4E00-\u9FFF\u3400-\u4DBF\u{20000}-\u{2A6DF}\u{2A700}-\u{2B73F}\u{2B740}-\u{2B81F}\u{2B820}-\u{2CEAF}\uF900-\uFAFF\u{2F800}-\u{2FA1F}]/gu
/** What BERT calls punctuation: every ASCII sign that is no letter or digit, and what Unicode calls so. */
const WORDS = /[!-/:-@[-`{-~\p{P}]|[^\s!-/:-@[-`{-~\p{P}]+/gu

/** WordPiece with BERT's normaliser: the longest piece that is known, then the longest continuation. */
export function createWordPiece(file: TokenizerFile, special: SpecialTokens): Tokenizer {
  const model = Model.parse(file.model)
  const vocabulary = new Map(Object.entries(model.vocab))
  const unknown = vocabulary.get(model.unk_token)
  if (unknown === undefined) throw unsupported(`its vocabulary has no ${model.unk_token}`)
  const normalise = normaliser(file)
  const { type } = file.pre_tokenizer ?? {}
  if (type !== undefined && type !== 'BertPreTokenizer') throw unsupported(`its pre-tokenizer is ${type}`)

  const piecesOf = (word: string): number[] => {
    const letters = [...word]
    if (letters.length > model.max_input_chars_per_word) return [unknown]
    const ids: number[] = []
    for (let from = 0; from < letters.length;) {
      let to = letters.length
      let id: number | undefined
      for (; to > from; to -= 1) {
        id = vocabulary.get((from > 0 ? model.continuing_subword_prefix : '') + letters.slice(from, to).join(''))
        if (id !== undefined) break
      }
      // A word of which any part is unknown is unknown as a whole.
      if (id === undefined) return [unknown]
      ids.push(id)
      from = to
    }
    return ids
  }
  return {
    encode: (text, most) => {
      const ids: number[] = []
      for (const [word] of normalise(text).matchAll(WORDS)) {
        if (ids.length >= most) break
        ids.push(...piecesOf(word))
      }
      return withSpecial(ids, special, most)
    },
  }
}

function normaliser(file: TokenizerFile): (text: string) => string {
  const step = file.normalizer
  if (step === null || step === undefined) return (text) => text
  if (step.type === 'Lowercase') return (text) => text.toLowerCase()
  if (step.type !== 'BertNormalizer') throw unsupported(`its normalizer is ${step.type}`)
  const { clean_text, handle_chinese_chars, strip_accents, lowercase } = BertNormalizer.parse(step)
  const stripsAccents = strip_accents ?? lowercase
  return (text) => {
    let normal = clean_text
      ? text
          .replace(/[\t\n\r]/g, ' ')
          .replace(CONTROL, '')
          .replace(/\s/g, ' ')
      : text
    if (handle_chinese_chars) normal = normal.replace(IDEOGRAPHS, ' $& ')
    if (stripsAccents) normal = normal.normalize('NFD').replace(ACCENTS, '')
    return lowercase ? normal.toLowerCase() : normal
  }
}
