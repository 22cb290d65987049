import { z } from 'zod'
import { ContentHash } from '../../../../shared/ids'
import { column, line, path, position, TextRange, WorkspaceEdit } from './text'

/** What an occurrence of a symbol does. `doc` and `comment` are mentions in text; `other` is what cannot be told. */
export const OccurrenceKind = z.enum(['declaration', 'definition', 'read', 'write', 'call', 'import', 'type', 'doc', 'comment', 'other'])
export type OccurrenceKind = z.infer<typeof OccurrenceKind>

export const Location = TextRange.extend({
  path,
  /** The source line it starts on, trimmed to 400 characters. */
  context: z.string(),
  kind: OccurrenceKind.optional(),
  /** The symbol that it lies in, outermost first: `Account.pay`. */
  symbol: z.string().optional(),
})
export type Location = z.infer<typeof Location>

/** What lies outside of the workspace (a standard library, a package) and is only named. */
export const ExternalPlaces = z.object({ count: z.number().int().min(1), files: z.array(z.string()).max(20) })
export type ExternalPlaces = z.infer<typeof ExternalPlaces>

/** Lines of a file that an answer is about. `version` is the content hash that the filesystem's tools give. */
export const SourceExcerpt = z.object({ path, version: ContentHash, startLine: line, endLine: line, text: z.string() })
export type SourceExcerpt = z.infer<typeof SourceExcerpt>

/** At most 8 files of at most 60 lines. */
const sources = z.array(SourceExcerpt).max(8).optional()
const Located = z.object({ locations: z.array(Location), external: ExternalPlaces.optional(), sources })

export const SymbolInfo = TextRange.extend({
  name: z.string(),
  kind: z.string(),
  path,
  container: z.string().nullable(),
  nameLine: line,
  nameColumn: column,
})
export type SymbolInfo = z.infer<typeof SymbolInfo>

export const Diagnostic = TextRange.extend({
  path,
  severity: z.enum(['error', 'warning', 'information', 'hint']),
  code: z.string(),
  message: z.string(),
  source: z.string(),
})
export type Diagnostic = z.infer<typeof Diagnostic>

/** A function that calls or is called, with the places of the calls in the caller's file. */
export const CallInfo = SymbolInfo.extend({ callsAt: z.object({ path, ranges: z.array(TextRange) }) })
export type CallInfo = z.infer<typeof CallInfo>
const Calls = z.object({ calls: z.array(CallInfo), external: ExternalPlaces.optional() })

export const CodeActionInfo = z.object({
  /** Number to apply it by, in the list for the same range of the same text. */
  index: z.number().int().min(0),
  title: z.string(),
  kind: z.string(),
  isPreferred: z.boolean(),
  /** Why it cannot be applied here; null when it can. */
  disabled: z.string().nullable(),
})
export type CodeActionInfo = z.infer<typeof CodeActionInfo>

export const SemanticTokenInfo = z.object({
  line,
  startColumn: column,
  endColumn: column,
  text: z.string(),
  type: z.string(),
  modifiers: z.array(z.string()),
})

export const ServerHealth = z.object({
  language: z.string(),
  name: z.string(),
  source: z.enum(['shipped', 'settings']),
  version: z.string().nullable(),
  /** Folder of the project; null while no server was asked for. */
  root: z.string().nullable(),
  state: z.enum(['not-started', 'starting', 'busy', 'ready', 'ended', 'crashed', 'missing']),
  restarts: z.number().int(),
  /** Resident memory of its processes; null where it cannot be seen. */
  memoryBytes: z.number().nullable(),
  openDocuments: z.number().int(),
  /** What it is busy with, why it ended, what to install. */
  message: z.string().nullable(),
})
export type ServerHealth = z.infer<typeof ServerHealth>

const Actions = TextRange.extend({ path, /** Only actions of this kind and below, such as `quickfix`. */ kind: z.string().optional() })
/** Computed, not applied: pass the edit to fs.applyEdit. */
const Edited = z.object({ edit: WorkspaceEdit })

