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
import { setTimeout as wait } from 'node:timers/promises'
import { z } from 'zod'
import { KeyframeError } from '../../../../../shared/failure'
import type { GuestPaths, SandboxProcess } from '../../sandboxes/sandbox'
import { readAnswer, TsResponse } from './answers'
import { frameMessage, MessageUnframer } from './message-framing'
import { PublishedDiagnostics } from './published-diagnostics'
import { ServerActivity } from './server-activity'
import { notSupported, ServerCapabilities } from './server-capabilities'
import { SEMANTIC_TOKEN_MODIFIERS, SEMANTIC_TOKEN_TYPES } from './semantic-tokens'
import type { ServerEntry } from './server-catalogue'
import { withGuestPaths } from './server-process'
import { fileOfUri, type WorkspacePaths } from './workspace-paths'

const STDERR_KEPT = 4000
const MAX_CAPTURED_EDITS = 100
const MAX_WATCHERS = 1_000
/** `ContentModified` and `ServerCancelled`: the server asks to be asked again. */
const ASK_AGAIN = new Set([-32801, -32802])
const ASK_AGAIN_TIMES = 20
const ASK_AGAIN_AFTER_MS = 150

const METHOD_NOT_FOUND = -32601
const REFRESHES = ['semanticTokens', 'inlayHint', 'codeLens', 'diagnostic', 'inlineValue', 'foldingRange'].map(
  (what) => `workspace/${what}/refresh`,
)

const CODE_ACTION_KINDS = ['', 'quickfix', 'refactor', 'refactor.extract', 'refactor.inline', 'refactor.rewrite', 'source']
const CLIENT_CAPABILITIES = {
  general: { positionEncodings: ['utf-16'] },
  window: { workDoneProgress: true },
  experimental: { serverStatusNotification: true },
  textDocument: {
    synchronization: { didSave: true },
    definition: { linkSupport: false },
    documentSymbol: { hierarchicalDocumentSymbolSupport: true },
    hover: { contentFormat: ['markdown', 'plaintext'] },
    signatureHelp: { signatureInformation: { documentationFormat: ['plaintext'], activeParameterSupport: true } },
    completion: { completionItem: { snippetSupport: false, documentationFormat: ['plaintext'] }, contextSupport: true },
    codeAction: {
      codeActionLiteralSupport: { codeActionKind: { valueSet: [...CODE_ACTION_KINDS, 'source.organizeImports', 'source.fixAll'] } },
      resolveSupport: { properties: ['edit', 'command'] },
      dataSupport: true,
      isPreferredSupport: true,
      disabledSupport: true,
    },
    rename: { prepareSupport: true },
    publishDiagnostics: { versionSupport: true, dataSupport: true },
    diagnostic: { dynamicRegistration: true, relatedDocumentSupport: false },
    callHierarchy: {},
    foldingRange: { lineFoldingOnly: true },
    semanticTokens: {
      requests: { full: true, range: false },
      formats: ['relative'],
      tokenTypes: SEMANTIC_TOKEN_TYPES,
      tokenModifiers: SEMANTIC_TOKEN_MODIFIERS,
      multilineTokenSupport: false,
      overlappingTokenSupport: false,
    },
  },
  workspace: {
    applyEdit: true,
    configuration: true,
    workspaceFolders: true,
    symbol: {},
    executeCommand: {},
    didChangeWatchedFiles: { dynamicRegistration: true, relativePatternSupport: true },
    didChangeConfiguration: { dynamicRegistration: true },
    workspaceEdit: { documentChanges: true, resourceOperations: ['create', 'rename', 'delete'], failureHandling: 'abort' },
  },
}

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

const Registrations = z.object({
  registrations: z
    .array(z.object({ id: z.string().max(500), method: z.string().max(200), registerOptions: z.unknown().optional() }))
    .max(1_000),
})
const Unregistrations = z.object({
  unregisterations: z.array(z.object({ id: z.string().max(500), method: z.string().max(200) })).max(1_000),
})
const RelativePattern = z.object({
  baseUri: z.union([z.string().max(5_000), z.object({ uri: z.string().max(5_000) })]),
  pattern: z.string().max(2_000),
})
const Watchers = z.object({
  watchers: z.array(z.object({ globPattern: z.union([z.string().max(2_000), RelativePattern]) })).max(MAX_WATCHERS),
})
const ConfigurationItems = z.object({ items: z.array(z.object({ section: z.string().max(500).optional() })).max(1_000) })

/** A running language server that has been initialised. What it sends is bounded and checked before it is kept. */
export class ServerConnection {
  readonly activity = new ServerActivity()
  readonly published = new PublishedDiagnostics()
  private readonly watchersById = new Map<string, string[]>()
  private capabilitiesSaid = new ServerCapabilities(null)
  private capturing: unknown[] | null = null
  private dead: ServerDied | null = null
  private stderr = ''

  private constructor(
    private readonly child: SandboxProcess,
    private readonly rpc: MessageConnection,
    readonly entry: ServerEntry,
  ) {}

