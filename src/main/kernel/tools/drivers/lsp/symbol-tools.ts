import { KeyframeError } from '../../../../../shared/failure'
import { defineTool, type ToolCallContext, type ToolSpec } from '../../driver'
import type { CallInfo, SymbolInfo } from '../../schemas/lsp'
import { ToolSchemas } from '../../schemas'
import {
  type LspDocumentSymbol,
  LspCallItems,
  LspIncomingCalls,
  LspOutgoingCalls,
  LspWorkspaceSymbols,
  readAnswer,
  TsNavTo,
} from './answers'
import { divide } from './enriched-locations'
import { describeExternal } from './locate-tools'
import { readsFile, readsWorkspace } from './requested-paths'
import { comparePaths, comparePositions, inOrder, rangeOfLsp, rangeOfTs, symbolKindName } from './source-lines'
import { type Asking, DEFAULT_TIMEOUT_MS, findName, isTypeScript, type LspToolHost, positionParams, symbolsOf } from './tool-host'

const MAX_SHOWN = 100
const MAX_SYMBOLS = 1000
/** Each project has a server of its own: so many are asked at most. */
const MAX_PROJECTS = 8

/** Questions about symbols by name and by who calls whom. */
export function symbolTools(host: LspToolHost): ToolSpec[] {
  return [
    defineTool({
      name: 'lsp.documentSymbols',
      description: 'The symbols that a file declares, with their ranges.',
      ...ToolSchemas['lsp.documentSymbols'],
      capabilities: readsFile,
      effect: 'pure',
      timeoutMs: DEFAULT_TIMEOUT_MS,
      execute: (args, call) =>
        host.ask(call, args.path, async (asking) => {
          asking.connection.capabilities.mustHave('textDocument/documentSymbol', asking.session.entry.title)
          const symbols = inOrder(flatten(args.path, await symbolsOf(asking, args.path), null))
          return { output: { symbols }, text: describeSymbols(symbols) }
        }),
    }),
    defineTool({
      name: 'lsp.workspaceSymbols',
      description: 'Symbols of the workspace whose name contains the query, exact names first, of all languages or one.',
      ...ToolSchemas['lsp.workspaceSymbols'],
      capabilities: readsWorkspace,
      effect: 'pure',
      timeoutMs: DEFAULT_TIMEOUT_MS,
      execute: async (args, call) => {
        const { symbols, notAsked } = await everywhere(host, call, args.language ?? null, (asking) => workspaceSymbols(asking, args.query))
        const sorted = unique(symbols).sort(
          (a, b) => Number(b.name === args.query) - Number(a.name === args.query) || comparePaths(a.path, b.path) || comparePositions(a, b),
        )
        const missing = notAsked.map(({ language, reason }) => `Not asked: ${language}. ${reason}`)
        return {
          output: { symbols: sorted, ...(notAsked.length === 0 ? {} : { notAsked }) },
          text: [describeSymbols(sorted), ...missing].join('\n'),
        }
      },
    }),
    defineTool({
      name: 'lsp.incomingCalls',
      description: 'The functions that call the function at a position, with the places of the calls.',
      ...ToolSchemas['lsp.incomingCalls'],
      capabilities: readsFile,
      effect: 'pure',
      timeoutMs: DEFAULT_TIMEOUT_MS,
      execute: (args, call) => host.ask(call, args.path, (asking) => calls(asking, args, 'incoming')),
    }),
    defineTool({
      name: 'lsp.outgoingCalls',
      description: 'The functions that the function at a position calls, with the places of the calls.',
      ...ToolSchemas['lsp.outgoingCalls'],
      capabilities: readsFile,
      effect: 'pure',
      timeoutMs: DEFAULT_TIMEOUT_MS,
      execute: (args, call) => host.ask(call, args.path, (asking) => calls(asking, args, 'outgoing')),
    }),
  ]
}

interface Everywhere {
  readonly symbols: SymbolInfo[]
  readonly notAsked: { language: string; reason: string }[]
}

