import type { ContextChange, ContextState } from '../../../shared/context'
import type { ContextEdit } from '../../../shared/contract/methods'
import { KeyframeError } from '../../../shared/failure'
import type { GraphEdge, GraphNode, GraphResult, GraphTable, GraphValue, HybridHit } from '../../../shared/graph'
import type { ContentHash } from '../../../shared/ids'
import type { ResolvedEdit } from './context-edits'

/** Where edits by hand take from what they add: files and the model of the codebase as of the point that is edited. */
export interface EditSources {
  /** Null: there is no such file, or it is no text. */
  readFile(path: string): Promise<{ readonly text: string; readonly version: ContentHash } | null>
  /** The state before a frame of edits by hand, and its changes. Throws when the frame is none. */
  editedAt(frame: number): { readonly before: ContextState; readonly changes: readonly ContextChange[] }
  /** Null where there is no model of the codebase: symbols and queries are then refused. */
  readonly graph: {
    node(id: string): Promise<GraphNode | null>
    /** The node with what is one edge away. */
    neighbours(id: string): Promise<GraphResult>
    search(query: string): Promise<readonly HybridHit[]>
    query(cypher: string): Promise<GraphTable>
  } | null
}

/** What is shown of an answer; the whole of it can be asked for again. */
const MOST_ROWS = 100
const MOST_NEIGHBOURS = 60

/**
 * Looks up what edits add, so that the policy that applies them looks nothing up. Throws KeyframeError `context.no-such-file`,
 * `context.no-such-symbol`, `context.no-index`, or what a query is refused with; nothing has been changed then.
 */
export async function resolveEdits(edits: readonly ContextEdit[], sources: EditSources): Promise<ResolvedEdit[]> {
  const resolved: ResolvedEdit[] = []
  for (const edit of edits) resolved.push(await resolveEdit(edit, sources))
  return resolved
}

async function resolveEdit(edit: ContextEdit, sources: EditSources): Promise<ResolvedEdit> {
  switch (edit.op) {
    case 'add-file':
      return fileText(edit, sources)
    case 'add-symbol':
      return symbolText(edit.id, sources)
    case 'add-query':
      return edit.language === 'cypher' ? tableText(edit.query, sources) : hitsText(edit.query, sources)
    case 'undo':
      return { ...edit, ...sources.editedAt(edit.frame) }
    default:
      return edit
  }
}

async function fileText(edit: Extract<ContextEdit, { op: 'add-file' }>, sources: EditSources): Promise<ResolvedEdit> {
  const file = await sources.readFile(edit.path)
  if (file === null) {
    throw new KeyframeError({
      code: 'context.no-such-file',
      message: `There is no file of text ${edit.path} at this frame.`,
      action: 'Choose a file of the tree as of the frame.',
      details: { path: edit.path },
    })
  }
  const { path } = edit
  if (edit.lines === undefined) return { op: 'add-file-text', path, ...file, lines: null }
  const lines = file.text.split('\n')
  const from = Math.min(edit.lines.from, lines.length)
  const to = Math.max(from, Math.min(edit.lines.to, lines.length))
  const isWhole = from === 1 && to === lines.length
  if (isWhole) return { op: 'add-file-text', path, ...file, lines: null }
  return {
    ...{ op: 'add-file-text', path, version: file.version },
    text: lines.slice(from - 1, to).join('\n'),
    lines: { from, to, of: lines.length },
  }
}

