import { Agent, request, type IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import type { z } from 'zod'
import { KeyframeError } from '../../../../../shared/failure'

const MAX_ANSWER_BYTES = 16 * 1024 ** 2
const REFUSED = 400
/** For the engine's own idea of who is paused to catch up, see `settled`. */
const SETTLE_MS = 10_000
const SETTLE_STEP_MS = 10

export interface EngineAnswer {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly body: Buffer
}

/**
 * A Docker engine at its unix socket. The engine's own protocol is spoken, not its command line, since only that tells the process id
 * of what was started, keeps environments out of the machine's list of processes, and costs no program start for each command.
 */
export class EngineClient {
  readonly #socketPath: string
  readonly #agent = new Agent({ keepAlive: true, maxFreeSockets: 4 })

  constructor(socketPath: string) {
    this.#socketPath = socketPath
  }

  get socketPath(): string {
    return this.#socketPath
  }

  /** The answer as it came, whatever its status. Throws `docker.unreachable`. */
  send(method: string, path: string, body?: unknown, timeoutMs = 60_000): Promise<EngineAnswer> {
    return new Promise((resolve, reject) => {
      const text = body === undefined ? '' : JSON.stringify(body)
      const headers = body === undefined ? {} : { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) }
      const outgoing = request(
        { socketPath: this.#socketPath, agent: this.#agent, method, path, headers: { Host: 'docker', ...headers } },
        (response) => {
          const chunks: Buffer[] = []
          let size = 0
          response.on('data', (chunk: Buffer) => {
            size += chunk.length
            if (size > MAX_ANSWER_BYTES) response.destroy(new Error('the answer is too long'))
            else chunks.push(chunk)
          })
          response.once('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) }))
          response.once('error', (cause) => reject(unreachable(this.#socketPath, cause)))
        },
      )
      outgoing.setTimeout(timeoutMs, () => outgoing.destroy(new Error(`no answer within ${timeoutMs / 1000} s`)))
      outgoing.once('error', (cause) => reject(unreachable(this.#socketPath, cause)))
      outgoing.end(text)
    })
  }

  /**
   * `send`, asked again while the engine refuses because of a pause that it has wrong: it writes down pauses a second time when its own
   * messages of them arrive, and an old one that comes late under load makes it take a running container for a paused one, or the other
   * way round, until the next arrives. A refusal that lasts is the answer.
   */
  async settled(method: string, path: string, body?: unknown): Promise<EngineAnswer> {
    const until = performance.now() + SETTLE_MS
    for (;;) {
      const answer = await this.send(method, path, body)
      if (!isOfPause(answer) || performance.now() > until) return answer
      await delay(SETTLE_STEP_MS)
    }
  }

  /** Throws `docker.refused` with the engine's own words for anything but a success. */
  async call(method: string, path: string, body?: unknown): Promise<Buffer> {
    const answer = await this.settled(method, path, body)
    if (answer.status >= 300) throw refused(method, path, answer)
    return answer.body
  }

  async get<Schema extends z.ZodType>(schema: Schema, path: string): Promise<z.output<Schema>> {
    return schema.parse(JSON.parse((await this.call('GET', path)).toString('utf8')))
  }

  async post<Schema extends z.ZodType>(schema: Schema, path: string, body?: unknown): Promise<z.output<Schema>> {
    return schema.parse(JSON.parse((await this.call('POST', path, body)).toString('utf8')))
  }

  /** A connection that carries a process's streams instead of HTTP from here on. Each half ends by itself. */
  async upgrade(path: string, body?: unknown): Promise<Duplex> {
    const until = performance.now() + SETTLE_MS
    for (;;) {
      const answer = await this.#upgrade(path, body)
      if (!('status' in answer)) return answer
      if (!isOfPause(answer) || performance.now() > until) throw refused('POST', path, answer)
      await delay(SETTLE_STEP_MS)
    }
  }

  close(): void {
    this.#agent.destroy()
  }

  /** The answer instead of a connection when the engine refuses. */
  #upgrade(path: string, body: unknown): Promise<Duplex | EngineAnswer> {
    return new Promise((resolve, reject) => {
      const text = body === undefined ? '' : JSON.stringify(body)
      const outgoing = request({
        socketPath: this.#socketPath,
        agent: false,
        method: 'POST',
        path,
        headers: {
          Host: 'docker',
          'Content-Type': 'application/json',
          'Content-Length': Buffer.byteLength(text),
          Connection: 'Upgrade',
          Upgrade: 'tcp',
        },
      })
      outgoing.once('upgrade', (_response, socket, head: Buffer) => {
        if (head.length > 0) socket.unshift(head)
        resolve(socket)
      })
      outgoing.once('response', (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.once('end', () => {
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) })
        })
        response.once('error', (cause) => reject(unreachable(this.#socketPath, cause)))
      })
      outgoing.once('error', (cause) => reject(unreachable(this.#socketPath, cause)))
      outgoing.end(text)
    })
  }
}

function isOfPause(answer: EngineAnswer): boolean {
  return answer.status >= REFUSED && /\bpaused\b/.test(engineMessage(answer))
}

function unreachable(socketPath: string, cause: Error): KeyframeError {
  return new KeyframeError(
    {
      code: 'docker.unreachable',
      message: `The Docker engine at ${socketPath} does not answer: ${cause.message}`,
      action: 'Start the engine (sudo systemctl start docker) and see that your account may use its socket (group docker).',
      retryable: true,
    },
    { cause },
  )
}

/** The engine answers with `{"message": "..."}`. */
export function engineMessage(answer: EngineAnswer): string {
  const text = answer.body.toString('utf8').trim()
  try {
    const parsed: unknown = JSON.parse(text)
    const message: unknown = typeof parsed === 'object' && parsed !== null ? Reflect.get(parsed, 'message') : undefined
    return typeof message === 'string' ? message : text
  } catch (thrown) {
    if (thrown instanceof SyntaxError) return text
    throw thrown
  }
}

function refused(method: string, path: string, answer: EngineAnswer): KeyframeError {
  return new KeyframeError({
    code: 'docker.refused',
    message: `The Docker engine refused ${method} ${path.split('?')[0] ?? path}: ${engineMessage(answer)}`,
    details: { status: answer.status },
  })
}
