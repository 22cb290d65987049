import { setImmediate as breathe } from 'node:timers/promises'
import type { EmbeddingSettings } from '../../../../../shared/contract/methods'
import { KeyframeError, toFailure } from '../../../../../shared/failure'
import { openProvider } from '../embeddings/open-provider'
import type { EmbeddingProvider } from '../embeddings/provider'
import { type ChunkHash, ChunkReader } from './chunk-reader'
import { quantised } from './quantised-vector'
import { DAMAGED_VECTORS, isVectorDamage, moveVectorsAside, VectorDatabase } from './vector-database'
import type { NearestAnswer, VectorStatus, VectorWorkerData } from './vector-messages'
import { MeaningScan, SpellingScan, type VectorScan } from './vector-scan'

const PAGE = 1000
const TELL_EVERY_MS = 200
const ASK_AGAIN_MS = 30_000
/** Without a search for so long, the vectors leave memory. */
const IDLE_MS = 5 * 60_000
/** Vectors of texts that are in no version of the index any more, before they are looked for. */
const MOST_LEFT_OVER = 20_000

const OFF: VectorStatus = {
  state: 'off',
  provider: '',
  model: '',
  dimensions: 0,
  knows: 'spelling',
  embedded: 0,
  pending: 0,
  problem: null,
}

/** One provider with its space. */
interface Current {
  readonly provider: EmbeddingProvider
  readonly space: number
  readonly stop: AbortController
  scan: VectorScan | null
  /** The last chunk of the index that was looked at. */
  seen: number
  embedded: number
  missing: ChunkHash[]
}

export interface EngineEvents {
  onStatus(status: VectorStatus): void
}

/**
 * Keeps the vectors of an index: embeds what has none, in batches that are each stored whole, so that a cut costs one of them; and finds the
 * nearest. Runs in a thread of its own.
 */
export class VectorEngine {
  status: VectorStatus = OFF
  readonly #data: VectorWorkerData
  readonly #events: EngineEvents
  #database: VectorDatabase
  #current: Current | null = null
  #filling: Promise<void> | null = null
  #again = false
  #retry: NodeJS.Timeout | null = null
  #idle: NodeJS.Timeout | null = null
  #toldAtMs = 0
  #telling: NodeJS.Timeout | null = null
  #disposed = false

  constructor(data: VectorWorkerData, events: EngineEvents) {
    this.#data = data
    this.#events = events
    this.#database = new VectorDatabase(data.vectorsPath)
  }

