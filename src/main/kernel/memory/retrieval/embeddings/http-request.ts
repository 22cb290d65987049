import { setTimeout as sleep } from 'node:timers/promises'
import { KeyframeError, toFailure } from '../../../../../shared/failure'

export interface HttpCall {
  readonly url: string
  readonly body: unknown
  /** Name of the variable of the environment that holds the key; null: none is sent. */
  readonly keyVariable: string | null
}

/** How patient a call is. */
export interface Patience {
  readonly attempts: number
  /** Of one attempt, until its answer has arrived whole. */
  readonly timeoutMs: number
  /** Of all attempts and the pauses between them. */
  readonly budgetMs: number
  /** Pause before the second attempt; doubled for each further one. */
  readonly pauseMs: number
}

export const FOR_DOCUMENTS: Patience = { attempts: 6, timeoutMs: 60_000, budgetMs: 180_000, pauseMs: 500 }
export const FOR_QUERIES: Patience = { attempts: 2, timeoutMs: 5000, budgetMs: 8000, pauseMs: 100 }

const LONGEST_PAUSE_MS = 60_000
const MOST_ANSWER_BYTES = 64 * 1024 * 1024
const MOST_TOLD = 300

/**
 * Posts JSON and gives the JSON of the answer. Waits and tries again on 408, 429, 5xx and broken connections, as long as a `Retry-After` says. Follows
 * no redirects, and sends a key in the clear to nobody but this machine. Rejects with `embeddings.*`; the key is in no message.
 */
export async function postJson(call: HttpCall, patience: Patience, signal: AbortSignal): Promise<unknown> {
  const key = keyOf(call)
  const until = AbortSignal.any([signal, AbortSignal.timeout(patience.budgetMs)])
  let pauseMs = patience.pauseMs
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await attemptOnce(call, key, AbortSignal.any([until, AbortSignal.timeout(patience.timeoutMs)]))
    } catch (thrown) {
      signal.throwIfAborted()
      const failure = asFailure(thrown, call, key)
      if (!failure.error.failure.retryable || attempt >= patience.attempts || until.aborted) throw failure.error
      const waitMs = Math.min(Math.max(failure.afterMs, pauseMs), LONGEST_PAUSE_MS)
      pauseMs *= 2
      await sleep(waitMs, undefined, { signal: until }).catch(() => {
        signal.throwIfAborted()
        throw failure.error
      })
    }
  }
}

/** An answer that says when to come again, or that it is of no use to. */
class Refused extends Error {
  readonly status: number
  readonly afterMs: number

  constructor(status: number, said: string, afterMs: number) {
    super(said)
    this.status = status
    this.afterMs = afterMs
  }
}

async function attemptOnce(call: HttpCall, key: string | null, signal: AbortSignal): Promise<unknown> {
  const response = await fetch(call.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(key === null ? {} : { authorization: `Bearer ${key}` }) },
    body: JSON.stringify(call.body),
    redirect: 'error',
    signal,
  })
  const text = await boundedText(response)
  if (!response.ok) throw new Refused(response.status, text, retryAfterMs(response.headers.get('retry-after')))
  try {
    return JSON.parse(text)
  } catch {
    throw new KeyframeError({
      code: 'embeddings.bad-answer',
      message: `${origin(call.url)} answered with something that is not JSON.`,
      action: 'Check the address in the settings of search.',
    })
  }
}

async function boundedText(response: Response): Promise<string> {
  const pieces: Uint8Array[] = []
  let size = 0
  for await (const piece of response.body ?? []) {
    size += piece.byteLength
    if (size > MOST_ANSWER_BYTES) {
      throw new KeyframeError({ code: 'embeddings.bad-answer', message: 'The answer of the embedding server is larger than 64 MiB.' })
    }
    pieces.push(piece)
  }
  return Buffer.concat(pieces).toString('utf8')
}

/** Seconds, or a date; 0 when it says neither. */
function retryAfterMs(header: string | null): number {
  if (header === null) return 0
  const seconds = Number(header)
  if (Number.isFinite(seconds)) return Math.max(0, seconds * 1000)
  const at = Date.parse(header)
  return Number.isNaN(at) ? 0 : Math.max(0, at - Date.now())
}

function asFailure(thrown: unknown, call: HttpCall, key: string | null): { error: KeyframeError; afterMs: number } {
  if (thrown instanceof KeyframeError) return { error: thrown, afterMs: 0 }
  const host = origin(call.url)
  if (thrown instanceof Refused) {
    const said = withoutKey(thrown.message, key).replace(/\s+/g, ' ').slice(0, MOST_TOLD)
    return { error: refusal(thrown.status, host, said, call.keyVariable), afterMs: thrown.afterMs }
  }
  const isSlow = thrown instanceof Error && thrown.name === 'TimeoutError'
  const cause = thrown instanceof Error && thrown.cause instanceof Error ? thrown.cause.message : toFailure(thrown).message
  const error = new KeyframeError(
    {
      code: isSlow ? 'embeddings.timeout' : 'embeddings.unreachable',
      message: isSlow ? `${host} did not answer in time.` : `${host} cannot be reached: ${withoutKey(cause, key).slice(0, MOST_TOLD)}`,
      action: 'Check that the embedding server runs and that its address in the settings of search is right.',
      retryable: true,
    },
    { cause: thrown },
  )
  return { error, afterMs: 0 }
}

function refusal(status: number, host: string, said: string, keyVariable: string | null): KeyframeError {
  const told = said === '' ? '' : `: ${said}`
  if (status === 401 || status === 403) {
    return new KeyframeError({
      code: 'embeddings.refused',
      message: `${host} refused the key (${status})${told}`,
      action:
        keyVariable === null
          ? 'Name the variable of the environment that holds the key.'
          : `Check the key in ${keyVariable}, then start Keyframe again.`,
    })
  }
  const retryable = status === 408 || status === 429 || status >= 500
  return new KeyframeError({
    code: status === 429 ? 'embeddings.rate-limited' : 'embeddings.failed',
    message: `${host} answered ${status}${told}`,
    action: retryable ? 'It is tried again later.' : 'Check the model and the address in the settings of search.',
    retryable,
  })
}

function keyOf(call: HttpCall): string | null {
  if (call.keyVariable === null) return null
  const key = process.env[call.keyVariable]
  if (key === undefined || key === '') {
    throw new KeyframeError({
      code: 'embeddings.no-key',
      message: `The variable ${call.keyVariable} is not set in the environment of Keyframe.`,
      action: `Set ${call.keyVariable} before starting Keyframe, or choose another provider.`,
    })
  }
  const { protocol, hostname } = new URL(call.url)
  if (protocol !== 'https:' && !isLoopback(hostname)) {
    throw new KeyframeError({
      code: 'embeddings.insecure',
      message: `The key is not sent to ${origin(call.url)}: the connection is not encrypted.`,
      action: 'Use an https address, or a server on this machine.',
    })
  }
  return key
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(hostname)
}

/** Servers repeat keys in their messages. */
function withoutKey(text: string, key: string | null): string {
  return key === null ? text : text.replaceAll(key, '[key]')
}

function origin(url: string): string {
  return new URL(url).origin
}