/** The servers of each language that has files here. A language that was asked for by name must have one. */
async function everywhere(
  host: LspToolHost,
  call: ToolCallContext,
  language: string | null,
  ask: (asking: Asking) => Promise<SymbolInfo[]>,
): Promise<Everywhere> {
  const wanted = language === null ? null : host.catalogue.ofLanguage(language).language
  const { files } = host.pool(call)
  const request = { signal: call.signal, timeoutMs: DEFAULT_TIMEOUT_MS }
  const result: Everywhere = { symbols: [], notAsked: [] }
  for (const found of (await files.languages(host.catalogue, request)).keys()) {
    if (wanted !== null && found !== wanted) continue
    try {
      for (const path of await files.projects(host.catalogue, found, MAX_PROJECTS, request)) {
        result.symbols.push(...(await host.askOf(call, path, ask)))
      }
    } catch (error) {
      const cannot = error instanceof KeyframeError && ['lsp.no-server', 'lsp.not-supported', 'lsp.server-crashing'].includes(error.code)
      if (!cannot || wanted !== null) throw error
      result.notAsked.push({ language: found, reason: `${error.message} ${error.failure.action ?? ''}`.trim() })
    }
  }
  return result
}

async function workspaceSymbols(asking: Asking, query: string): Promise<SymbolInfo[]> {
  if (isTypeScript(asking)) {
    const body = await asking.connection.tsserver('navto', { searchValue: query, maxResultCount: MAX_SYMBOLS }, asking.request)
    const symbols: SymbolInfo[] = []
    for (const item of readAnswer(TsNavTo, body ?? [], 'navto')) {
      const path = asking.paths.ofFile(item.file)
      if (path === null) continue
      const range = rangeOfTs(item)
      const name = await findName(asking.readText, path, range, item.name)
      symbols.push({ ...range, name: item.name, kind: item.kind, path, container: item.containerName || null, ...name })
    }
    return symbols
  }
  const answer = await asking.connection.ask('workspace/symbol', { query }, asking.request)
  const symbols: SymbolInfo[] = []
  for (const { name, kind, location, containerName } of (readAnswer(LspWorkspaceSymbols, answer, 'workspace/symbol') ?? []).slice(
    0,
    MAX_SYMBOLS,
  )) {
    const path = asking.paths.ofUri(location.uri)
    if (path === null) continue
    const range = rangeOfLsp(location.range)
    // Some servers name a symbol with its type: `Router.Handle`.
    const last = name.split(/::|\./).at(-1) ?? name
    symbols.push({
      ...range,
      name: last === '' ? name : last,
      kind: symbolKindName(kind),
      path,
      container: containerName || null,
      ...(await findName(asking.readText, path, range, last)),
    })
  }
  return symbols
}

async function calls(asking: Asking, at: { path: string; line: number; column: number }, direction: 'incoming' | 'outgoing') {
  const prepared = await asking.connection.ask('textDocument/prepareCallHierarchy', positionParams(asking.paths, at), asking.request)
  const found: CallInfo[] = []
  const outside: { uri: string; range: CallRange }[] = []
  for (const item of readAnswer(LspCallItems, prepared, 'prepareCallHierarchy') ?? []) {
    const answer = await asking.connection.request(`callHierarchy/${direction}Calls`, { item }, asking.request)
    const all =
      direction === 'incoming'
        ? (readAnswer(LspIncomingCalls, answer, 'incomingCalls') ?? []).map(({ from, fromRanges }) => ({
            other: from,
            caller: from,
            fromRanges,
          }))
        : (readAnswer(LspOutgoingCalls, answer, 'outgoingCalls') ?? []).map(({ to, fromRanges }) => ({
            other: to,
            caller: item,
            fromRanges,
          }))
    for (const { other, caller, fromRanges } of all) {
      const [path, callerPath] = [asking.paths.ofUri(other.uri), asking.paths.ofUri(caller.uri)]
      if (path === null || callerPath === null) {
        outside.push({ uri: other.uri, range: other.range })
        continue
      }
      found.push({
        ...rangeOfLsp(other.range),
        name: other.name,
        kind: symbolKindName(other.kind),
        path,
        container: null,
        nameLine: other.selectionRange.start.line + 1,
        nameColumn: other.selectionRange.start.character,
        callsAt: { path: callerPath, ranges: fromRanges.map(rangeOfLsp) },
      })
    }
  }
  const { external } = divide(asking, outside)
  const sorted = inOrder(found)
  const text = sorted.length === 0 ? `No ${direction} calls in the workspace.` : describeSymbols(sorted)
  return {
    output: { calls: sorted, ...(external === null ? {} : { external }) },
    text: external === null ? text : `${text}\n${describeExternal(external)}`,
  }
}

type CallRange = LspDocumentSymbol['range']

function flatten(path: string, symbols: readonly LspDocumentSymbol[], container: string | null): SymbolInfo[] {
  return symbols.flatMap((symbol) => [
    {
      ...rangeOfLsp(symbol.range),
      name: symbol.name,
      kind: symbolKindName(symbol.kind),
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
