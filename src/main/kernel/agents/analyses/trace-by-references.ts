import type { GraphEdge, GraphNode } from '../../../../shared/graph'
import type { AgentApi } from '../agent-api'
import { tryTool } from '../refactorings/agent-tools'
import { findSymbol, type SymbolTarget } from '../refactorings/find-symbol'
import { isTest } from '../refactorings/left-out-files'
import type { Declaration } from '../refactorings/parsed-source'
import { SourceReader } from '../refactorings/source-reader'
import type { Traced } from './trace-path'

const MAX_HOPS = 8
const MAX_SYMBOLS = 80

interface Reached {
  readonly node: GraphNode
  /** Towards the end of the trace; null for the end itself. */
  readonly next: GraphEdge | null
}

/**
 * The same question asked of the language server, for what the index does not know (yet): backwards from the end, over the
 * declarations that refer to each symbol, until the start is among them. Exact, but one request per symbol, so bounded.
 */
export async function traceByReferences(api: AgentApi, fromName: string, toName: string): Promise<Traced | null> {
  const reader = new SourceReader(api)
  const from = nodeOf(await findSymbol(reader, { name: fromName, file: null }, 'Trace'))
  const to = nodeOf(await findSymbol(reader, { name: toName, file: null }, 'Trace'))
  const reached = new Map<string, Reached>([[to.id, { node: to, next: null }]])
  let frontier = [to]
  for (let hop = 0; hop < MAX_HOPS && frontier.length > 0 && !reached.has(from.id); hop += 1) {
    const next: GraphNode[] = []
    for (const callee of frontier) {
      if (reached.size > MAX_SYMBOLS) break
      for (const caller of await callersOf(reader, callee)) {
        if (reached.has(caller.edge.from)) continue
        reached.set(caller.edge.from, { node: caller.node, next: caller.edge })
        next.push(caller.node)
      }
    }
    frontier = next
  }
  if (!reached.has(from.id) || from.id === to.id) return null
  const path: GraphEdge[] = []
  const nodes = new Map<string, GraphNode>()
  for (let at = reached.get(from.id); at !== undefined; at = at.next === null ? undefined : reached.get(at.next.to)) {
    nodes.set(at.node.id, at.node)
    if (at.next !== null) path.push(at.next)
  }
  return { from, to, path, nodes, truncated: reached.size > MAX_SYMBOLS }
}

async function callersOf(reader: SourceReader, callee: GraphNode): Promise<{ node: GraphNode; edge: GraphEdge }[]> {
  const position = { path: callee.path, line: callee.nameLine, column: callee.nameColumn }
  const reply = await tryTool(reader.api, 'lsp.references', { ...position, includeDeclaration: false })
  if (!reply.ok) return []
  const callers: { node: GraphNode; edge: GraphEdge }[] = []
  const paths = [...new Set(reply.output.locations.map((location) => location.path))].filter((path) => !isTest(path)).sort()
  for (const path of paths) {
    const source = await reader.tryRead(path)
    if (source === null) continue
    const syntax = reader.syntaxOf(source)
    for (const location of reply.output.locations.filter((one) => one.path === path)) {
      const role = await syntax.roleAt(location.startLine, location.startColumn)
      const user = await syntax.enclosingDeclaration(location.startLine, location.startColumn)
      if (user === null || role === 'import' || role === 'export' || role === 'declaration') continue
      const node = nodeOf({ path, declaration: user })
      const kind = role === 'call' ? 'calls' : 'references'
      callers.push({
        node,
        edge: { from: node.id, to: callee.id, kind, confidence: 1, method: 'language server', line: location.startLine },
      })
    }
  }
  return callers
}

function nodeOf(symbol: Pick<SymbolTarget, 'path' | 'declaration'>): GraphNode {
  const { path, declaration } = symbol
  return {
    id: `${path}#${[...declaration.containers, declaration.name].join('.')}`,
    kind: graphKind(declaration.kind),
    name: declaration.name,
    path,
    startLine: declaration.line,
    endLine: declaration.line,
    nameLine: declaration.line,
    nameColumn: declaration.column,
    exported: declaration.exported !== 'no',
    signature: '',
  }
}

function graphKind(kind: Declaration['kind']): GraphNode['kind'] {
  if (kind === 'namespace') return 'module'
  return kind === 'parameter' ? 'variable' : kind
}
