import { canonicalJson } from '../../../shared/canonical-json'
import { KeyframeError } from '../../../shared/failure'
import type { HumanAnswer, HumanRequest } from '../../../shared/frames'
import type { BranchId, RunId } from '../../../shared/ids'
import { hashBytes } from '../journal/sqlite-content-store'

export interface PendingRequest {
  readonly runId: RunId
  readonly branchId: BranchId
  readonly frame: number
  readonly atMs: number
  readonly request: HumanRequest
}

interface Waiting extends PendingRequest {
  answer(answer: HumanAnswer): void
}

/** The request with the hash of what is shown: an answer repeats it, so nobody approves something else than they saw. */
export function sealRequest(request: Omit<HumanRequest, 'shown'>): HumanRequest {
  return { ...request, shown: hashBytes(canonicalJson(request)) }
}

/** Questions that wait for a person. In memory only: after a restart the resumed run asks again from its journal. */
export class ReviewQueue {
  readonly #waiting = new Map<string, Waiting>()
  readonly #onChange: (pending: number) => void

  constructor(onChange: (pending: number) => void) {
    this.#onChange = onChange
  }

  list(): PendingRequest[] {
    return [...this.#waiting.values()]
  }

  /** Resolves with the person's answer; rejects when `signal` aborts (the run ends or is cut off). */
  ask(pending: PendingRequest, signal: AbortSignal): Promise<HumanAnswer> {
    const key = keyOf(pending.runId, pending.request.requestId)
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        signal.removeEventListener('abort', abort)
        this.#waiting.delete(key)
        this.#onChange(this.#waiting.size)
      }
      const abort = (): void => {
        leave()
        reject(signal.reason)
      }
      if (signal.aborted) {
        reject(signal.reason)
        return
      }
      signal.addEventListener('abort', abort, { once: true })
      this.#waiting.set(key, {
        ...pending,
        answer: (answer) => {
          leave()
          resolve(answer)
        },
      })
      this.#onChange(this.#waiting.size)
    })
  }

  /** Throws `human.no-such-request` or, when something else was shown than what waits now, `human.stale-answer`. */
  answer(runId: RunId, answer: HumanAnswer): void {
    const waiting = this.#waiting.get(keyOf(runId, answer.requestId))
    if (waiting === undefined) {
      throw new KeyframeError({
        code: 'human.no-such-request',
        message: 'Nobody waits for this answer any more.',
        action: 'Look at the inbox for what is open.',
      })
    }
    if (answer.shown !== waiting.request.shown) {
      throw new KeyframeError({
        code: 'human.stale-answer',
        message: 'The answer is to an older version of this question.',
        action: 'Read it again, then answer.',
      })
    }
    waiting.answer(answer)
  }
}

function keyOf(runId: RunId, requestId: string): string {
  return `${runId}/${requestId}`
}
