import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

export interface EmbeddingRequest {
  readonly path: string
  readonly authorization: string | null
  readonly model: string
  readonly input: readonly string[]
  readonly dimensions: number | null
}

/** What the server does with a request instead of answering it; null: it answers. */
export type Fault =
  | { readonly is: 'status'; readonly status: number; readonly body?: string; readonly retryAfter?: string }
  | { readonly is: 'slow'; readonly ms: number }
  | { readonly is: 'cut' }
  | { readonly is: 'dimensions'; readonly dimensions: number }
  | { readonly is: 'text'; readonly text: string }
  | { readonly is: 'redirect'; readonly to: string }
  | null

/** A real server of embeddings on the loopback, in both dialects. Its vectors are by first letters: texts that begin alike are near. */
export class EmbeddingServer {
  readonly requests: EmbeddingRequest[] = []
  /** What comes next, in order; then everything is answered. */
  faults: Fault[] = []
  dimensions = 16
  url = ''
  readonly #server = createServer((request, response) => void this.#handle(request, response))

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    this.url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
    return this.url
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  vector(text: string, dimensions = this.dimensions): number[] {
    const vector = Array.from({ length: dimensions }, (_, at) => 0.01 * ((at % 3) - 1))
    for (const word of text.toLowerCase().match(/[a-z]+/g) ?? []) {
      const place = (word.charCodeAt(0) - 97) % dimensions
      vector[place] = (vector[place] ?? 0) + 1
    }
    return vector
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const pieces: Buffer[] = []
    for await (const piece of request) pieces.push(piece as Buffer)
    const asked = JSON.parse(Buffer.concat(pieces).toString('utf8')) as { model: string; input: string[]; dimensions?: number }
    const path = request.url ?? ''
    const { model, input } = asked
    this.requests.push({ path, authorization: request.headers.authorization ?? null, model, input, dimensions: asked.dimensions ?? null })
    const fault = this.faults.shift() ?? null
    if (fault?.is === 'slow') await sleep(fault.ms)
    if (fault?.is === 'status') {
      response.writeHead(fault.status, fault.retryAfter === undefined ? {} : { 'retry-after': fault.retryAfter })
      response.end(fault.body ?? '')
      return
    }
    if (fault?.is === 'redirect') {
      response.writeHead(307, { location: fault.to }).end()
      return
    }
    const vectors = input.map((text) =>
      this.vector(text, fault?.is === 'dimensions' ? fault.dimensions : (asked.dimensions ?? this.dimensions)),
    )
    const body = path.endsWith('/api/embed')
      ? { model, embeddings: vectors }
      : { object: 'list', model, data: vectors.map((embedding, index) => ({ object: 'embedding', index, embedding })).reverse() }
    const text = fault?.is === 'text' ? fault.text : JSON.stringify(body)
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) })
    if (fault?.is === 'cut') {
      response.write(text.slice(0, 20))
      await sleep(10)
      response.destroy()
    } else response.end(text)
  }
}