async function symbolText(id: string, sources: EditSources): Promise<ResolvedEdit> {
  const graph = graphOf(sources)
  const node = await graph.node(id)
  if (node === null) {
    throw new KeyframeError({
      code: 'context.no-such-symbol',
      message: `The index knows no ${id} at this frame.`,
      action: 'Search for it by name.',
      details: { id },
    })
  }
  const [file, around] = await Promise.all([node.path === '' ? null : sources.readFile(node.path), graph.neighbours(id)])
  const lines = { from: node.startLine, to: node.endLine }
  const source =
    file === null || node.startLine < 1
      ? ''
      : file.text
          .split('\n')
          .slice(lines.from - 1, lines.to)
          .join('\n')
  const where = source === '' ? '' : `${node.path}:${lines.from}-${lines.to}`
  const text = [
    `${node.kind} ${node.name}${where === '' ? '' : ` in ${where}`}`,
    node.signature,
    node.doc ?? '',
    source,
    neighboursText(id, around),
  ]
  return {
    ...{ op: 'add-text', kind: 'symbols', id: `symbol:${id}`, title: where === '' ? id : `${node.name}, ${where}` },
    text: text.filter((part) => part !== '').join('\n'),
    source: {
      node: id,
      ...(node.path === '' ? {} : { path: node.path }),
      ...(file === null ? {} : { version: file.version }),
      ...(source === '' ? {} : { lines }),
    },
  }
}

/** One line a neighbour: how, which, where. */
export function neighboursText(id: string, { nodes, edges, truncated }: GraphResult): string {
  const known = new Map(nodes.map((node) => [node.id, node]))
  const place = (other: string): string => {
    const node = known.get(other)
    return node === undefined || node.startLine < 1 ? other : `${other} (${node.path}:${node.startLine}) ${node.signature}`.trimEnd()
  }
  const lines = edges
    .filter((edge) => edge.from === id || edge.to === id)
    .map((edge) => (edge.from === id ? `${edge.kind} ${place(edge.to)}` : `${edge.kind} by ${place(edge.from)}`))
  const distinct = [...new Set(lines)].sort()
  const rest = distinct.length - MOST_NEIGHBOURS
  return [...distinct.slice(0, MOST_NEIGHBOURS), ...(rest > 0 ? [`... ${rest} more`] : truncated ? ['... and more'] : [])].join('\n')
}

async function hitsText(query: string, sources: EditSources): Promise<ResolvedEdit> {
  const hits = await graphOf(sources).search(query)
  const lines = hits.slice(0, MOST_ROWS).map((hit) => `${hit.path}:${hit.line}${hit.symbol === null ? '' : ` ${hit.symbol}`}: ${hit.text}`)
  const best = hits[0]
  return {
    ...{ op: 'add-text', kind: 'query', id: `query:search:${query}`, title: `Search: ${query}` },
    text: lines.length === 0 ? 'Nothing was found.' : lines.join('\n'),
    source: { query, ...(best === undefined ? {} : { score: best.score }) },
  }
}

async function tableText(cypher: string, sources: EditSources): Promise<ResolvedEdit> {
  const table = await graphOf(sources).query(cypher)
  const rows = table.rows.slice(0, MOST_ROWS).map((row) => row.map(valueText).join(' | '))
  const rest = table.rows.length - rows.length
  const more = rest > 0 ? [`... ${rest} more rows`] : table.truncated ? [`... and more: ${table.limit ?? 'a limit was reached'}`] : []
  return {
    ...{ op: 'add-text', kind: 'query', id: `query:cypher:${cypher}`, title: `Query: ${cypher}` },
    text: rows.length === 0 ? 'The query has no rows.' : [table.columns.join(' | '), ...rows, ...more].join('\n'),
    source: { query: cypher },
  }
}

function valueText(value: GraphValue): string {
  if (value === null || typeof value !== 'object') return String(value)
  if (value.is === 'node') return value.id
  if (value.is === 'edge') return edgeText(value.edge)
  if (value.is === 'list') return `[${value.items.map(valueText).join(', ')}]`
  return value.nodes.map((node, at) => (at === 0 ? node : `-${value.edges[at - 1]?.kind ?? ''}- ${node}`)).join(' ')
}

function edgeText(edge: GraphEdge): string {
  return `${edge.from} -${edge.kind}-> ${edge.to}`
}

function graphOf(sources: EditSources): NonNullable<EditSources['graph']> {
  if (sources.graph !== null) return sources.graph
  throw new KeyframeError({
    code: 'context.no-index',
    message: 'There is no model of the codebase for this frame yet.',
    action: 'Wait until the index is ready, or add the file instead.',
    retryable: true,
  })
}