  /** Rejects with `embeddings.*`, and all stays as it was. */
  async configure(settings: EmbeddingSettings, signal: AbortSignal): Promise<VectorStatus> {
    const provider = await openProvider(settings, this.#data.applicationFolder, signal)
    await this.#close()
    try {
      this.#current = this.#opened(provider)
    } catch (thrown) {
      if (!isVectorDamage(thrown)) throw thrown
      this.#replaceDatabase()
      this.#current = this.#opened(provider)
    }
    this.#tell('ready', this.#database.rebuilt)
    this.changed()
    return this.status
  }

  async try(settings: EmbeddingSettings, signal: AbortSignal): Promise<VectorStatus> {
    const provider = await openProvider(settings, this.#data.applicationFolder, signal)
    await provider.dispose()
    return { ...OFF, state: 'ready', ...nameOf(provider) }
  }

  /** Looks for pieces without a vector, once more when it is at it. */
  changed(): void {
    if (this.#retry !== null) clearTimeout(this.#retry)
    this.#retry = null
    this.#again = true
    this.#filling ??= this.#fill().finally(() => {
      this.#filling = null
      if (this.#again && !this.#disposed) this.changed()
    })
  }

  /** Resolves when everything that is known of is embedded, or failed. */
  async settled(): Promise<void> {
    while (this.#filling !== null) await this.#filling
  }

  async nearest(query: string, count: number, signal: AbortSignal): Promise<NearestAnswer> {
    const current = this.#current
    if (current === null) {
      throw new KeyframeError({ code: 'embeddings.not-ready', message: 'The embedding provider is not ready.', retryable: true })
    }
    const [vector] = await current.provider.embed([query], 'query', AbortSignal.any([signal, current.stop.signal]))
    if (vector === undefined) throw new KeyframeError({ code: 'embeddings.bad-answer', message: 'The query got no vector.' })
    const matches = this.#guarded(() =>
      this.#loaded(current)
        .nearest(vector, count)
        .flatMap(({ id, score }) => {
          const hash = this.#database.hash(id)
          return hash === null ? [] : [{ hash, score }]
        }),
    )
    const pending = current.missing.length
    const { problem } = this.status
    const some = pending === 0 ? null : `${pending.toLocaleString('en')} pieces have no embedding yet`
    return { matches, problem: [some, problem].filter((part) => part !== null).join('; ') || null }
  }

  async dispose(): Promise<void> {
    this.#disposed = true
    if (this.#telling !== null) clearTimeout(this.#telling)
    await this.#close()
    this.#database.close()
  }

  async #close(): Promise<void> {
    if (this.#retry !== null) clearTimeout(this.#retry)
    if (this.#idle !== null) clearTimeout(this.#idle)
    const current = this.#current
    this.#current = null
    this.#again = false
    current?.stop.abort()
    await this.settled()
    await current?.provider.dispose()
  }

  async #fill(): Promise<void> {
    this.#again = false
    const current = this.#current
    if (current === null) return
    const chunks = ChunkReader.open(this.#data.indexPath)
    if (chunks === null) return
    try {
      const isWhole = await this.#look(current, chunks)
      await this.#embedMissing(current, chunks)
      if (isWhole) await this.#forget(current, chunks)
      if (!current.stop.signal.aborted) this.#tell('ready', this.#database.rebuilt)
    } catch (thrown) {
      if (!current.stop.signal.aborted) this.#failed(thrown)
    } finally {
      chunks.close()
    }
  }

  /** True when the index was looked through from its first chunk. */
  async #look(current: Current, chunks: ChunkReader): Promise<boolean> {
    // An index that was made again counts from the start.
    if (chunks.lastId() < current.seen) Object.assign(current, { seen: 0, missing: [] })
    const isWhole = current.seen === 0
    const known = new Set(current.missing.map(({ hash }) => nameOfHash(hash)))
    for (;;) {
      const page = chunks.page(current.seen, PAGE)
      for (const chunk of page) {
        current.seen = chunk.id
        const name = nameOfHash(chunk.hash)
        if (known.has(name) || this.#guarded(() => this.#database.has(current.space, chunk.hash))) continue
        known.add(name)
        current.missing.push(chunk)
      }
      if (page.length < PAGE) return isWhole
      await breathe()
      current.stop.signal.throwIfAborted()
    }
  }

  async #embedMissing(current: Current, chunks: ChunkReader): Promise<void> {
    const { provider, stop } = current
    while (current.missing.length > 0) {
      this.#tell('embedding', this.status.problem)
      const batch = current.missing.slice(0, provider.batch)
      const texts = batch.flatMap((chunk) => {
        const text = chunks.text(chunk.id)
        return text === null ? [] : [{ hash: chunk.hash, text }]
      })
      if (texts.length > 0) {
        const vectors = await provider.embed(
          texts.map(({ text }) => text),
          'document',
          stop.signal,
        )
        stop.signal.throwIfAborted()
        this.#store(
          current,
          texts.flatMap(({ hash }, at) => (vectors[at] === undefined ? [] : [{ hash, vector: quantised(vectors[at]) }])),
        )
      }
      current.missing.splice(0, batch.length)
      await breathe()
      stop.signal.throwIfAborted()
    }
  }

  #store(current: Current, vectors: readonly { hash: Uint8Array; vector: ReturnType<typeof quantised> }[]): void {
    const ids = this.#guarded(() => this.#database.add(current.space, current.provider.knows, vectors))
    for (const [at, id] of ids.entries()) {
      const vector = vectors[at]?.vector
      if (id < 0 || vector === undefined) continue
      current.embedded += 1
      current.scan?.add(id, vector)
    }
  }

  /** Vectors of texts that the index holds in no version: they are kept while they are few, since texts come back. */
  async #forget(current: Current, chunks: ChunkReader): Promise<void> {
    if (this.#database.total() < current.seen + MOST_LEFT_OVER) return
    for (let last = 0; ;) {
      const page = this.#database.page(last, PAGE)
      const gone = page.filter(({ hash }) => !chunks.has(hash)).map(({ id }) => id)
      this.#database.remove(gone)
      if (page.length < PAGE) break
      last = page.at(-1)?.id ?? last
      await breathe()
      current.stop.signal.throwIfAborted()
    }
    current.scan = null
    current.embedded = this.#database.count(current.space)
  }

  #loaded(current: Current): VectorScan {
    if (this.#idle !== null) clearTimeout(this.#idle)
    this.#idle = setTimeout(() => {
      current.scan = null
    }, IDLE_MS)
    this.#idle.unref()
    if (current.scan !== null) return current.scan
    const { provider, space } = current
    if (provider.knows === 'spelling') {
      const scan = new SpellingScan(provider.dimensions)
      for (const { id, vector } of this.#database.vectors(space)) scan.add(id, vector)
      current.scan = scan
      return scan
    }
    const scan = new MeaningScan(provider.dimensions, (id) => this.#database.vector(id))
    for (const { id, bits } of this.#database.bits(space)) scan.addBits(id, bits)
    current.scan = scan
    return scan
  }

  /** A damaged file is moved aside and filled again from the index. */
  #guarded<T>(work: () => T): T {
    try {
      return work()
    } catch (thrown) {
      if (!isVectorDamage(thrown)) throw thrown
      this.#remake()
      throw new KeyframeError(
        {
          code: 'embeddings.damaged',
          message: 'The vectors were damaged; they were moved aside and are made again.',
          action: 'Ask again in a moment; the other lists answer meanwhile.',
          retryable: true,
        },
        { cause: thrown },
      )
    }
  }

  #remake(): void {
    const { provider, stop } = this.#current ?? {}
    this.#replaceDatabase()
    if (provider === undefined) return
    stop?.abort()
    this.#current = this.#opened(provider)
    this.#tell('embedding', this.#database.rebuilt)
    this.changed()
  }

