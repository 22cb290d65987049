import { z } from 'zod'
import { KeyframeError } from '../../../../../shared/failure'

/** Turns a text into the numbers that a model was trained on. */
export interface Tokenizer {
  /** At most `most` ids, the special ones at both ends included. */
  encode(text: string, most: number): number[]
}

export const Step = z.looseObject({ type: z.string() })
export type TokenizerStep = z.infer<typeof Step>

/** What is read of a `tokenizer.json`; its parts are looked at by the reader of their kind. */
export const TokenizerFile = z.object({
  added_tokens: z.array(z.object({ id: z.number().int(), content: z.string() })).default([]),
  normalizer: Step.nullish(),
  pre_tokenizer: Step.nullish(),
  post_processor: Step.nullish(),
  model: z.looseObject({
    type: z.string().optional(),
    vocab: z.unknown(),
    merges: z.unknown().optional(),
    unk_token: z.string().nullish(),
  }),
})
export type TokenizerFile = z.infer<typeof TokenizerFile>

export function unsupported(reason: string): KeyframeError {
  return new KeyframeError({
    code: 'embeddings.tokenizer',
    message: `The tokenizer.json of the model cannot be used: ${reason}.`,
    action: "Run `npm install @huggingface/tokenizers` in the model's folder, which reads every kind, or choose another model.",
  })
}

/** Ids put before and after the text. */
export interface SpecialTokens {
  readonly before: readonly number[]
  readonly after: readonly number[]
}

/** Special ids around as many of the text's as there is room for. */
export function withSpecial(ids: readonly number[], { before, after }: SpecialTokens, most: number): number[] {
  return [...before, ...ids.slice(0, Math.max(0, most - before.length - after.length)), ...after]
}
