import {
  AbstractMessageReader,
  AbstractMessageWriter,
  CancellationTokenSource,
  createMessageConnection,
  type DataCallback,
  type Disposable,
  type Message,
  type MessageConnection,
  type MessageReader,
  type MessageWriter,
  ResponseError,
} from 'vscode-jsonrpc/node'
import { KeyframeError } from '../../../../../shared/failure'
import type { SandboxProcess } from '../../sandboxes/sandbox'
import { readAnswer, TsResponse } from './answers'
import { frameMessage, MessageUnframer } from './message-framing'
import { SERVER_OPTIONS } from './server-process'
import { WORKSPACE_URI } from './workspace-paths'

const STDERR_KEPT = 4000

class ProcessReader extends AbstractMessageReader implements MessageReader {
  constructor(private readonly child: SandboxProcess) {
    super()
  }

  listen(callback: DataCallback): Disposable {
    const unframer = new MessageUnframer((json) => callback(parseMessage(json)))
    let broken = false
    this.child.onStdout((chunk) => {
      if (broken) return
      try {
        unframer.push(chunk)
      } catch (error) {
        // A stream that cannot be understood any more: the server is ended, which fails what is in flight.
        broken = true
        this.fireError(error)
        this.child.kill()
      }
    })
    void this.child.exited.then(() => this.fireClose())
    return { dispose: () => (broken = true) }
  }
}

function parseMessage(json: string): Message {
  const message: unknown = JSON.parse(json)
  if (typeof message !== 'object' || message === null || !('jsonrpc' in message) || message.jsonrpc !== '2.0') {
    throw new KeyframeError({ code: 'lsp.bad-answer', message: 'The language server sent something that is not JSON-RPC 2.0.' })
  }
  return { ...message, jsonrpc: '2.0' }
}

class ProcessWriter extends AbstractMessageWriter implements MessageWriter {
  constructor(private readonly child: SandboxProcess) {
    super()
  }

  write(message: Message): Promise<void> {
    this.child.write(frameMessage(JSON.stringify(message)))
    return Promise.resolve()
  }

  end(): void {
    this.child.end()
  }
}

/** Thrown to those who wait for an answer when the server ends; `ServerSession` starts it again and repeats the question once. */
export class ServerDied extends Error {
  override readonly name = 'ServerDied'
}

export interface RequestOptions {
  readonly signal: AbortSignal
  readonly timeoutMs: number
}

/** A running language server that has been initialised. */
export class ServerConnection {
  private dead: ServerDied | null = null
  private stderr = ''

  private constructor(
    private readonly child: SandboxProcess,
    private readonly rpc: MessageConnection,
  ) {}

  static async open(child: SandboxProcess, options: RequestOptions): Promise<ServerConnection> {
    const rpc = createMessageConnection(new ProcessReader(child), new ProcessWriter(child))
    const connection = new ServerConnection(child, rpc)
    child.onStderr((chunk) => (connection.stderr = (connection.stderr + chunk.toString('utf8')).slice(-STDERR_KEPT)))
    void child.exited.then((code) => {
      connection.dead = new ServerDied(`The language server ended with code ${code}. ${connection.stderr.trim()}`.trim())
    })
    // What servers ask of their client. Edits are computed, never applied on a server's word.
    rpc.onRequest('client/registerCapability', () => null)
    rpc.onRequest('client/unregisterCapability', () => null)
    rpc.onRequest('window/workDoneProgress/create', () => null)
    rpc.onRequest('workspace/configuration', (params: { items?: unknown[] }) => (params.items ?? []).map(() => null))
    rpc.onRequest('workspace/applyEdit', () => ({ applied: false }))
    rpc.listen()
    await connection.request(
      'initialize',
      {
        processId: null,
        rootUri: WORKSPACE_URI,
        workspaceFolders: [{ uri: WORKSPACE_URI, name: 'workspace' }],
        initializationOptions: SERVER_OPTIONS,
        capabilities: {
          general: { positionEncodings: ['utf-16'] },
          textDocument: {
            definition: { linkSupport: false },
            documentSymbol: { hierarchicalDocumentSymbolSupport: true },
            hover: { contentFormat: ['markdown', 'plaintext'] },
          },
          workspace: { didChangeWatchedFiles: { dynamicRegistration: true, relativePatternSupport: true }, workspaceFolders: true },
        },
      },
      options,
    )
    await connection.notify('initialized', {})
    return connection
  }

  get alive(): boolean {
    return this.dead === null
  }

  /** Throws `ServerDied`, `lsp.refused` with the server's message, `lsp.timeout`, or the signal's reason. */
  async request(method: string, params: unknown, options: RequestOptions): Promise<unknown> {
    if (this.dead) throw this.dead
    options.signal.throwIfAborted()
    const cancel = new CancellationTokenSource()
    let onAbort: (() => void) | undefined
    let timer: NodeJS.Timeout | undefined
    const ended = new Promise<never>((_resolve, reject) => {
      onAbort = () => {
        cancel.cancel()
        reject(options.signal.reason)
      }
      timer = setTimeout(() => {
        cancel.cancel()
        reject(timedOut(method, options.timeoutMs))
      }, options.timeoutMs)
      options.signal.addEventListener('abort', onAbort, { once: true })
      void this.child.exited.then(() => reject(this.dead ?? new ServerDied('The language server ended.')))
    })
    try {
      return await Promise.race([this.rpc.sendRequest(method, params, cancel.token), ended])
    } catch (error) {
      if (error instanceof ResponseError) throw this.refusal(error, method)
      throw error
    } finally {
      clearTimeout(timer)
      if (onAbort) options.signal.removeEventListener('abort', onAbort)
      cancel.dispose()
    }
  }

  /** A request of tsserver's own protocol. Null when it answers that there is no content. */
  async tsserver(command: string, args: object, options: RequestOptions): Promise<unknown> {
    const answer = await this.request(
      'workspace/executeCommand',
      { command: 'typescript.tsserverRequest', arguments: [command, args, { isAsync: false, expectsResult: true, lowPriority: false }] },
      options,
    )
    const response = readAnswer(TsResponse, answer, command)
    if (response.type === 'noServer') throw new ServerDied('tsserver ended.')
    if (response.success === false) throw refused(response.message ?? `${command} failed`)
    return response.body ?? null
  }

  async notify(method: string, params: unknown): Promise<void> {
    if (this.dead) throw this.dead
    await this.rpc.sendNotification(method, params)
  }

  dispose(): void {
    this.rpc.dispose()
    this.child.kill()
  }

  private refusal(error: ResponseError<unknown>, method: string): Error {
    if (this.dead) return this.dead
    // tsserver's errors come wrapped with its version and a stack; the first lines say what is meant.
    const plain =
      /<\w+> TypeScript Server Error \([\d.\w-]+\)\s*(.+?)(?:\n|$)/.exec(error.message)?.[1] ?? error.message.split('\n')[0] ?? method
    if (/TS Server (exited|is not running)|process has exited/i.test(error.message)) return new ServerDied(plain)
    return refused(plain)
  }
}

function timedOut(method: string, timeoutMs: number): KeyframeError {
  return new KeyframeError({
    code: 'lsp.timeout',
    message: `The language server did not answer ${method} within ${timeoutMs} ms.`,
    action: 'A large project may still be loading: try again.',
    retryable: true,
  })
}

export function refused(message: string): KeyframeError {
  return new KeyframeError({
    code: 'lsp.refused',
    message,
    action: 'Check the position: it must lie on a symbol that the workspace itself declares.',
  })
}
