import { posix } from 'node:path'
import { z } from 'zod'
import { KeyframeError } from '../../../../../shared/failure'
import type { Sandbox, SandboxProcess } from '../../sandboxes/sandbox'

export interface FileGuestOptions {
  /** Path of Node inside the sandbox. */
  readonly guestNode: string
  /** Path of file-guest.mjs inside the sandbox; its modules lie beside it. */
  readonly guestScript: string
  /** Path of the `ignore` package's single file inside the sandbox. */
  readonly ignoreModule: string
}

export interface GuestCall<Result> {
  readonly op: string
  readonly args: Readonly<Record<string, unknown>>
  readonly result: z.ZodType<Result>
  readonly timeoutMs: number
  readonly signal: AbortSignal
  /** Asked once more when the guest died under it. Only for calls without effect. */
  readonly pure: boolean
}

/** Texts are at most 8 MiB, and JSON may need six characters for one. An answer beyond this ends the guest. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024
const CLEAN_UP_TIMEOUT_MS = 5_000
const ENDED = new Set(['fs.guest-ended', 'fs.timed-out', 'fs.guest-broken', 'cancelled'])
const MAX_MESSAGE_CHARACTERS = 4000

const GuestAnswer = z.object({
  id: z.number().int(),
  result: z.unknown().optional(),
  error: z
    .object({
      code: z.string().regex(/^(fs|search)\.[a-z-]{1,40}$/),
      message: z.string(),
      details: z.record(z.string(), z.unknown()).optional(),
    })
    .optional(),
})
type GuestAnswer = z.infer<typeof GuestAnswer>

interface Guest {
  readonly sandbox: Sandbox
  readonly process: SandboxProcess
  readonly waiting: Map<number, { resolve(answer: GuestAnswer): void; reject(error: KeyframeError): void }>
}

/**
 * Requests to the one guest process of a branch, which is started when first needed and again after it died. Answers come from inside
 * the sandbox: they are parsed, bounded and matched to what was asked, and a guest that breaks the rules is ended.
 */
export class FileGuestChannel {
  readonly #options: FileGuestOptions
  #guest: Promise<Guest> | null = null
  #lastId = 0

  constructor(options: FileGuestOptions) {
    this.#options = options
  }

  /** Throws the guest's failure as KeyframeError, `fs.guest-ended` when it died, `fs.timed-out` or `cancelled`. */
  async call<Result>(sandbox: Sandbox, call: GuestCall<Result>): Promise<Result> {
    try {
      return await this.#ask(sandbox, call)
    } catch (error) {
      const died = error instanceof KeyframeError && ENDED.has(error.code)
      if (died && !call.pure) await this.#cleanUp(sandbox)
      if (!died || !call.pure || error.code !== 'fs.guest-ended') throw error
      return await this.#ask(sandbox, call)
    }
  }

  async dispose(): Promise<void> {
    const guest = this.#guest
    this.#guest = null
    if (guest !== null) (await guest).process.kill()
  }

