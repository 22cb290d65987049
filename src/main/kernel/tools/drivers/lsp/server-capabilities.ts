import { KeyframeError } from '../../../../../shared/failure'
import { z } from 'zod'

/** Which capability stands for a request, in the answer to `initialize`. */
const PROVIDERS: Readonly<Record<string, string>> = {
  'textDocument/definition': 'definitionProvider',
  'textDocument/declaration': 'declarationProvider',
  'textDocument/typeDefinition': 'typeDefinitionProvider',
  'textDocument/implementation': 'implementationProvider',
  'textDocument/references': 'referencesProvider',
  'textDocument/hover': 'hoverProvider',
  'textDocument/documentSymbol': 'documentSymbolProvider',
  'textDocument/documentHighlight': 'documentHighlightProvider',
  'textDocument/signatureHelp': 'signatureHelpProvider',
  'textDocument/completion': 'completionProvider',
  'textDocument/codeAction': 'codeActionProvider',
  'textDocument/formatting': 'documentFormattingProvider',
  'textDocument/rangeFormatting': 'documentRangeFormattingProvider',
  'textDocument/rename': 'renameProvider',
  'textDocument/foldingRange': 'foldingRangeProvider',
  'textDocument/semanticTokens/full': 'semanticTokensProvider',
  'textDocument/prepareCallHierarchy': 'callHierarchyProvider',
  'textDocument/diagnostic': 'diagnosticProvider',
  'workspace/symbol': 'workspaceSymbolProvider',
  'workspace/executeCommand': 'executeCommandProvider',
}

const MAX_REGISTERED = 500
const names = z.array(z.string().max(500)).max(5_000)

const Initialized = z.object({
  capabilities: z.record(z.string().max(200), z.unknown()),
  serverInfo: z.object({ name: z.string().max(200), version: z.string().max(2_000).optional() }).optional(),
})
const Legend = z.object({ legend: z.object({ tokenTypes: names, tokenModifiers: names }) })
const Commands = z.object({ commands: names })
const ActionKinds = z.object({ codeActionKinds: names })
const Resolves = z.object({ resolveProvider: z.boolean().optional() })
const Prepares = z.object({ prepareProvider: z.boolean().optional() })

/** What a server said that it can do, at `initialize` and later by registration. */
export class ServerCapabilities {
  private readonly said: Readonly<Record<string, unknown>>
  /** By the server's own id: it may register a method anew before it takes the old one back. */
  private readonly registered = new Map<string, { readonly method: string; readonly options: unknown }>()

  /** `answer` is the server's to `initialize`; one that is no such answer announces nothing. */
  constructor(answer: unknown) {
    const parsed = Initialized.safeParse(answer)
    this.said = parsed.success ? parsed.data.capabilities : {}
  }

  register(id: string, method: string, options: unknown): void {
    if (this.registered.size < MAX_REGISTERED) this.registered.set(id, { method, options: options ?? {} })
  }

  unregister(id: string): void {
    this.registered.delete(id)
  }

  has(method: string): boolean {
    return this.optionsOf(method) !== null
  }

  /** Throws `lsp.not-supported` naming the server and the request. */
  mustHave(method: string, server: string): void {
    if (!this.has(method)) throw notSupported(server, method)
  }

  /** The names that the numbers of semantic tokens stand for. */
  legend(): { tokenTypes: string[]; tokenModifiers: string[] } | null {
    const parsed = Legend.safeParse(this.optionsOf('textDocument/semanticTokens/full'))
    return parsed.success ? parsed.data.legend : null
  }

  commands(): string[] {
    const parsed = Commands.safeParse(this.optionsOf('workspace/executeCommand'))
    return parsed.success ? parsed.data.commands : []
  }

  /** The kinds that it announced or, where it named none, all. */
  codeActionKinds(): string[] {
    const parsed = ActionKinds.safeParse(this.optionsOf('textDocument/codeAction'))
    return parsed.success ? parsed.data.codeActionKinds : ['source']
  }

  resolvesCodeActions(): boolean {
    const parsed = Resolves.safeParse(this.optionsOf('textDocument/codeAction'))
    return parsed.success && parsed.data.resolveProvider === true
  }

  preparesRename(): boolean {
    const parsed = Prepares.safeParse(this.optionsOf('textDocument/rename'))
    return parsed.success && parsed.data.prepareProvider === true
  }

  private optionsOf(method: string): unknown {
    const provider = this.said[PROVIDERS[method] ?? '']
    if (provider !== undefined && provider !== null && provider !== false) return provider
    const family = method.startsWith('textDocument/semanticTokens') ? 'textDocument/semanticTokens' : method
    return [...this.registered.values()].find((one) => one.method === method || one.method === family)?.options ?? null
  }
}

export function notSupported(server: string, what: string): KeyframeError {
  return new KeyframeError({
    code: 'lsp.not-supported',
    message: `${server} does not answer ${what}.`,
    action: 'Use another request, or fs.read and code.search.',
  })
}
