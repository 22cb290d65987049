import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { EmbeddingServer } from '../../../testing/embedding-server'
import { ollama, openAiCompatible } from './http-embeddings'

const FAST = { attempts: 4, timeoutMs: 300, budgetMs: 3000, pauseMs: 1 }
const PATIENCE = { documents: FAST, queries: { ...FAST, attempts: 1 } }
const VARIABLE = 'KEYFRAME_TEST_EMBEDDING_KEY'
const KEY = 'test-key-never-shown'
const never = new AbortController().signal

describe('embeddings over HTTP', () => {
  const server = new EmbeddingServer()
  let url: string
  beforeEach(async () => {
    url = await server.start()
  })
  afterEach(async () => {
    await server.stop()
    server.requests.length = 0
    server.faults = []
    delete process.env[VARIABLE]
  })
  const open = (over: { dimensions?: number; keyVariable?: string; url?: string } = {}) =>
    openAiCompatible(
      {
        provider: 'openai-compatible',
        url: over.url ?? `${url}/v1`,
        model: 'letters',
        dimensions: over.dimensions ?? null,
        keyVariable: over.keyVariable ?? null,
      },
      never,
      PATIENCE,
    )
  const letters = (text: string) => Float32Array.from(server.vector(text))

  it('asks a server like that of OpenAI, and keeps the order whatever order it answers in', async () => {
    process.env[VARIABLE] = KEY
    const provider = await open({ keyVariable: VARIABLE })
    expect(provider).toMatchObject({ provider: `openai-compatible ${url}/v1`, model: 'letters', dimensions: 16, knows: 'meaning' })
    expect(await provider.embed(['apple', 'book'], 'document', never)).toEqual([letters('apple'), letters('book')])
    expect(server.requests.at(-1)).toEqual({
      path: '/v1/embeddings',
      authorization: `Bearer ${KEY}`,
      model: 'letters',
      input: ['apple', 'book'],
      dimensions: null,
    })
  })

  it('asks Ollama', async () => {
    const provider = await ollama({ provider: 'ollama', url: `${url}/`, model: 'nomic' }, never, PATIENCE)
    expect(await provider.embed(['apple', 'book'], 'document', never)).toEqual([letters('apple'), letters('book')])
    expect(server.requests.at(-1)).toMatchObject({ path: '/api/embed', authorization: null, model: 'nomic' })
  })

  it('asks again after 429, 500, a cut answer and a slow one', async () => {
    const provider = await open()
    server.faults = [{ is: 'status', status: 429, retryAfter: '0' }, { is: 'status', status: 500 }, { is: 'cut' }]
    expect(await provider.embed(['apple'], 'document', never)).toEqual([letters('apple')])
    expect(server.requests.length).toBe(5)
    server.faults = [{ is: 'slow', ms: 1000 }]
    expect(await provider.embed(['apple'], 'document', never)).toEqual([letters('apple')])
  })

  it.each([
    ['429', { is: 'status', status: 429 } as const, { code: 'embeddings.rate-limited', retryable: true }],
    ['500', { is: 'status', status: 500, body: 'out of memory' } as const, { code: 'embeddings.failed', retryable: true }],
    ['404', { is: 'status', status: 404, body: 'no such model' } as const, { code: 'embeddings.failed', retryable: false }],
    ['cut', { is: 'cut' } as const, { code: 'embeddings.unreachable', retryable: true }],
    ['slow', { is: 'slow', ms: 2000 } as const, { code: 'embeddings.timeout', retryable: true }],
    ['no JSON', { is: 'text', text: '<html>' } as const, { code: 'embeddings.bad-answer', retryable: false }],
    ['another form', { is: 'text', text: '{"data":[{"index":0}]}' } as const, { code: 'embeddings.bad-answer', retryable: false }],
    ['no number', { is: 'text', text: '{"data":[{"index":0,"embedding":[1e999]}]}' } as const, { code: 'embeddings.bad-answer' }],
    ['too few', { is: 'text', text: '{"data":[]}' } as const, { code: 'embeddings.bad-answer', retryable: false }],
    ['a redirect', { is: 'redirect', to: 'http://127.0.0.1:1/' } as const, { code: 'embeddings.unreachable' }],
  ])('gives up with what went wrong: %s', async (_, fault, failure) => {
    const provider = await open()
    server.faults = Array.from({ length: 4 }, () => fault)
    await expect(provider.embed(['apple'], 'document', never)).rejects.toMatchObject({ failure })
  })

  it('refuses vectors of other dimensions than before, and than were asked for', async () => {
    const provider = await open()
    server.faults = [{ is: 'dimensions', dimensions: 8 }]
    await expect(provider.embed(['apple'], 'document', never)).rejects.toMatchObject({ code: 'embeddings.wrong-dimensions' })
    expect(await open({ dimensions: 32 })).toMatchObject({ dimensions: 32 })
    server.faults = [{ is: 'dimensions', dimensions: 16 }]
    await expect(open({ dimensions: 32 })).rejects.toMatchObject({ code: 'embeddings.wrong-dimensions' })
  })

  it('never tells the key, and never sends it in the clear', async () => {
    await expect(open({ keyVariable: VARIABLE })).rejects.toMatchObject({ code: 'embeddings.no-key' })
    process.env[VARIABLE] = KEY
    server.faults = [{ is: 'status', status: 401, body: `Incorrect API key provided: ${KEY}` }]
    const refused: unknown = await open({ keyVariable: VARIABLE }).catch((thrown: unknown) => thrown)
    expect(refused).toMatchObject({
      code: 'embeddings.refused',
      message: `${url} refused the key (401): Incorrect API key provided: [key]`,
    })
    expect(JSON.stringify(refused)).not.toContain(KEY)
    await expect(open({ keyVariable: VARIABLE, url: 'http://embeddings.example/v1' })).rejects.toMatchObject({
      code: 'embeddings.insecure',
    })
  })

  it('stops at once when it is cancelled, also between two attempts', async () => {
    const provider = await open()
    server.faults = [{ is: 'status', status: 429, retryAfter: '60' }]
    const stop = new AbortController()
    const answer = provider.embed(['apple'], 'document', stop.signal)
    setTimeout(() => stop.abort(), 50)
    await expect(answer).rejects.toMatchObject({ name: 'AbortError' })
  })

  it('says that nobody answers', async () => {
    await expect(open({ url: 'http://127.0.0.1:9' })).rejects.toMatchObject({
      failure: { code: 'embeddings.unreachable', retryable: true },
    })
  })
})
