import { z } from 'zod'
import { KeyframeError } from '../../../../shared/failure'
import type { LspChannel } from '../../tools/drivers/lsp/lsp-channel'
import type { DefinedAt } from './open-calls'

const INITIALIZE_MS = 60_000
const ANSWER_MS = 10_000

const Message = z.object({ id: z.union([z.number(), z.string()]).nullish(), method: z.string().optional(), result: z.unknown().optional() })
const Start = z.object({ line: z.number().int().min(0), character: z.number().int().min(0) })
const Places = z
  .union([
    z.array(z.object({ uri: z.string(), range: z.object({ start: Start }) })),
    z.array(z.object({ targetUri: z.string(), targetSelectionRange: z.object({ start: Start }) })),
    z.object({ uri: z.string(), range: z.object({ start: Start }) }),
  ])
  .nullable()

/** Asks one language server where names are defined, over a channel of its own. Its answers are data of a sandbox: checked, never followed. */
export class DefinitionClient {
  readonly #channel: LspChannel
  readonly #waiting = new Map<number, { resolve(result: unknown): void; reject(cause: Error): void; timer: NodeJS.Timeout }>()
  #next = 1
  #ended = false

  constructor(channel: LspChannel) {
    this.#channel = channel
    channel.onMessage((text) => this.#take(text))
    channel.onClose(() => {
      this.#ended = true
      for (const { reject, timer } of this.#waiting.values()) {
        clearTimeout(timer)
        reject(ended())
      }
      this.#waiting.clear()
    })
  }

  async start(): Promise<void> {
    const { rootUri } = this.#channel
    await this.#ask(
      'initialize',
      {
        processId: null,
        rootUri,
        workspaceFolders: [{ uri: rootUri, name: 'workspace' }],
        capabilities: { workspace: { configuration: false }, textDocument: { definition: { linkSupport: false } } },
      },
      INITIALIZE_MS,
    )
    this.#tell('initialized', {})
  }

  open(path: string, languageId: string, text: string): void {
    this.#tell('textDocument/didOpen', { textDocument: { uri: this.#uri(path), languageId, version: 1, text } })
  }

  close(path: string): void {
    this.#tell('textDocument/didClose', { textDocument: { uri: this.#uri(path) } })
  }

  /** Line from 1, column from 0. Null: the server knows nothing, or it is defined outside of the workspace. Throws `lsp.closed`, `lsp.timeout`. */
  async definition(path: string, line: number, column: number): Promise<DefinedAt | null> {
    const textDocument = { uri: this.#uri(path) }
    const result = await this.#ask('textDocument/definition', { textDocument, position: { line: line - 1, character: column } }, ANSWER_MS)
    const places = Places.safeParse(result ?? null)
    if (!places.success || places.data === null) return null
    const [first] = Array.isArray(places.data) ? places.data : [places.data]
    if (first === undefined) return null
    const [uri, start] = 'uri' in first ? [first.uri, first.range.start] : [first.targetUri, first.targetSelectionRange.start]
    const root = `${this.#channel.rootUri.replace(/\/$/, '')}/`
    if (!uri.startsWith(root)) return null
    try {
      return { path: decodeURIComponent(uri.slice(root.length)), line: start.line + 1, column: start.character }
    } catch (thrown) {
      if (thrown instanceof URIError) return null
      throw thrown
    }
  }

  dispose(): void {
    this.#channel.close()
  }

  #uri(path: string): string {
    return `${this.#channel.rootUri.replace(/\/$/, '')}/${path.split('/').map(encodeURIComponent).join('/')}`
  }

  #tell(method: string, params: unknown): void {
    this.#channel.send(JSON.stringify({ jsonrpc: '2.0', method, params }))
  }

  #ask(method: string, params: unknown, timeoutMs: number): Promise<unknown> {
    if (this.#ended) return Promise.reject(ended())
    const id = this.#next
    this.#next += 1
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(id)
        reject(
          new KeyframeError({ code: 'lsp.timeout', message: `The language server did not answer ${method} in time.`, retryable: true }),
        )
      }, timeoutMs)
      this.#waiting.set(id, { resolve, reject, timer })
      this.#channel.send(JSON.stringify({ jsonrpc: '2.0', id, method, params }))
    })
  }

  #take(text: string): void {
    const message = Message.safeParse(readJson(text))
    if (!message.success) return
    const { id, method, result } = message.data
    if (method !== undefined) {
      // Its own requests (configuration, capabilities) are answered, or it would wait for ever.
      if (id !== null && id !== undefined) this.#channel.send(JSON.stringify({ jsonrpc: '2.0', id, result: null }))
      return
    }
    const waiting = typeof id === 'number' ? this.#waiting.get(id) : undefined
    if (typeof id !== 'number' || waiting === undefined) return
    this.#waiting.delete(id)
    clearTimeout(waiting.timer)
    // An error says that it knows nothing of this place.
    waiting.resolve(result ?? null)
  }
}

function ended(): KeyframeError {
  return new KeyframeError({ code: 'lsp.closed', message: 'The language server has ended.', retryable: true })
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (thrown) {
    if (thrown instanceof SyntaxError) return null
    throw thrown
  }
}
