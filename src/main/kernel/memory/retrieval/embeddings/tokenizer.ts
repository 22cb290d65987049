import { z } from 'zod'
import { createByteLevelBpe } from './byte-level-bpe'
import { type SpecialTokens, Step, type Tokenizer, TokenizerFile, type TokenizerStep, unsupported } from './tokenizer-file'
import { createWordPiece } from './wordpiece'

/**
 * Reads a `tokenizer.json`. Two kinds are understood: WordPiece as BERT and its kin have it, and byte-level BPE as GPT-2, RoBERTa and theirs.
 * Throws `embeddings.tokenizer` for any other (SentencePiece's Unigram among them), with what to install instead.
 */
export function readTokenizer(json: unknown): Tokenizer {
  const file = TokenizerFile.safeParse(json)
  if (!file.success) throw unsupported(`its form is another one than expected: ${z.prettifyError(file.error).slice(0, 300)}`)
  const kind = file.data.model.type ?? (file.data.model.merges === undefined ? 'WordPiece' : 'BPE')
  try {
    const special = specialTokens(file.data)
    if (kind === 'WordPiece') return createWordPiece(file.data, special)
    if (kind === 'BPE') return createByteLevelBpe(file.data, special)
  } catch (thrown) {
    throw thrown instanceof z.ZodError ? unsupported(z.prettifyError(thrown).slice(0, 300)) : thrown
  }
  throw unsupported(`its model is ${kind}, and only WordPiece and byte-level BPE are understood`)
}

const Pair = z.tuple([z.string(), z.number().int()])
const ClassPair = z.object({ cls: Pair, sep: Pair })
const Template = z.object({
  single: z.array(z.union([z.object({ SpecialToken: z.object({ id: z.string() }) }), z.object({ Sequence: z.unknown() })])),
  special_tokens: z.record(z.string(), z.object({ ids: z.array(z.number().int()) })),
})
const Sequence = z.object({ processors: z.array(Step) })

function specialTokens(file: TokenizerFile): SpecialTokens {
  return ofStep(file.post_processor ?? { type: 'ByteLevel' })
}

function ofStep(step: TokenizerStep): SpecialTokens {
  const none: SpecialTokens = { before: [], after: [] }
  if (step.type === 'ByteLevel') return none
  if (step.type === 'BertProcessing' || step.type === 'RobertaProcessing') {
    const { cls, sep } = ClassPair.parse(step)
    return { before: [cls[1]], after: [sep[1]] }
  }
  if (step.type === 'TemplateProcessing') return ofTemplate(Template.parse(step))
  if (step.type === 'Sequence')
    return (
      Sequence.parse(step)
        .processors.map(ofStep)
        .find(({ before, after }) => before.length + after.length > 0) ?? none
    )
  throw unsupported(`its post-processor is ${step.type}`)
}

function ofTemplate({ single, special_tokens }: z.infer<typeof Template>): SpecialTokens {
  const text = single.findIndex((part) => 'Sequence' in part)
  const ids = (parts: typeof single) =>
    parts.flatMap((part) => ('SpecialToken' in part ? (special_tokens[part.SpecialToken.id]?.ids ?? []) : []))
  return { before: ids(single.slice(0, text)), after: ids(single.slice(text + 1)) }
}
