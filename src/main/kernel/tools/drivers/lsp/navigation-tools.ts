import { defineTool, type ToolSpec } from '../../driver'
import type { Location, SymbolInfo } from '../../schemas/lsp'
import { ToolSchemas } from '../../schemas'
import { type LspDocumentSymbol, LspDocumentSymbols, LspHover, LspLocations, readAnswer, TsNavTo } from './answers'
import { DEFAULT_TIMEOUT_MS, type LspToolHost, positionParams, textDocument } from './tool-host'
import { comparePaths, comparePositions, inOrder, rangeOfLsp, rangeOfTs } from './source-lines'
import { readsFile, readsWorkspace } from './requested-paths'
import { pathOfGuest } from './workspace-paths'

const MAX_SHOWN = 100
const MAX_SYMBOLS = 1000

/** Names of `SymbolKind`, from 1. */
const SYMBOL_KINDS =
  'file module namespace package class method property field constructor enum interface function variable constant string number boolean array object key null enum-member struct event operator type-parameter'.split(
    ' ',
  )

/** Questions that change nothing: where, what, who uses it. */
export function navigationTools(host: LspToolHost): ToolSpec[] {
  return [
    defineTool({
      name: 'lsp.definition',
      description: 'Where the symbol at a position is declared.',
      ...ToolSchemas['lsp.definition'],
      capabilities: readsFile,
      effect: 'pure',
      timeoutMs: DEFAULT_TIMEOUT_MS,
      execute: (args, call) =>
        host.ask(call, async ({ connection, documents, request }) => {
          await documents.ensure(args.path)
          const answer = await connection.request('textDocument/definition', positionParams(args), request)
          const locations = await host.locate(readAnswer(LspLocations, answer, 'definition'))
          return { output: { locations }, text: describe(locations, 'declaration') }
        }),
    }),
    defineTool({
      name: 'lsp.references',
      description: 'Every use of the symbol at a position, in all files of the workspace.',
      ...ToolSchemas['lsp.references'],
      capabilities: readsFile,
      effect: 'pure',
      timeoutMs: DEFAULT_TIMEOUT_MS,
      execute: (args, call) =>
        host.ask(call, async ({ connection, documents, request }) => {
          await documents.ensure(args.path)
          const context = { includeDeclaration: args.includeDeclaration ?? true }
          const answer = await connection.request('textDocument/references', { ...positionParams(args), context }, request)
          const locations = await host.locate(readAnswer(LspLocations, answer, 'references'))
          return { output: { locations }, text: describe(locations, 'reference') }
        }),
    }),
    defineTool({
      name: 'lsp.hover',
      description: 'Type and documentation of the symbol at a position.',
      ...ToolSchemas['lsp.hover'],
      capabilities: readsFile,
      effect: 'pure',
      timeoutMs: DEFAULT_TIMEOUT_MS,
      execute: (args, call) =>
        host.ask(call, async ({ connection, documents, request }) => {
          await documents.ensure(args.path)
          const answer = await connection.request('textDocument/hover', positionParams(args), request)
          const contents = readAnswer(LspHover, answer, 'hover')?.contents ?? []
          const parts = (Array.isArray(contents) ? contents : [contents]).map((part) => (typeof part === 'string' ? part : part.value))
          const text = parts.join('\n').trim() || null
          return { output: { text }, text: text ?? 'Nothing is known about this position.' }
        }),
    }),
    defineTool({
      name: 'lsp.documentSymbols',
      description: 'The symbols that a file declares, with their ranges.',
      ...ToolSchemas['lsp.documentSymbols'],
      capabilities: readsFile,
      effect: 'pure',
      timeoutMs: DEFAULT_TIMEOUT_MS,
      execute: (args, call) =>
        host.ask(call, async ({ connection, documents, request }) => {
          await documents.ensure(args.path)
          const answer = await connection.request('textDocument/documentSymbol', { textDocument: textDocument(args.path) }, request)
          const symbols = inOrder(flatten(args.path, readAnswer(LspDocumentSymbols, answer, 'documentSymbol') ?? [], null))
          return { output: { symbols }, text: describeSymbols(symbols) }
        }),
    }),
    defineTool({
      name: 'lsp.workspaceSymbols',
      description: 'Symbols of the workspace whose name contains the query, exact names first.',
      ...ToolSchemas['lsp.workspaceSymbols'],
      capabilities: readsWorkspace,
      effect: 'pure',
      timeoutMs: DEFAULT_TIMEOUT_MS,
      execute: (args, call) =>
        host.ask(call, async ({ connection, request }) => {
          const body = await connection.tsserver('navto', { searchValue: args.query, maxResultCount: MAX_SYMBOLS }, request)
          const found = readAnswer(TsNavTo, body ?? [], 'navto').flatMap((item) => {
            const path = pathOfGuest(item.file)
            return path === null ? [] : [{ item, path }]
          })
          const symbols: SymbolInfo[] = []
          for (const { item, path } of found) {
            const range = rangeOfTs(item)
            const name = await host.findName(path, range, item.name)
            symbols.push({ ...range, name: item.name, kind: item.kind, path, container: item.containerName || null, ...name })
          }
          const sorted = unique(symbols).sort(
            (a, b) =>
              Number(b.name === args.query) - Number(a.name === args.query) || comparePaths(a.path, b.path) || comparePositions(a, b),
          )
          return { output: { symbols: sorted }, text: describeSymbols(sorted) }
        }),
    }),
  ]
}

function flatten(path: string, symbols: readonly LspDocumentSymbol[], container: string | null): SymbolInfo[] {
  return symbols.flatMap((symbol) => [
    {
      ...rangeOfLsp(symbol.range),
      name: symbol.name,
      kind: SYMBOL_KINDS[symbol.kind - 1] ?? 'symbol',
      path,
      container,
      nameLine: symbol.selectionRange.start.line + 1,
      nameColumn: symbol.selectionRange.start.character,
    },
    ...flatten(path, symbol.children ?? [], symbol.name),
  ])
}

/** A file that belongs to two projects is found twice. */
function unique(symbols: readonly SymbolInfo[]): SymbolInfo[] {
  return [...new Map(symbols.map((symbol) => [`${symbol.path}:${symbol.startLine}:${symbol.startColumn}:${symbol.name}`, symbol])).values()]
}

function describe(locations: readonly Location[], what: string): string {
  if (locations.length === 0) return `No ${what} found.`
  const lines = locations
    .slice(0, MAX_SHOWN)
    .map((location) => `${location.path}:${location.startLine}:${location.startColumn} ${location.context}`)
  if (locations.length > MAX_SHOWN) lines.push(`... and ${locations.length - MAX_SHOWN} more`)
  return lines.join('\n')
}

function describeSymbols(symbols: readonly SymbolInfo[]): string {
  if (symbols.length === 0) return 'No symbol found.'
  const lines = symbols
    .slice(0, MAX_SHOWN)
    .map(
      (symbol) =>
        `${symbol.path}:${symbol.nameLine}:${symbol.nameColumn} ${symbol.kind} ${symbol.container ? `${symbol.container}.` : ''}${symbol.name}`,
    )
  if (symbols.length > MAX_SHOWN) lines.push(`... and ${symbols.length - MAX_SHOWN} more`)
  return lines.join('\n')
}