export const lspSchemas = {
  'lsp.definition': { input: position, output: Located },
  'lsp.declaration': { input: position, output: Located },
  'lsp.typeDefinition': { input: position, output: Located },
  'lsp.implementation': { input: position, output: Located },
  'lsp.references': { input: position.extend({ includeDeclaration: z.boolean().optional() }), output: Located },
  'lsp.hover': { input: position, output: z.object({ text: z.string().nullable(), sources }) },
  'lsp.documentSymbols': { input: z.object({ path }), output: z.object({ symbols: z.array(SymbolInfo) }) },
  /** Of one language, or of all that have files here. Servers that could not be asked are named with the reason. */
  'lsp.workspaceSymbols': {
    input: z.object({ query: z.string().max(1000), language: z.string().optional() }),
    output: z.object({
      symbols: z.array(SymbolInfo),
      notAsked: z.array(z.object({ language: z.string(), reason: z.string() })).optional(),
    }),
  },
  'lsp.incomingCalls': { input: position, output: Calls },
  'lsp.outgoingCalls': { input: position, output: Calls },
  'lsp.signatureHelp': {
    input: position,
    output: z.object({
      signatures: z.array(z.object({ label: z.string(), documentation: z.string().nullable(), parameters: z.array(z.string()) })),
      activeSignature: z.number().int(),
      activeParameter: z.number().int(),
    }),
  },
  'lsp.completion': {
    input: position.extend({ limit: z.number().int().min(1).max(500).optional() }),
    output: z.object({
      items: z.array(z.object({ label: z.string(), kind: z.string(), detail: z.string().nullable(), insertText: z.string() })),
      isIncomplete: z.boolean(),
    }),
  },
  'lsp.codeActions': { input: Actions, output: z.object({ actions: z.array(CodeActionInfo) }) },
  /** `title` must be the one that the list shows at this index, so that another text's action is never taken. */
  'lsp.codeAction': {
    input: Actions.extend({ index: z.number().int().min(0), title: z.string() }),
    output: Edited.extend({ title: z.string() }),
  },
  /** A command that the server announced. `edit` is what it wanted to change, not applied. */
  'lsp.executeCommand': {
    input: z.object({
      language: z.string(),
      /** Any file of the project. */ path: path.optional(),
      command: z.string(),
      arguments: z.array(z.json()).max(50).optional(),
    }),
    output: Edited.extend({ result: z.json() }),
  },
  'lsp.prepareRename': { input: position, output: z.object({ range: TextRange.nullable(), name: z.string().nullable() }) },
  'lsp.rename': { input: position.extend({ newName: z.string().min(1) }), output: Edited },
  'lsp.format': {
    input: z.object({
      path,
      range: TextRange.optional(),
      tabSize: z.number().int().min(1).max(16).optional(),
      insertSpaces: z.boolean().optional(),
    }),
    output: Edited,
  },
  'lsp.organiseImports': { input: z.object({ path }), output: Edited },
  'lsp.moveSymbol': { input: position.extend({ toPath: path }), output: Edited },
  /** `code` is a diagnostic's code; a code action that fixes it everywhere in the file is preferred. */
  'lsp.fix': { input: z.object({ path, code: z.string() }), output: Edited.extend({ titles: z.array(z.string()) }) },
  'lsp.semanticTokens': {
    input: z.object({ path, startLine: line.optional(), endLine: line.optional() }),
    output: z.object({ tokens: z.array(SemanticTokenInfo), truncated: z.boolean() }),
  },
  'lsp.foldingRanges': {
    input: z.object({ path }),
    output: z.object({ ranges: z.array(z.object({ startLine: line, endLine: line, kind: z.string() })) }),
  },
  /** `pending`: files whose server had not said anything about their present text in time. */
  'lsp.diagnostics': {
    input: z.object({ paths: z.array(path).min(1).max(500) }),
    output: z.object({ diagnostics: z.array(Diagnostic), pending: z.array(path).optional() }),
  },
  'lsp.servers': { input: z.object({}), output: z.object({ servers: z.array(ServerHealth) }) },
  /** Ends the servers of a language (all when none is named); the next question starts them again. */
  'lsp.restart': { input: z.object({ language: z.string().optional() }), output: z.object({ restarted: z.number().int() }) },
} as const
