import { createHash } from 'node:crypto'
import { createReadStream, existsSync, readFileSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { z } from 'zod'
import { KeyframeError, toFailure } from '../../../../../shared/failure'
import { loadRuntime, resolved, type OnnxRuntime, type OnnxSession, type OnnxTensor } from './onnx-runtime'
import { type EmbeddingProvider, PROBE } from './provider'
import { readTokenizer } from './tokenizer'
import type { Tokenizer } from './tokenizer-file'

const MOST_TOKENS = 512
const BATCH = 8
const MOST_JSON_BYTES = 64 * 1024 * 1024

const Prompts = z.object({ prompts: z.record(z.string(), z.string().nullable()).default({}) })
const Pooling = z.object({ pooling_mode_cls_token: z.boolean().default(false) })
const ModelConfig = z.object({ max_position_embeddings: z.number().int().positive().optional() })

interface Model {
  readonly runtime: OnnxRuntime
  readonly session: OnnxSession
  readonly tokenizer: Tokenizer
  readonly mostTokens: number
  readonly isFirstTokenPooled: boolean
  readonly prompts: Readonly<Record<string, string | null>>
}

/**
 * A model on this machine: `model.onnx` and `tokenizer.json` of a folder, run by onnxruntime as the user installed it there or beside the
 * application. Tried with one text. Rejects with `embeddings.*` and how to install what is missing.
 */
export async function openOnnx(folder: string, applicationFolder: string, signal: AbortSignal): Promise<EmbeddingProvider> {
  const [modelPath, tokenizerPath] = [join(folder, 'model.onnx'), join(folder, 'tokenizer.json')]
  for (const path of [modelPath, tokenizerPath]) {
    if (existsSync(path)) continue
    throw new KeyframeError({
      code: 'embeddings.no-model',
      message: `There is no ${basename(path)} in ${folder}.`,
      action: 'Put model.onnx and tokenizer.json of a sentence-embedding model into that folder.',
    })
  }
  const runtime = await loadRuntime([folder, applicationFolder])
  const tokenizer = await openTokenizer(readJson(tokenizerPath), folder, [folder, applicationFolder])
  const name = await modelName(folder, modelPath)
  signal.throwIfAborted()
  const model: Model = {
    runtime,
    session: await openSession(runtime, modelPath),
    tokenizer,
    mostTokens: Math.min(MOST_TOKENS, optional(join(folder, 'config.json'), ModelConfig).max_position_embeddings ?? MOST_TOKENS),
    isFirstTokenPooled: optional(join(folder, '1_Pooling', 'config.json'), Pooling).pooling_mode_cls_token,
    prompts: optional(join(folder, 'config_sentence_transformers.json'), Prompts).prompts,
  }
  const [probe] = await embed(model, [PROBE], 'query')
  const dimensions = probe?.length ?? 0
  if (dimensions < 8) throw failed('it gives no vectors of 8 and more dimensions')
  return {
    provider: 'onnx',
    model: name,
    dimensions,
    knows: 'meaning',
    batch: BATCH,
    embed: async (texts, purpose, cancelled) => {
      cancelled.throwIfAborted()
      const vectors = await embed(model, texts, purpose)
      cancelled.throwIfAborted()
      return vectors
    },
    dispose: () => model.session.release?.() ?? Promise.resolve(),
  }
}

async function openSession(runtime: OnnxRuntime, path: string): Promise<OnnxSession> {
  try {
    return await runtime.InferenceSession.create(path)
  } catch (cause) {
    throw failed(toFailure(cause).message, cause)
  }
}

async function embed(model: Model, texts: readonly string[], purpose: 'query' | 'document'): Promise<Float32Array[]> {
  const prompt = (purpose === 'query' ? model.prompts['query'] : (model.prompts['document'] ?? model.prompts['passage'])) ?? ''
  const rows = texts.map((text) => model.tokenizer.encode(prompt + text, model.mostTokens))
  const width = Math.max(1, ...rows.map((row) => row.length))
  const tensor = (value: (row: readonly number[], at: number) => number): OnnxTensor => {
    const values = new BigInt64Array(rows.length * width)
    for (const [number, row] of rows.entries()) for (let at = 0; at < width; at += 1) values[number * width + at] = BigInt(value(row, at))
    return new model.runtime.Tensor('int64', values, [rows.length, width])
  }
  const known: Record<string, () => OnnxTensor> = {
    input_ids: () => tensor((row, at) => row[at] ?? 0),
    attention_mask: () => tensor((row, at) => (at < row.length ? 1 : 0)),
    token_type_ids: () => tensor(() => 0),
    position_ids: () => tensor((_, at) => at),
  }
  const inputs = model.session.inputNames.map((name) => {
    const made = known[name]
    if (made === undefined) throw failed(`it asks for an input that is not known: ${name}`)
    return [name, made()] as const
  })
  let outputs: Readonly<Record<string, OnnxTensor>>
  try {
    outputs = await model.session.run(Object.fromEntries(inputs))
  } catch (cause) {
    throw failed(toFailure(cause).message, cause)
  }
  const output = outputs['sentence_embedding'] ?? outputs['last_hidden_state'] ?? Object.values(outputs)[0]
  if (output === undefined || !(output.data instanceof Float32Array)) throw failed('its output is not of 32-bit numbers')
  return pooled(output.data, output.dims, rows, width, model.isFirstTokenPooled)
}

/** One vector a text: as the model gives it, or the mean of its tokens (or the first token's, where the model was trained so). */
function pooled(
  data: Float32Array,
  dims: readonly number[],
  rows: readonly (readonly number[])[],
  width: number,
  isFirst: boolean,
): Float32Array[] {
  const size = dims.at(-1) ?? 0
  if (dims.length === 2) return rows.map((_, number) => data.slice(number * size, (number + 1) * size))
  if (dims.length !== 3 || dims[1] !== width) throw failed(`its output has the shape ${dims.join(' x ')}`)
  return rows.map((row, number) => {
    const vector = new Float32Array(size)
    const tokens = isFirst ? 1 : row.length
    for (let token = 0; token < tokens; token += 1) {
      const from = (number * width + token) * size
      for (let at = 0; at < size; at += 1) vector[at] = (vector[at] ?? 0) + (data[from + at] ?? 0) / tokens
    }
    return vector
  })
}

/** The folder's name and what is in the model: another file of the same name is another space. */
async function modelName(folder: string, path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const piece of createReadStream(path)) hash.update(piece as Buffer)
  return `${basename(folder)} ${hash.digest('hex').slice(0, 16)}`
}

