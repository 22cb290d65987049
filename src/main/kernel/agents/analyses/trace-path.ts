import type { GraphEdge, GraphNode, GraphResult } from '../../../../shared/graph'
import type { AgentApi } from '../agent-api'
import { type AgentResult, plural, useTool } from '../refactorings/agent-tools'
import { isTest } from '../refactorings/left-out-files'
import type { AgentTask } from '../task-language'
import { traceByReferences } from './trace-by-references'

const MAX_HOPS = 8
const MAX_PAIRS = 9

export interface Traced {
  readonly from: GraphNode
  readonly to: GraphNode
  readonly path: readonly GraphEdge[]
  readonly nodes: ReadonlyMap<string, GraphNode>
  readonly truncated: boolean
}

/** `trace A to B`: the shortest path over calls and imports, hop by hop, each with its file and line. */
export async function tracePath(api: AgentApi, task: Extract<AgentTask, { kind: 'trace' }>): Promise<AgentResult> {
  await api.setState('analysing', { from: task.from, to: task.to })
  const starts = await nodesNamed(api, task.from)
  const ends = await nodesNamed(api, task.to)
  const indexed = starts.length > 0 && ends.length > 0
  const forward = (indexed ? await traceAny(api, starts, ends) : null) ?? (await traceByReferences(api, task.from, task.to))
  if (forward === null) return noPath(api, task, starts, ends)
  await api.focusOn([...new Set([...forward.nodes.values()].map((node) => node.path))].slice(0, 12))
  const summary = `${task.from} reaches ${task.to} in ${plural(forward.path.length, 'hop')}.`
  const lines = [summary, '', ...describePath(forward)]
  if (forward.path.some((edge) => edge.kind === 'maybe_calls')) {
    lines.push('', 'A hop marked “perhaps” was found by name only.')
  }
  if (forward.truncated) lines.push('', 'The search was cut short, so there may be other paths.')
  await api.remember(`trace:${task.from}:${task.to}`, `From ${task.from} to ${task.to}`, lines.join('\n'), 'symbols')
  await api.message(lines.join('\n'), 'success')
  await api.setState('done', { hops: forward.path.length })
  return { ok: true, summary }
}

/** Sources before tests, exported before private: the first pair with a path is the answer. Empty while the index does not know the name. */
async function nodesNamed(api: AgentApi, wanted: string): Promise<GraphNode[]> {
  const name = wanted.split('.').at(-1) ?? wanted
  const { nodes } = await useTool(api, 'memory.find', { query: name, limit: 50 })
  const rankOf = (node: GraphNode): number => (isTest(node.path) ? 2 : 0) + (node.exported ? 0 : 1)
  return nodes
    .filter((node) => node.name === name && (node.name === wanted || node.id.endsWith(`#${wanted}`) || node.id.endsWith(`.${wanted}`)))
    .sort((a, b) => rankOf(a) - rankOf(b) || (a.id < b.id ? -1 : 1))
}

async function traceAny(api: AgentApi, starts: readonly GraphNode[], ends: readonly GraphNode[]): Promise<Traced | null> {
  const pairs = starts.flatMap((from) => ends.filter((to) => to.id !== from.id).map((to) => ({ from, to }))).slice(0, MAX_PAIRS)
  for (const { from, to } of pairs) {
    const result = await useTool(api, 'memory.path', { from: from.id, to: to.id, maxHops: MAX_HOPS })
    const path = shortestPath(result, from.id, to.id)
    if (path === null) continue
    const nodes = new Map([from, to, ...result.nodes].map((node) => [node.id, node]))
    const used = new Set([from.id, to.id, ...path.flatMap((edge) => [edge.from, edge.to])])
    return { from, to, path, nodes: new Map([...nodes].filter(([id]) => used.has(id))), truncated: result.truncated }
  }
  return null
}

/** A result may hold several paths: the one with the fewest hops, then with the surest edges, in a fixed order. */
export function shortestPath(result: GraphResult, from: string, to: string): GraphEdge[] | null {
  const edges = result.edges
    .filter((edge) => edge.kind !== 'contains')
    .sort((a, b) => b.confidence - a.confidence || a.line - b.line || (a.to < b.to ? -1 : 1))
  const reached = new Map<string, GraphEdge | null>([[from, null]])
  let frontier = [from]
  while (frontier.length > 0 && !reached.has(to)) {
    const next: string[] = []
    for (const edge of edges) {
      if (!frontier.includes(edge.from) || reached.has(edge.to)) continue
      reached.set(edge.to, edge)
      next.push(edge.to)
    }
    frontier = next
  }
  if (!reached.has(to)) return null
  const path: GraphEdge[] = []
  for (let edge = reached.get(to) ?? null; edge !== null; edge = reached.get(edge.from) ?? null) path.unshift(edge)
  return path
}

function describePath(traced: Traced): string[] {
  const place = (node: GraphNode): string => `${node.path}:${node.nameLine}`
  const lines = [`1. ${traced.from.name} at ${place(traced.from)}`]
  for (const [index, edge] of traced.path.entries()) {
    const callerPath = traced.nodes.get(edge.from)?.path ?? ''
    const node = traced.nodes.get(edge.to)
    const verb = edge.kind === 'maybe_calls' ? 'perhaps calls' : edge.kind
    const at = edge.line > 0 ? ` in ${callerPath}:${edge.line}` : ''
    lines.push(`${index + 2}. ${verb} ${node?.name ?? edge.to}${at}${node === undefined ? '' : `, declared at ${place(node)}`}`)
  }
  return lines
}

async function noPath(
  api: AgentApi,
  task: Extract<AgentTask, { kind: 'trace' }>,
  starts: readonly GraphNode[],
  ends: readonly GraphNode[],
): Promise<AgentResult> {
  const backward =
    starts.length > 0 && ends.length > 0 ? await traceAny(api, ends, starts) : await traceByReferences(api, task.to, task.from)
  const summary = `No path of calls or imports leads from ${task.from} to ${task.to} within ${MAX_HOPS} hops.`
  const lines = [summary]
  if (backward !== null) lines.push('', `There is one the other way, from ${task.to} to ${task.from}:`, '', ...describePath(backward))
  await api.remember(`trace:${task.from}:${task.to}`, `From ${task.from} to ${task.to}`, lines.join('\n'), 'symbols')
  await api.message(lines.join('\n'), 'warning')
  await api.setState('done', { hops: 0 })
  return { ok: false, summary }
}
