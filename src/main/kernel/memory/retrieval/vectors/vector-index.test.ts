import { existsSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { EmbeddingSettings } from '../../../../../shared/contract/methods'
import { EmbeddingServer } from '../../../testing/embedding-server'
import { startFromSource } from '../../../testing/start-from-source'
import { RetrievalIndex } from '../../../testing/retrieval-index'
import { createVectorIndex, type VectorIndex } from './vector-index'

const BUILT_IN: EmbeddingSettings = { provider: 'built-in' }
const never = new AbortController().signal

describe('the thread of the vectors', () => {
  const server = new EmbeddingServer()
  let folder: string
  let index: RetrievalIndex
  let vectors: VectorIndex
  let byLetters: Extract<EmbeddingSettings, { provider: 'openai-compatible' }>
  const open = () =>
    createVectorIndex({ vectorsPath: join(folder, 'vectors.db'), indexPath: join(folder, 'memory.db'), applicationFolder: folder })
  beforeEach(async () => {
    byLetters = { provider: 'openai-compatible', url: `${await server.start()}/v1`, model: 'letters', dimensions: null, keyVariable: null }
    folder = mkdtempSync(join(tmpdir(), 'keyframe-vectors-'))
    index = new RetrievalIndex(join(folder, 'memory.db'))
    index.put(Array.from({ length: 200 }, (_, at) => ({ path: `src/${at}.ts`, text: `export const value${at} = ${at}` })))
    index.put([
      { path: 'src/invoice.ts', text: 'export function invoiceTotal() {}' },
      { path: 'src/socket.ts', text: 'heartbeat of the websocket' },
    ])
    vectors = open()
  })
  afterEach(async () => {
    await vectors.dispose()
    await server.stop()
    server.requests.length = 0
    server.faults = []
    index.database.close()
    rmSync(folder, { recursive: true, force: true })
  })

  const until = async (holds: () => boolean, of = vectors) => {
    if (holds()) return
    await new Promise<void>((resolve) => {
      const stop = of.onStatus(() => {
        if (!holds()) return
        stop()
        resolve()
      })
    })
  }
  const done = (of = vectors) => until(() => of.status.state === 'ready' && of.status.pending === 0 && of.status.embedded > 0, of)
  const nearest = async (query: string, of = vectors) => {
    const pathOf = index.database.prepare<[Uint8Array], string>('SELECT path FROM chunks WHERE hash = ?').pluck()
    const { matches } = await of.nearest(query, 1, never)
    return matches.map(({ hash }) => pathOf.get(hash))
  }

  it('embeds what the index holds, and what comes later, each text once', async () => {
    expect(await vectors.configure(BUILT_IN)).toMatchObject({ provider: 'built-in', dimensions: 512, knows: 'spelling' })
    await done()
    expect(vectors.status).toMatchObject({ state: 'ready', embedded: 202, pending: 0, problem: null })
    expect(await nearest('total of an invoice')).toEqual(['src/invoice.ts'])
    index.put(
      [
        { path: 'src/later.ts', text: 'quarterly depreciation' },
        { path: 'src/copy.ts', text: 'heartbeat of the websocket' },
      ],
      2,
    )
    vectors.changed()
    await until(() => vectors.status.embedded >= 203)
    expect(await nearest('depreciations')).toEqual(['src/later.ts'])
    expect(vectors.status.embedded).toBe(203)
  })

  it('keeps spaces apart, and what was embedded over a new index and a new start', async () => {
    await vectors.configure(BUILT_IN)
    await done()
    await vectors.configure(byLetters)
    await done()
    expect(vectors.status).toMatchObject({ model: 'letters', dimensions: 16, embedded: 202 })
    expect(await nearest('we have only two words')).toEqual(['src/socket.ts'])
    await vectors.dispose()
    const asked = server.requests.length
    index.database.exec('UPDATE chunks SET id = id + 100000')
    vectors = open()
    await vectors.configure(byLetters)
    await done()
    expect(vectors.status.embedded).toBe(202)
    expect(server.requests.length).toBe(asked + 1) // To try it.
    await vectors.configure(BUILT_IN)
    await done()
    expect(await nearest('invoice totals')).toEqual(['src/invoice.ts'])
  })

  it('changes nothing when a new provider does not answer', async () => {
    await vectors.configure(BUILT_IN)
    await done()
    server.faults = [{ is: 'status', status: 404, body: 'no such model' }]
    await expect(vectors.configure(byLetters)).rejects.toMatchObject({ code: 'embeddings.failed' })
    await expect(vectors.try({ ...byLetters, url: 'http://127.0.0.1:9/v1' })).rejects.toMatchObject({ code: 'embeddings.unreachable' })
    await expect(vectors.try({ provider: 'onnx', folder })).rejects.toMatchObject({ code: 'embeddings.no-model' })
    expect(await vectors.try(byLetters)).toMatchObject({ model: 'letters', dimensions: 16 })
    expect(vectors.status).toMatchObject({ provider: 'built-in' })
    expect(await nearest('invoice totals')).toEqual(['src/invoice.ts'])
  })

  it('keeps what it has when a provider fails on the way, says so, and goes on from there', async () => {
    server.faults = [null, null, { is: 'status', status: 400, body: 'too long' }]
    await vectors.configure(byLetters)
    await until(() => vectors.status.state === 'failed')
    expect(vectors.status).toMatchObject({ embedded: 64, pending: 138, problem: expect.stringContaining('too long') })
    const { problem } = await vectors.nearest('x', 5, never)
    expect(problem).toContain('138 pieces have no embedding yet')
    vectors.changed()
    await done()
    expect(vectors.status).toMatchObject({ embedded: 202, problem: null })
    const texts = server.requests.flatMap(({ input }) => input).filter((text) => text.includes('value'))
    expect(new Set(texts).size).toBe(200)
    expect(texts.length).toBe(200 + 64) // Of the batch that was refused.
  })

  it('keeps no vectors of other dimensions than those of its space', async () => {
    server.faults = [null, null, { is: 'dimensions', dimensions: 24 }]
    await vectors.configure(byLetters)
    await until(() => vectors.status.state === 'failed')
    expect(vectors.status.problem).toContain('gives 24 now')
    const database = new Database(join(folder, 'vectors.db'), { readonly: true })
    expect(database.prepare('SELECT DISTINCT length(ints) FROM vectors').pluck().all()).toEqual([16])
    database.close()
  })

  it('goes on after its process was killed in the middle of embedding', async () => {
    server.faults = [null, null, null, { is: 'slow', ms: 60_000 }]
    const killed = startFromSource('embedding-process.ts', [folder, `${server.url}/v1`])
    const exited = new Promise((resolve) => killed.once('exit', resolve))
    for await (const said of killed.stdout ?? []) if (String(said).includes('128')) break
    killed.kill('SIGKILL')
    await exited
    const asked = server.requests.length
    await vectors.configure(byLetters)
    await done()
    expect(vectors.status).toMatchObject({ embedded: 202, problem: null })
    expect(server.requests.slice(asked + 1).flatMap(({ input }) => input).length).toBe(202 - 128)
    expect(await nearest('we have only two words')).toEqual(['src/socket.ts'])
  }, 30_000)

  it('moves a damaged file aside and fills a new one', async () => {
    await vectors.configure(BUILT_IN)
    await done()
    await vectors.dispose()
    writeFileSync(join(folder, 'vectors.db'), 'not a database at all, but long enough to be looked at '.repeat(40))
    vectors = open()
    await vectors.configure(BUILT_IN)
    await done()
    expect(vectors.status).toMatchObject({ embedded: 202, problem: expect.stringContaining('damaged') })
    expect(await nearest('invoice totals')).toEqual(['src/invoice.ts'])
    expect(existsSync(join(folder, 'vectors.db.damaged'))).toBe(true)
    await vectors.dispose()
    truncateSync(join(folder, 'vectors.db'), 20_000)
    vectors = open()
    await vectors.configure(BUILT_IN)
    await until(() => vectors.status.embedded === 202 && vectors.status.state === 'ready')
    expect(await nearest('invoice totals')).toEqual(['src/invoice.ts'])
  })

  it('stops a question that is cancelled, and all of them at the end', async () => {
    await vectors.configure(byLetters)
    await done()
    server.faults = [
      { is: 'slow', ms: 60_000 },
      { is: 'slow', ms: 60_000 },
    ]
    const stop = new AbortController()
    const cancelled = vectors.nearest('x', 1, stop.signal)
    setTimeout(() => stop.abort(), 50)
    await expect(cancelled).rejects.toMatchObject({ name: 'AbortError' })
    const cut = vectors.nearest('y', 1, never).catch((thrown: unknown) => thrown)
    await vectors.dispose()
    expect(await cut).toMatchObject({ failure: { retryable: true } })
    await expect(vectors.nearest('z', 1, never)).rejects.toMatchObject({ code: 'memory.disposed' })
  })
})