  /** `root` is relative to the workspace, `.` for all of it. */
  static async open(
    child: SandboxProcess,
    at: { readonly entry: ServerEntry; readonly paths: WorkspacePaths; readonly root: string; readonly guest: GuestPaths },
    options: RequestOptions,
  ): Promise<ServerConnection> {
    const rpc = createMessageConnection(new ProcessReader(child), new ProcessWriter(child))
    const connection = new ServerConnection(child, rpc, at.entry)
    child.onStderr((chunk) => (connection.stderr = (connection.stderr + chunk.toString('utf8')).slice(-STDERR_KEPT)))
    void child.exited.then((code) => {
      connection.dead = new ServerDied(`The language server ended with code ${code}. ${connection.stderr.trim()}`.trim())
    })
    const rootUri = at.paths.uri(at.root)
    connection.answerServer(rootUri)
    rpc.listen()
    const answer = await connection.request(
      'initialize',
      {
        processId: null,
        clientInfo: { name: 'Keyframe' },
        locale: 'en',
        rootUri,
        workspaceFolders: [{ uri: rootUri, name: 'workspace' }],
        initializationOptions: withGuestPaths(at.entry.initializationOptions ?? null, at.guest),
        capabilities: CLIENT_CAPABILITIES,
      },
      options,
    )
    connection.capabilitiesSaid = new ServerCapabilities(answer)
    await connection.notify('initialized', {})
    if (Object.keys(at.entry.settings).length > 0) {
      await connection.notify('workspace/didChangeConfiguration', { settings: at.entry.settings })
    }
    return connection
  }

  get alive(): boolean {
    return this.dead === null
  }

  get pid(): number {
    return this.child.pid
  }

  get capabilities(): ServerCapabilities {
    return this.capabilitiesSaid
  }

  /** Globs of the files whose changes the server wants to be told about. */
  get watchers(): string[] {
    return [...this.watchersById.values()].flat()
  }

  /** Answers to what servers ask of their client. Edits are computed, never applied on a server's word. */
  private answerServer(rootUri: string): void {
    const { rpc } = this
    rpc.onRequest('client/registerCapability', (params: unknown) => {
      const parsed = Registrations.safeParse(params)
      for (const { id, method, registerOptions } of parsed.success ? parsed.data.registrations : []) {
        if (method === 'workspace/didChangeWatchedFiles') this.watch(id, registerOptions)
        else this.capabilities.register(id, method, registerOptions)
      }
      return null
    })
    rpc.onRequest('client/unregisterCapability', (params: unknown) => {
      const parsed = Unregistrations.safeParse(params)
      for (const { id, method } of parsed.success ? parsed.data.unregisterations : []) {
        if (method === 'workspace/didChangeWatchedFiles') this.watchersById.delete(id)
        else this.capabilities.unregister(id)
      }
      return null
    })
    rpc.onRequest('workspace/configuration', (params: unknown) => {
      const parsed = ConfigurationItems.safeParse(params)
      return (parsed.success ? parsed.data.items : []).map(({ section }) => settingsOf(this.entry.settings, section))
    })
    rpc.onRequest('workspace/workspaceFolders', () => [{ uri: rootUri, name: 'workspace' }])
    rpc.onRequest('workspace/applyEdit', (params: unknown) => {
      if (this.capturing === null || this.capturing.length >= MAX_CAPTURED_EDITS) return { applied: false }
      this.capturing.push(params)
      return { applied: true }
    })
    for (const method of ['window/workDoneProgress/create', 'window/showMessageRequest', ...REFRESHES]) rpc.onRequest(method, () => null)
    rpc.onRequest('window/showDocument', () => ({ success: false }))
    // The library listens to `$/progress` itself and hands on what belongs to no request.
    rpc.onUnhandledProgress((params) => this.activity.progress(params))
    rpc.onNotification('experimental/serverStatus', (params: unknown) => this.activity.status(params))
    rpc.onNotification('textDocument/publishDiagnostics', (params: unknown) => this.published.publish(params))
  }

  private watch(id: string, options: unknown): void {
    const parsed = Watchers.safeParse(options)
    if (!parsed.success || this.watchersById.size >= MAX_WATCHERS) return
    this.watchersById.set(
      id,
      parsed.data.watchers.map(({ globPattern }) => (typeof globPattern === 'string' ? globPattern : absoluteGlob(globPattern))),
    )
  }

  /** Throws `ServerDied`, `lsp.not-supported`, `lsp.refused` with the server's message, `lsp.timeout`, or the signal's reason. */
  async request(method: string, params: unknown, options: RequestOptions): Promise<unknown> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.requestOnce(method, params, options)
      } catch (error) {
        if (!(error instanceof ResponseError)) throw error
        if (!ASK_AGAIN.has(error.code) || attempt >= ASK_AGAIN_TIMES) throw this.refusal(error, method)
        await wait(ASK_AGAIN_AFTER_MS, undefined, { signal: options.signal })
      }
    }
  }

  /** The same for a request that the server must have announced. */
  async ask(method: string, params: unknown, options: RequestOptions): Promise<unknown> {
    this.capabilities.mustHave(method, this.entry.title)
    return this.request(method, params, options)
  }

  /** Keeps the edits that the server wants to have applied while `during` runs, instead of refusing them. */
  async capturingEdits<T>(during: () => Promise<T>): Promise<{ result: T; edits: unknown[] }> {
    const edits: unknown[] = []
    this.capturing = edits
    try {
      return { result: await during(), edits }
    } finally {
      this.capturing = null
    }
  }

  private async requestOnce(method: string, params: unknown, options: RequestOptions): Promise<unknown> {
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
    if (error.code === METHOD_NOT_FOUND) return notSupported(this.entry.title, method)
    if (/TS Server (exited|is not running)|process has exited/i.test(error.message)) return new ServerDied(plain)
    return refused(plain)
  }
}

function absoluteGlob({ baseUri, pattern }: z.output<typeof RelativePattern>): string {
  const folder = fileOfUri(typeof baseUri === 'string' ? baseUri : baseUri.uri) ?? ''
  return `${folder.replace(/\/+$/, '')}/${pattern}`
}

/** The settings below a dotted section; all of them for none. */
function settingsOf(settings: Readonly<Record<string, unknown>>, section: string | undefined): unknown {
  if (section === undefined || section === '') return settings
  let found: unknown = settings
  for (const step of section.split('.')) {
    found = typeof found === 'object' && found !== null ? Reflect.get(found, step) : undefined
  }
  return found ?? null
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