  #opened(provider: EmbeddingProvider): Current {
    const space = this.#database.spaceId(provider)
    const embedded = this.#database.count(space)
    return { provider, space, stop: new AbortController(), scan: null, seen: 0, embedded, missing: [] }
  }

  #replaceDatabase(): void {
    this.#database.close()
    moveVectorsAside(this.#data.vectorsPath)
    this.#database = new VectorDatabase(this.#data.vectorsPath, DAMAGED_VECTORS)
  }

  #failed(thrown: unknown): void {
    const failure = toFailure(thrown)
    const isPassing = failure.retryable
    this.#tell(isPassing ? 'waiting' : 'failed', failure.message)
    if (!isPassing || this.#disposed) return
    this.#retry = setTimeout(() => this.changed(), ASK_AGAIN_MS)
    this.#retry.unref()
  }

  #tell(state: VectorStatus['state'], problem: string | null): void {
    const current = this.#current
    if (current === null) return
    const isNews = state !== this.status.state || problem !== this.status.problem
    this.status = { state, ...nameOf(current.provider), embedded: current.embedded, pending: current.missing.length, problem }
    const waitMs = isNews ? 0 : this.#toldAtMs + TELL_EVERY_MS - performance.now()
    if (waitMs <= 0) this.#tellNow()
    else this.#telling ??= setTimeout(() => this.#tellNow(), waitMs)
  }

  #tellNow(): void {
    if (this.#telling !== null) clearTimeout(this.#telling)
    this.#telling = null
    this.#toldAtMs = performance.now()
    if (!this.#disposed) this.#events.onStatus(this.status)
  }
}

function nameOf({ provider, model, dimensions, knows }: EmbeddingProvider) {
  return { provider, model, dimensions, knows }
}

function nameOfHash(hash: Uint8Array): string {
  return Buffer.from(hash.buffer, hash.byteOffset, hash.byteLength).toString('latin1')
}
