import type { TokenCounting } from '../../../shared/context'
import { KeyframeError } from '../../../shared/failure'
import { cachedTokenCounter, countWith, type Encoder, o200k } from './count-tokens'

/** Encodings that are there, and those of them whose tables are read from the disk when a run first needs them. */
const ENCODERS = new Map<string, Encoder>([
  ['o200k_base', o200k],
  // The same tables as o200k_base; only the special tokens of chat messages differ, and texts are counted without those.
  ['o200k_harmony', o200k],
])
const LOADERS: Readonly<Record<string, () => Promise<{ countTokens: Encoder }>>> = {
  cl100k_base: () => import('gpt-tokenizer/encoding/cl100k_base'),
  p50k_base: () => import('gpt-tokenizer/encoding/p50k_base'),
}

/**
 * Families of models whose encoding is published, by the beginning of the model's name without its provider. What comes behind a known
 * beginning (a date, a size) is of the same family.
 */
const EXACT: readonly (readonly [beginning: RegExp, encoding: string])[] = [
  [/^gpt-oss/, 'o200k_harmony'],
  [/^(gpt-4o|chatgpt-4o|gpt-4\.1|gpt-4\.5|gpt-5|o[1-9](-|$)|codex)/, 'o200k_base'],
  [/^(gpt-4|gpt-3\.5|text-embedding-(3|ada-002))/, 'cl100k_base'],
  [/^(text-davinci-00[23]|code-davinci|code-cushman)/, 'p50k_base'],
]

/**
 * Families that are counted with o200k_base although they have an encoding of their own. The margins are what budgets are held back by: wide
 * rather than close, since a prompt that is refused costs more than room that is left.
 */
const ESTIMATED: readonly (readonly [beginning: RegExp, marginPercent: number])[] = [
  [/^claude/, 40],
  [/^(gemini|gemma)/, 25],
  [/^(qwen|deepseek|llama|meta-llama|mistral|mixtral|codestral|devstral|command|phi|granite|glm|kimi)/, 30],
]
const UNKNOWN_MARGIN_PERCENT = 40

/**
 * How a model's tokens are counted. `openai/gpt-5-mini` and `gpt-5-mini:free` are gpt-5-mini. Null, no model: the texts are for programs, and
 * budgets are in tokens of o200k_base by definition.
 */
export function countingOf(model: string | null): TokenCounting {
  if (model === null) return { name: 'o200k_base', exact: true, marginPercent: 0 }
  const name = (model.toLowerCase().split('/').at(-1) ?? '').split(':')[0] ?? ''
  const encoding = EXACT.find(([beginning]) => beginning.test(name))?.[1]
  if (encoding !== undefined) return { name: encoding, exact: true, marginPercent: 0 }
  const marginPercent = ESTIMATED.find(([beginning]) => beginning.test(name))?.[1] ?? UNKNOWN_MARGIN_PERCENT
  return { name: 'o200k_base', exact: false, marginPercent }
}

/** Reads the tables of an encoding. To be awaited before a run that counts with it begins or is shown; idempotent. */
export async function loadEncoding(name: string): Promise<void> {
  if (ENCODERS.has(name)) return
  const load = LOADERS[name]
  if (load === undefined) throw unknownEncoding(name)
  ENCODERS.set(name, (await load()).countTokens)
}

/** Counts as the state of a run says; o200k_base where it says nothing. Throws `context.unknown-tokenizer` when its tables were not loaded. */
function counterOf(counting: TokenCounting | undefined): (text: string) => number {
  const name = counting?.name ?? 'o200k_base'
  const known = counters.get(name)
  if (known !== undefined) return known
  const encoder = ENCODERS.get(name)
  if (encoder === undefined) throw unknownEncoding(name)
  const counter = cachedTokenCounter(COUNTS_REMEMBERED, countWith(encoder))
  counters.set(name, counter)
  return counter
}

/** The same, by a counter of o200k_base that remembers its counts where that is the encoding. */
export function counterFor(counting: TokenCounting | undefined, o200kCounter: (text: string) => number): (text: string) => number {
  return counting === undefined || ENCODERS.get(counting.name) === o200k ? o200kCounter : counterOf(counting)
}

const COUNTS_REMEMBERED = 4096
const counters = new Map<string, (text: string) => number>()

function unknownEncoding(name: string): KeyframeError {
  return new KeyframeError({
    code: 'context.unknown-tokenizer',
    message: `The tokens of this run were counted by "${name}", which is not there.`,
    action: `Known: ${[...ENCODERS.keys(), ...Object.keys(LOADERS)].sort().join(', ')}. A newer version of Keyframe may have made the run.`,
  })
}
