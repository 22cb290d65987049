import type { Worker } from 'node:worker_threads'
import type { IndexStatus } from '../../../../shared/contract/methods'
import { KeyframeError } from '../../../../shared/failure'
import type { FromIndexWorker, IndexJob, IndexJobs, IndexWorkerData, ToIndexWorker } from './index-messages'
import { startThread } from './start-thread'

/** Beside this module's chunk in the build; in the source tree, the TypeScript file. */
export function defaultWorkerUrl(): URL {
  return import.meta.url.endsWith('.ts')
    ? new URL('../../../workers/parse-worker.ts', import.meta.url)
    : new URL('./parse-worker.js', import.meta.url)
}

export interface IndexWorkerEvents {
  onProgress(filesDone: number, files: number): void
  onBackground(background: IndexStatus['background']): void
}

interface Waiting {
  resolve(answer: unknown): void
  reject(reason: KeyframeError): void
}

/** The indexing thread, seen from the kernel's. One job at a time is worked on, in order. */
export class IndexWorkerClient {
  /** What the index was when it was opened, and why it was made anew if it was. */
  readonly ready: Promise<{ status: IndexStatus; rebuilt: string | null }>
  readonly #stop = new SharedArrayBuffer(4)
  readonly #jobs = new Map<number, Waiting>()
  readonly #worker: Worker
  readonly #exited: Promise<void>
  #lastJob = 0
  #failure: KeyframeError | null = null

  constructor(url: URL, data: Omit<IndexWorkerData, 'stop' | 'entry'>, events: IndexWorkerEvents) {
    this.#worker = startThread(url.href, { ...data, stop: this.#stop })
    this.#exited = new Promise((resolve) => this.#worker.once('exit', () => resolve()))
    this.ready = new Promise((resolve, reject) => {
      this.#worker.on('message', (message: FromIndexWorker) => {
        if (message.type === 'ready') resolve(message)
        else if (message.type === 'progress') events.onProgress(message.filesDone, message.files)
        else if (message.type === 'background') events.onBackground(message.background)
        else this.#settle(message)
      })
      const fail = (reason: string) => {
        this.#failure ??= new KeyframeError({
          code: 'memory.worker-failed',
          message: `The indexing thread ended: ${reason}`,
          action: 'Refresh the index to start it again; the rest of Keyframe works without it.',
          retryable: true,
        })
        reject(this.#failure)
        for (const job of this.#jobs.values()) job.reject(this.#failure)
        this.#jobs.clear()
      }
      this.#worker.once('error', (error) => fail(error instanceof Error ? error.message : String(error)))
      this.#worker.once('exit', (code) => fail(`it ended with code ${code}`))
    })
    // Whoever waits for a job hears of it; without a waiter it is no unhandled rejection.
    this.ready.catch(() => undefined)
  }

  get alive(): boolean {
    return this.#failure === null
  }

  run<Job extends IndexJob>(
    type: Job,
    ask: IndexJobs[Job]['ask'],
    transfer: readonly ArrayBuffer[] = [],
  ): Promise<IndexJobs[Job]['answer']> {
    if (this.#failure !== null) return Promise.reject(this.#failure)
    this.#lastJob += 1
    const job = this.#lastJob
    return new Promise((resolve, reject) => {
      // The thread answers a job with what the job's kind is answered with: both sides are checked against `IndexJobs`.
      this.#jobs.set(job, { resolve: (answer) => resolve(answer as IndexJobs[Job]['answer']), reject })
      this.#worker.postMessage({ ...ask, type, job }, [...transfer])
    })
  }

  /** Ends after the file it is at; what was stored stays. Resolved when the thread is gone. */
  async dispose(): Promise<void> {
    Atomics.store(new Int32Array(this.#stop), 0, 1)
    if (this.#failure === null) this.#worker.postMessage({ type: 'end' } satisfies ToIndexWorker)
    const tooLong = setTimeout(() => void this.#worker.terminate(), 5000)
    await this.#exited
    clearTimeout(tooLong)
  }

  #settle(message: Extract<FromIndexWorker, { type: 'done' | 'failed' }>): void {
    const job = this.#jobs.get(message.job)
    this.#jobs.delete(message.job)
    if (message.type === 'done') job?.resolve(message.answer)
    else {
      const code = message.damaged ? 'memory.damaged' : 'memory.index-failed'
      job?.reject(new KeyframeError({ code, message: `Indexing failed: ${message.reason}`, action: 'Refresh the index.', retryable: true }))
    }
  }
}
