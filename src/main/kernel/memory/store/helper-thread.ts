import { MessageChannel, type MessagePort, receiveMessageOnPort, type Worker } from 'node:worker_threads'
import type { LinkedWithNeeds } from './layer-linker'
import type { PreparedFile, UnreadFile } from './prepare-file'
import { startThread } from './start-thread'

/** Items that are taken at a time. */
export const SHARE = 8
/** Answers that may lie there: the helper waits when the writer does not keep up. */
const MOST_WAITING = 40
/** Places in the shared memory. */
export const NEXT = 0
const ANSWERED = 1
const TAKEN = 2
export const ENDED = 3
const PLACES = 4

export type HelperWork = { readonly items: SharedArrayBuffer } & (
  { readonly type: 'prepare'; readonly files: readonly UnreadFile[] } | { readonly type: 'link'; readonly paths: readonly string[] }
)

export interface HelperData {
  readonly helper: {
    readonly port: MessagePort
    readonly root: string
    readonly databasePath: string
    readonly languages: readonly string[]
  }
}

export type HelperAnswer =
  | { readonly type: 'prepared'; readonly files: readonly PreparedFile[] }
  | { readonly type: 'linked'; readonly files: readonly (LinkedWithNeeds & { readonly path: string })[] }
  | { readonly type: 'failed'; readonly reason: string }

/** Takes the next items of a list that several threads work on: the index of the first, or null when none are left. */
export function takeShare(places: Int32Array, length: number): number | null {
  if (Atomics.load(places, ENDED) !== 0) return null
  const from = Atomics.add(places, NEXT, SHARE)
  return from < length ? from : null
}

/** Waits until the writer has taken most of what was answered. */
export function answered(places: Int32Array): void {
  Atomics.add(places, ANSWERED, 1)
  Atomics.notify(places, ANSWERED)
  for (;;) {
    const taken = Atomics.load(places, TAKEN)
    if (Atomics.load(places, ANSWERED) - taken < MOST_WAITING || Atomics.load(places, ENDED) !== 0) return
    Atomics.wait(places, TAKEN, taken, 100)
  }
}

/**
 * A second thread for long passes: it reads and parses, or links, while the indexing thread writes. Both take from the same list, so neither
 * waits for the other. Used synchronously by the indexing thread.
 */
export class HelperThread {
  readonly #port: MessagePort
  readonly #worker: Worker
  #failure: string | null = null

  constructor(entry: string, root: string, databasePath: string, languages: readonly string[]) {
    const { port1, port2 } = new MessageChannel()
    this.#port = port1
    const data: HelperData = { helper: { port: port2, root, databasePath, languages } }
    this.#worker = startThread(entry, data, [port2])
    // Without the helper the indexing thread does all of it.
    this.#worker.once('error', (error) => (this.#failure = error instanceof Error ? error.message : String(error)))
    this.#worker.unref()
  }

  /**
   * Works a list off. `own` does some items here and writes them; `take` writes what the helper made of its share. Ends when all is done or
   * `stopped` says so.
   */
  share(
    work:
      { readonly type: 'prepare'; readonly files: readonly UnreadFile[] } | { readonly type: 'link'; readonly paths: readonly string[] },
    own: (from: number, to: number) => void,
    take: (answer: HelperAnswer) => void,
    stopped: () => boolean,
  ): void {
    const items = new SharedArrayBuffer(PLACES * 4)
    const places = new Int32Array(items)
    const length = work.type === 'prepare' ? work.files.length : work.paths.length
    this.#port.postMessage({ ...work, items } satisfies HelperWork)
    let done = 0
    const receive = (): boolean => {
      const message = receiveMessageOnPort(this.#port)
      if (message === undefined) return false
      // Only the helper has the other end.
      const answer = message.message as HelperAnswer
      Atomics.add(places, TAKEN, 1)
      Atomics.notify(places, TAKEN)
      if (answer.type === 'failed') throw new Error(`the second indexing thread failed: ${answer.reason}`)
      done += answer.files.length
      take(answer)
      return true
    }
    try {
      while (done < length && !stopped()) {
        if (receive()) continue
        const from = takeShare(places, length)
        if (from !== null) {
          const to = Math.min(length, from + SHARE)
          own(from, to)
          done += to - from
          continue
        }
        // All is taken, some of it by the helper: it answers soon.
        const before = Atomics.load(places, ANSWERED)
        if (receive()) continue
        if (this.#failure !== null) throw new Error(`the second indexing thread ended: ${this.#failure}`)
        Atomics.wait(places, ANSWERED, before, 1000)
      }
    } finally {
      Atomics.store(places, ENDED, 1)
      Atomics.notify(places, TAKEN)
    }
  }

  /** Its thread ends as soon as this one rests. */
  dispose(): void {
    this.#port.close()
    void this.#worker.terminate()
  }
}