/** Read here where its kind is understood; otherwise by `@huggingface/tokenizers`, which reads every kind, where the user has it. */
async function openTokenizer(json: unknown, folder: string, folders: readonly string[]): Promise<Tokenizer> {
  try {
    return readTokenizer(json)
  } catch (thrown) {
    if (!(thrown instanceof KeyframeError)) throw thrown
    const path = folders.map((from) => resolved(from, '@huggingface/tokenizers')).find((found) => found !== null)
    if (path === undefined || path === null) throw thrown
    return installedTokenizer(path, json, folder)
  }
}

const Constructor = z.custom<new (file: unknown, config: unknown) => unknown>((value) => typeof value === 'function')
const Encoder = z.object({ encode: z.custom<(text: string) => unknown>((value) => typeof value === 'function') })
const Encoding = z.object({ ids: z.array(z.number().int()) })

async function installedTokenizer(path: string, json: unknown, folder: string): Promise<Tokenizer> {
  const config = join(folder, 'tokenizer_config.json')
  const settings = existsSync(config) ? readJson(config) : {}
  try {
    const { Tokenizer: Installed } = z.object({ Tokenizer: Constructor }).parse(await import(pathToFileURL(path).href))
    const made: unknown = new Installed(json, settings)
    const { encode } = Encoder.parse({ encode: typeof made === 'object' && made !== null && 'encode' in made ? made.encode : undefined })
    return {
      encode: (text, most) => {
        const { ids } = Encoding.parse(encode.call(made, text))
        // The last is the special one that ends a text.
        return ids.length <= most ? ids : [...ids.slice(0, most - 1), ...ids.slice(-1)]
      },
    }
  } catch (cause) {
    throw failed(`@huggingface/tokenizers cannot read its tokenizer.json (${toFailure(cause).message})`, cause)
  }
}

function optional<T extends z.ZodType>(path: string, schema: T): z.infer<T> {
  return schema.parse(existsSync(path) ? readJson(path) : {})
}

function readJson(path: string): unknown {
  if (statSync(path).size > MOST_JSON_BYTES) throw failed(`${path} is larger than 64 MiB`)
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch (cause) {
    throw failed(`${path} is no JSON`, cause)
  }
}

function failed(reason: string, cause?: unknown): KeyframeError {
  return new KeyframeError(
    {
      code: 'embeddings.onnx',
      message: `The model cannot be used: ${reason.slice(0, 500)}.`,
      action: 'Choose a sentence-embedding model that was exported to ONNX with inputs input_ids and attention_mask.',
    },
    { cause },
  )
}
