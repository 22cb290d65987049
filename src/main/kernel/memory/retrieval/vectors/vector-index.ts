import type { Worker } from 'node:worker_threads'
import type { EmbeddingSettings } from '../../../../../shared/contract/methods'
import { KeyframeError } from '../../../../../shared/failure'
import type { VectorSearch } from '../hybrid-search'
import { startThread } from '../../store/start-thread'
import type { FromVectorWorker, NearestAnswer, ToVectorWorker, VectorStatus, VectorWorkerData } from './vector-messages'

export interface VectorIndexOptions extends VectorWorkerData {
  /** The built thread; default: `vector-worker.js` beside this module's file, or its source when run from source. */
  readonly workerUrl?: URL
}

/**
 * The vectors of the index, kept and searched by a thread of its own. Embedding goes on behind the index: call `changed` after each pass of
 * it. Nothing here waits for an embedding but `configure` and `try`, which embed one text.
 */
export interface VectorIndex extends VectorSearch {
  readonly status: VectorStatus
  /** Tries the provider and then searches and fills its space. Rejects with `embeddings.*`, and the former one stays. */
  configure(settings: EmbeddingSettings, signal?: AbortSignal): Promise<VectorStatus>
  /** Tries it and changes nothing. */
  try(settings: EmbeddingSettings, signal?: AbortSignal): Promise<VectorStatus>
  changed(): void
  onStatus(listener: (status: VectorStatus) => void): () => void
  dispose(): Promise<void>
}

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
const END_MS = 5000

type Without<M, K extends string> = M extends unknown ? Omit<M, K> : never
type Question = Without<Extract<ToVectorWorker, { job: number }>, 'job'>
type Answer = Extract<FromVectorWorker, { job: number }>

export function createVectorIndex(options: VectorIndexOptions): VectorIndex {
  return new WorkerVectorIndex(options)
}

class WorkerVectorIndex implements VectorIndex {
  status: VectorStatus = OFF
  readonly #options: VectorIndexOptions
  readonly #url: URL
  readonly #jobs = new Map<number, { resolve: (answer: Answer) => void; reject: (reason: Error) => void }>()
  readonly #listeners = new Set<(status: VectorStatus) => void>()
  #worker: Worker | null = null
  #exited: Promise<void> = Promise.resolve()
  #settings: EmbeddingSettings | null = null
  #lastJob = 0
  #disposed = false

  constructor(options: VectorIndexOptions) {
    this.#options = options
    this.#url = options.workerUrl ?? defaultWorkerUrl()
  }

  async configure(settings: EmbeddingSettings, signal?: AbortSignal): Promise<VectorStatus> {
    const answer = await this.#ask({ type: 'configure', settings }, signal)
    this.#settings = settings
    return answer.type === 'configured' ? answer.status : this.status
  }

  async try(settings: EmbeddingSettings, signal?: AbortSignal): Promise<VectorStatus> {
    const answer = await this.#ask({ type: 'try', settings }, signal)
    return answer.type === 'configured' ? answer.status : this.status
  }

  changed(): void {
    if (this.#settings !== null) this.#say({ type: 'changed' })
  }

  async nearest(query: string, count: number, signal: AbortSignal): Promise<NearestAnswer> {
    if (this.#settings === null) {
      throw new KeyframeError({ code: 'embeddings.not-ready', message: 'The embedding provider is not ready.', retryable: true })
    }
    const answer = await this.#ask({ type: 'nearest', query, count }, signal)
    return answer.type === 'nearest' ? answer.answer : { matches: [], problem: null }
  }

  onStatus(listener: (status: VectorStatus) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  async dispose(): Promise<void> {
    if (this.#disposed) return
    this.#disposed = true
    this.#listeners.clear()
    const worker = this.#worker
    worker?.postMessage({ type: 'end' } satisfies ToVectorWorker)
    const tooLong = setTimeout(() => void worker?.terminate(), END_MS)
    await this.#exited
    clearTimeout(tooLong)
  }

  #ask(question: Question, signal?: AbortSignal): Promise<Answer> {
    if (signal?.aborted === true) return Promise.reject(signal.reason)
    this.#lastJob += 1
    const job = this.#lastJob
    return new Promise<Answer>((resolve, reject) => {
      const cancel = () => {
        this.#jobs.delete(job)
        this.#worker?.postMessage({ type: 'cancel', job } satisfies ToVectorWorker)
        reject(signal?.reason)
      }
      const settled = () => signal?.removeEventListener('abort', cancel)
      this.#jobs.set(job, {
        resolve: (answer) => {
          settled()
          resolve(answer)
        },
        reject: (reason) => {
          settled()
          reject(reason)
        },
      })
      signal?.addEventListener('abort', cancel, { once: true })
      this.#say({ ...question, job })
    })
  }

  /** Starts the thread when there is none, with the settings that it had. */
  #say(message: ToVectorWorker): void {
    if (this.#disposed) {
      this.#failAll(new KeyframeError({ code: 'memory.disposed', message: 'The index is closed.', action: 'Open the workspace again.' }))
      return
    }
    if (this.#worker === null) this.#worker = this.#started(message)
    this.#worker.postMessage(message)
  }

  #started(first: ToVectorWorker): Worker {
    const { vectorsPath, indexPath, applicationFolder } = this.#options
    const worker = startThread(this.#url.href, { vectorsPath, indexPath, applicationFolder } satisfies VectorWorkerData)
    let reason = 'it ended'
    this.#exited = new Promise((resolve) => {
      worker.once('exit', () => {
        if (this.#worker === worker) this.#worker = null
        this.#ended(reason)
        resolve()
      })
    })
    worker.once('error', (error) => {
      reason = error instanceof Error ? error.message : String(error)
    })
    worker.on('message', (message: FromVectorWorker) => this.#heard(message))
    if (this.#settings !== null && first.type !== 'configure') {
      worker.postMessage({ type: 'configure', job: 0, settings: this.#settings } satisfies ToVectorWorker)
    }
    return worker
  }

  #heard(message: FromVectorWorker): void {
    if (message.type === 'status') {
      this.#tell(message.status)
      return
    }
    const job = this.#jobs.get(message.job)
    this.#jobs.delete(message.job)
    if (message.type === 'failed') job?.reject(new KeyframeError(message.failure))
    else job?.resolve(message)
  }

  #tell(status: VectorStatus): void {
    this.status = status
    for (const listener of this.#listeners) listener(status)
  }

  #ended(reason: string): void {
    if (!this.#disposed) this.#tell({ ...this.status, state: 'failed', problem: `the thread of the vectors ended: ${reason}` })
    this.#failAll(
      new KeyframeError({
        code: 'embeddings.worker-failed',
        message: `The thread of the vectors ended: ${reason}.`,
        action: 'Ask again: it is started once more. The other lists answer without it.',
        retryable: true,
      }),
    )
  }

  #failAll(failure: KeyframeError): void {
    const jobs = [...this.#jobs.values()]
    this.#jobs.clear()
    for (const job of jobs) job.reject(failure)
  }
}

/** Beside this module's chunk in the build; in the source tree, the TypeScript file. */
function defaultWorkerUrl(): URL {
  return import.meta.url.endsWith('.ts')
    ? new URL('../../../../workers/vector-worker.ts', import.meta.url)
    : new URL('./vector-worker.js', import.meta.url)
}