  /** A new process removes the temporary files that the old one left. When it cannot be started either, the first failure counts. */
  async #cleanUp(sandbox: Sandbox): Promise<void> {
    const signal = AbortSignal.timeout(CLEAN_UP_TIMEOUT_MS)
    try {
      await this.#ask(sandbox, { op: 'ready', args: {}, result: z.object({}), timeoutMs: CLEAN_UP_TIMEOUT_MS, signal, pure: true })
    } catch (error) {
      if (!(error instanceof KeyframeError)) throw error
    }
  }

  async #ask<Result>(sandbox: Sandbox, call: GuestCall<Result>): Promise<Result> {
    call.signal.throwIfAborted()
    const guest = await this.#guestIn(sandbox)
    const answer = await this.#exchange(guest, call)
    if (answer.error !== undefined) {
      const { code, message, details } = answer.error
      throw new KeyframeError({ code, message: message.slice(0, MAX_MESSAGE_CHARACTERS), ...(details === undefined ? {} : { details }) })
    }
    const result = call.result.safeParse(answer.result)
    if (!result.success) throw brokenGuest(`its answer to ${call.op} is not what it should be`)
    return result.data
  }

  #exchange<Result>(guest: Guest, call: GuestCall<Result>): Promise<GuestAnswer> {
    this.#lastId += 1
    const id = this.#lastId
    const stop = (error: KeyframeError): void => this.#end(guest, error)
    const onAbort = (): void => stop(new KeyframeError({ code: 'cancelled', message: `${call.op} was cancelled.`, retryable: true }))
    return new Promise<GuestAnswer>((resolve, reject) => {
      const timer = setTimeout(
        () =>
          stop(new KeyframeError({ code: 'fs.timed-out', message: `${call.op} took longer than ${call.timeoutMs} ms.`, retryable: true })),
        call.timeoutMs,
      )
      call.signal.addEventListener('abort', onAbort, { once: true })
      const settle = (): void => {
        clearTimeout(timer)
        call.signal.removeEventListener('abort', onAbort)
        guest.waiting.delete(id)
      }
      guest.waiting.set(id, {
        resolve: (answer) => (settle(), resolve(answer)),
        reject: (error) => (settle(), reject(error)),
      })
      guest.process.write(`${JSON.stringify({ id, op: call.op, args: call.args })}\n`)
    })
  }

  async #guestIn(sandbox: Sandbox): Promise<Guest> {
    const current = this.#guest === null ? null : await this.#guest
    if (current !== null && current.sandbox === sandbox) return current
    if (current !== null) this.#end(current, guestEnded())
    const starting = this.#start(sandbox)
    this.#guest = starting
    try {
      return await starting
    } catch (error) {
      if (this.#guest === starting) this.#guest = null
      throw error
    }
  }

  async #start(sandbox: Sandbox): Promise<Guest> {
    const { guestNode, guestScript, ignoreModule } = this.#options
    const script = posix.join(sandbox.guest.resolve(posix.dirname(guestScript)), posix.basename(guestScript))
    const process = await sandbox.spawn({
      argv: [sandbox.guest.resolve(guestNode), script, sandbox.guest.resolve(ignoreModule), sandbox.guest.exchange],
    })
    const guest: Guest = { sandbox, process, waiting: new Map() }
    let stderr = ''
    process.onStderr((chunk) => {
      stderr = (stderr + chunk.toString('utf8')).slice(-MAX_MESSAGE_CHARACTERS)
    })
    process.onStdout(this.#lineReader(guest))
    void process.exited.then((exitCode) => this.#end(guest, guestEnded(exitCode, stderr)))
    return guest
  }

  #lineReader(guest: Guest): (chunk: Buffer) => void {
    let parts: Buffer[] = []
    let sizeBytes = 0
    return (chunk) => {
      let from = 0
      for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, from)) {
        parts.push(chunk.subarray(from, end))
        this.#receive(guest, Buffer.concat(parts).toString('utf8'))
        parts = []
        sizeBytes = 0
        from = end + 1
      }
      if (from < chunk.length) parts.push(chunk.subarray(from))
      sizeBytes += chunk.length - from
      if (sizeBytes > MAX_ANSWER_BYTES) this.#end(guest, brokenGuest('its answer is too long'))
    }
  }

  #receive(guest: Guest, line: string): void {
    const answer = parseAnswer(line)
    const waiting = answer === null ? undefined : guest.waiting.get(answer.id)
    if (answer === null || waiting === undefined) this.#end(guest, brokenGuest('it answered what was not asked'))
    else waiting.resolve(answer)
  }

  #end(guest: Guest, error: KeyframeError): void {
    void this.#forget(guest)
    guest.process.kill()
    for (const { reject } of [...guest.waiting.values()]) reject(error)
  }

  async #forget(guest: Guest): Promise<void> {
    const current = this.#guest
    if (current !== null && (await current) === guest && this.#guest === current) this.#guest = null
  }
}

function parseAnswer(line: string): GuestAnswer | null {
  try {
    const parsed = GuestAnswer.safeParse(JSON.parse(line))
    return parsed.success ? parsed.data : null
  } catch (error) {
    if (error instanceof SyntaxError) return null
    throw error
  }
}

function guestEnded(exitCode?: number, stderr = ''): KeyframeError {
  const how = exitCode === undefined ? '' : ` with exit code ${exitCode}`
  return new KeyframeError({
    code: 'fs.guest-ended',
    message: `The file process in the sandbox ended${how} before it answered.`,
    action: 'Try again: it is started anew.',
    retryable: true,
    ...(stderr === '' ? {} : { details: { stderr } }),
  })
}

function brokenGuest(why: string): KeyframeError {
  return new KeyframeError({
    code: 'fs.guest-broken',
    message: `The file process in the sandbox was ended: ${why}.`,
    action: 'Try again. If it happens again, a program in the sandbox interferes with it.',
  })
}
