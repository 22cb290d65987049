import { z } from 'zod'
import type { EmbeddingSettings } from '../../../../../shared/contract/methods'
import { KeyframeError } from '../../../../../shared/failure'
import { FOR_DOCUMENTS, FOR_QUERIES, type HttpCall, type Patience, postJson } from './http-request'
import { type EmbeddingProvider, PROBE } from './provider'

const Vector = z.array(z.number())
const OpenAiAnswer = z.object({ data: z.array(z.object({ index: z.number().int(), embedding: Vector })) })
const OllamaAnswer = z.object({ embeddings: z.array(Vector) })

type Settings<P> = Extract<EmbeddingSettings, { provider: P }>

/** How one kind of server is asked and answers. */
interface Dialect {
  readonly provider: string
  readonly model: string
  readonly batch: number
  call(texts: readonly string[]): HttpCall
  /** Vectors in the order of the texts. */
  read(answer: unknown): number[][]
}

export interface HttpPatience {
  readonly documents: Patience
  readonly queries: Patience
}

const PATIENCE: HttpPatience = { documents: FOR_DOCUMENTS, queries: FOR_QUERIES }

/** Any server with OpenAI's `/embeddings`. Tried with one text: rejects with `embeddings.*` when that fails. */
export function openAiCompatible(
  settings: Settings<'openai-compatible'>,
  signal: AbortSignal,
  patience = PATIENCE,
): Promise<EmbeddingProvider> {
  const url = withoutSlash(settings.url).endsWith('/embeddings') ? withoutSlash(settings.url) : `${withoutSlash(settings.url)}/embeddings`
  const { model, dimensions, keyVariable } = settings
  return tried(
    {
      provider: `openai-compatible ${withoutSlash(settings.url)}`,
      model,
      batch: 64,
      call: (input) => ({
        url,
        keyVariable,
        body: { model, input, encoding_format: 'float', ...(dimensions === null ? {} : { dimensions }) },
      }),
      read: (answer) =>
        OpenAiAnswer.parse(answer)
          .data.toSorted((a, b) => a.index - b.index)
          .map((entry) => entry.embedding),
    },
    dimensions,
    signal,
    patience,
  )
}

/** A local Ollama. Tried with one text. */
export function ollama(settings: Settings<'ollama'>, signal: AbortSignal, patience = PATIENCE): Promise<EmbeddingProvider> {
  const base = withoutSlash(settings.url)
  return tried(
    {
      provider: `ollama ${base}`,
      model: settings.model,
      batch: 32,
      call: (input) => ({ url: `${base}/api/embed`, keyVariable: null, body: { model: settings.model, input, truncate: true } }),
      read: (answer) => OllamaAnswer.parse(answer).embeddings,
    },
    null,
    signal,
    patience,
  )
}

async function tried(dialect: Dialect, wanted: number | null, signal: AbortSignal, patience: HttpPatience): Promise<EmbeddingProvider> {
  const [probe] = await ask(dialect, [PROBE], patience.queries, signal)
  const dimensions = probe?.length ?? 0
  if (dimensions < 8 || (wanted !== null && dimensions !== wanted)) {
    throw new KeyframeError({
      code: 'embeddings.wrong-dimensions',
      message: `${dialect.model} gives vectors of ${dimensions} dimensions${wanted === null ? '' : `, not the ${wanted} that were asked for`}.`,
      action: 'Choose a model that makes embeddings, and leave the dimensions empty or set them to what it gives.',
    })
  }
  return {
    provider: dialect.provider,
    model: dialect.model,
    dimensions,
    knows: 'meaning',
    batch: dialect.batch,
    embed: async (texts, purpose, cancelled) => {
      const vectors = await ask(dialect, texts, purpose === 'query' ? patience.queries : patience.documents, cancelled)
      const other = vectors.find((vector) => vector.length !== dimensions)
      if (other === undefined) return vectors
      throw new KeyframeError({
        code: 'embeddings.wrong-dimensions',
        message: `${dialect.model} gave vectors of ${dimensions} dimensions before and gives ${other.length} now: nothing of this answer is kept.`,
        action: 'The server seems to have another model under this name: save the settings of search again.',
      })
    },
    dispose: async () => undefined,
  }
}

async function ask(dialect: Dialect, texts: readonly string[], patience: Patience, signal: AbortSignal): Promise<Float32Array[]> {
  const answer = await postJson(dialect.call(texts), patience, signal)
  let vectors: number[][]
  try {
    vectors = dialect.read(answer)
  } catch (cause) {
    throw badAnswer(`${dialect.model} answered in another form than that of embeddings.`, cause)
  }
  if (vectors.length !== texts.length) throw badAnswer(`${dialect.model} gave ${vectors.length} vectors for ${texts.length} texts.`)
  return vectors.map((vector) => {
    if (!vector.every(Number.isFinite)) throw badAnswer(`${dialect.model} gave a vector with something that is no number.`)
    return Float32Array.from(vector)
  })
}

function badAnswer(message: string, cause?: unknown): KeyframeError {
  const action = 'Check the address and the model in the settings of search.'
  return new KeyframeError({ code: 'embeddings.bad-answer', message, action }, { cause })
}

function withoutSlash(url: string): string {
  return url.replace(/\/+$/, '')
}
