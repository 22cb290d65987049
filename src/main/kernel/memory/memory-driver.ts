import type { Episode, FlowResult, GraphNode, GraphResult, GraphTable, GraphValue, HybridResult } from '../../../shared/graph'
import { KeyframeError } from '../../../shared/failure'
import { defineTool, type Driver } from '../tools/driver'
import { ToolSchemas } from '../tools/schemas'
import type { Memory, MemoryReader } from './memory'
import type { FilesAtPoint } from './points'

const TIMEOUT_MS = 30_000
const SHOWN_ROWS = 100
const DECIDED_FOR_MS = 2000
/** Half of a call's time. */
const FIRST_PASS_MS = 15_000

/** What agents remember beyond a run, and what was learnt from earlier ones. */
export interface Experience {
  remember(key: string, value: string): { readonly replaced: boolean }
  recall(prefix: string): { key: string; value: string; updatedAtMs: number; by: 'human' | 'agent' | 'kernel'; runId: string | null }[]
  examples(query: string, sign: 'positive' | 'negative' | 'any', limit: number): Episode[]
}

export interface MemoryDriverOptions {
  readonly memory: Memory
  readonly experience: Experience
  /** The branch's files at its last checkpoint; null: the repository as it is now. */
  readonly point: () => FilesAtPoint | null
  /** Whether the branch's role may read a file: what it may not read is in no answer. */
  readonly readable: (path: string) => boolean
}

/** Questions to the model of the codebase as the branch has it, as tools. Keeps nothing of its own, so there is nothing to restore. */
export function createMemoryDriver({ memory, experience, point, readable: decide }: MemoryDriverOptions): Driver {
  const readable = recently(decide)
  /**
   * While the repository is indexed for the first time a call waits a little; then what is there already is better than no answer, and said to
   * be partial.
   */
  const reader = async (signal: AbortSignal): Promise<{ reader: MemoryReader; note: string }> => {
    const { version, state, sizeBytes } = memory.status
    if (version === 0 && (state === 'indexing' || sizeBytes === 0)) await firstPass(memory, signal)
    try {
      return { reader: await memory.at(point(), readable), note: '' }
    } catch (thrown) {
      if (!(thrown instanceof KeyframeError) || thrown.code !== 'memory.not-ready') throw thrown
      return { reader: await memory.at(null, readable), note: '\nThe repository is still being indexed: there may be more.' }
    }
  }
  return {
    name: 'memory',
    tools: [
      defineTool({
        name: 'memory.find',
        description: 'Symbols, files, tables, services and other things of the repository by name: exact, then prefix, then similar.',
        ...ToolSchemas['memory.find'],
        effect: 'pure',
        timeoutMs: TIMEOUT_MS,
        execute: async ({ query, limit }, { signal }) => {
          const { reader: at, note } = await reader(signal)
          const nodes = at.find(query, limit)
          const text = nodes.length === 0 ? `Nothing is named like "${query}".` : nodes.map(describe).join('\n')
          return { output: { nodes }, text: text + note }
        },
      }),
      defineTool({
        name: 'memory.path',
        description: 'The shortest ways along calls and imports from one symbol to another.',
        ...ToolSchemas['memory.path'],
        effect: 'pure',
        timeoutMs: TIMEOUT_MS,
        execute: async ({ from, to, maxHops }, { signal }) => {
          const { reader: at, note } = await reader(signal)
          for (const id of [from, to]) {
            if (at.node(id) !== null || at.find(id, 1).length > 0) continue
            throw new KeyframeError({
              code: 'memory.no-such-symbol',
              message: `The index has no symbol "${id}".`,
              action: 'Look it up with memory.find and use the id given there.',
            })
          }
          const output = at.path(from, to, maxHops)
          return { output, text: describeWays(output, from, to, maxHops) + note }
        },
      }),
      defineTool({
        name: 'memory.search',
        description: 'Lines of the repository that match words, identifiers split and joined; best first.',
        ...ToolSchemas['memory.search'],
        effect: 'pure',
        timeoutMs: TIMEOUT_MS,
        execute: async ({ query, limit }, { signal }) => {
          const { reader: at, note } = await reader(signal)
          const hits = at.searchText(query, limit)
          const text = hits.map((hit) => `${hit.path}:${hit.line}: ${hit.text}`).join('\n')
          return { output: { hits }, text: (text || `Nothing matches "${query}".`) + note }
        },
      }),
      defineTool({
        name: 'memory.retrieve',
        description:
          'Places of the repository for a question in words: text, names, embeddings, commit history and the graph, fused; each with its reasons.',
        ...ToolSchemas['memory.retrieve'],
        effect: 'pure',
        timeoutMs: TIMEOUT_MS,
        execute: async ({ query, limit, filters }, { signal }) => {
          const { reader: at, note } = await reader(signal)
          const output = await at.search(query, { limit, filters, signal })
          return { output, text: describeHits(output, query) + note }
        },
      }),
      defineTool({
        name: 'memory.query',
        description:
          'A Cypher query over the graph of the codebase: MATCH path = (a:Function {name: "x"})-[:CALLS*1..5]->(b) WHERE ... RETURN ... LIMIT n.',
        ...ToolSchemas['memory.query'],
        effect: 'pure',
        timeoutMs: TIMEOUT_MS,
        execute: async ({ cypher, limit }, { signal }) => {
          const { reader: at, note } = await reader(signal)
          const output = at.query(cypher, limit)
          return { output, text: describeTable(output) + note }
        },
      }),
      defineTool({
        name: 'memory.flow',
        description: 'Where a value of this name goes, hop by hop: from and to name files, folders or symbols.',
        ...ToolSchemas['memory.flow'],
        effect: 'pure',
        timeoutMs: TIMEOUT_MS,
        execute: async ({ name, from, to, maxHops }, { signal }) => {
          const { reader: at, note } = await reader(signal)
          const output = at.flow(name, from, to, maxHops)
          return { output, text: describeFlow(output, name) + note }
        },
      }),
      defineTool({
        name: 'memory.remember',
        description: 'Keeps a value under a key for later runs in this workspace; an empty value forgets it.',
        ...ToolSchemas['memory.remember'],
        effect: 'idempotent',
        timeoutMs: TIMEOUT_MS,
        execute: async ({ key, value }) => {
          const { replaced } = experience.remember(key, value)
          return { output: { key, replaced }, text: value === '' ? `Forgotten: ${key}.` : `Kept under ${key}.` }
        },
      }),
      defineTool({
        name: 'memory.recall',
        description: 'Values that were kept under keys with this beginning.',
        ...ToolSchemas['memory.recall'],
        effect: 'pure',
        timeoutMs: TIMEOUT_MS,
        execute: async ({ prefix }) => {
          const values = experience.recall(prefix)
          const text = values.map(({ key, value }) => `${key}: ${value}`).join('\n')
          return { output: { values }, text: text || `Nothing is kept under "${prefix}".` }
        },
      }),
      defineTool({
        name: 'memory.examples',
        description: 'What happened in earlier runs that is like this: what worked, and what failed and is to be avoided.',
        ...ToolSchemas['memory.examples'],
        effect: 'pure',
        timeoutMs: TIMEOUT_MS,
        execute: async ({ query, sign, limit }) => {
          const episodes = experience.examples(query, sign, limit).filter((episode) => episode.paths.every(readable))
          const text = episodes.map((episode) => `[${episode.sign}] ${episode.title}\n${episode.text}`).join('\n\n')
          return { output: { episodes }, text: text || 'Nothing like it happened before.' }
        },
      }),
    ],
    capture: () => Promise.resolve(null),
    restore: () => Promise.resolve({ notRestored: [] }),
    filesChanged: () => Promise.resolve(),
    dispose: () => Promise.resolve(),
  }
}

/** Resolves when the first pass is over, has failed, or takes longer than a call can wait. */
async function firstPass(memory: Memory, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    const done = (): void => {
      clearTimeout(timer)
      stop()
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, FIRST_PASS_MS)
    const stop = memory.onChange(({ state }) => {
      if (state !== 'indexing') done()
    })
    signal.addEventListener('abort', done, { once: true })
  })
}

/** One question may come by thousands of files: a decision about one holds for a moment. */
function recently(decide: (path: string) => boolean): (path: string) => boolean {
  const decisions = new Map<string, boolean>()
  let until = 0
  return (path) => {
    if (performance.now() > until) {
      decisions.clear()
      until = performance.now() + DECIDED_FOR_MS
    }
    const known = decisions.get(path) ?? decide(path)
    decisions.set(path, known)
    return known
  }
}

function describe(node: GraphNode): string {
  return `${node.id} (${node.kind}, ${node.path}:${node.nameLine}) ${node.signature}`
}

function describeWays(result: GraphResult, from: string, to: string, maxHops: number): string {
  if (result.nodes.length === 0) {
    return `No way from ${from} to ${to} within ${maxHops} steps${result.truncated ? '; the search was cut off before it had seen everything' : ''}.`
  }
  return result.edges.map((edge) => `${edge.from} -${edge.kind}-> ${edge.to} (line ${edge.line}, ${edge.method})`).join('\n')
}

function describeHits(result: HybridResult, query: string): string {
  const problems = result.lists.flatMap(({ list, problem }) => (problem === null ? [] : [`(${list}: ${problem})`]))
  const hits = result.hits.map((hit) => `${hit.path}:${hit.line}${hit.symbol === null ? '' : ` [${hit.symbol}]`} ${hit.text}`)
  return [...(hits.length === 0 ? [`Nothing matches "${query}".`] : hits), ...problems].join('\n')
}

function describeTable(table: GraphTable): string {
  const rows = table.rows.slice(0, SHOWN_ROWS).map((row) => row.map(describeValue).join(' | '))
  const cut = table.limit === null ? [] : [`(cut off: ${table.limit})`]
  return [table.columns.join(' | '), ...(rows.length === 0 ? ['no rows'] : rows), ...cut].join('\n')
}

function describeValue(value: GraphValue): string {
  if (value === null) return 'null'
  if (typeof value !== 'object') return String(value)
  if (value.is === 'node') return value.id
  if (value.is === 'edge') return `${value.edge.from} -${value.edge.kind}-> ${value.edge.to}`
  if (value.is === 'path') return value.nodes.join(' -> ')
  return `[${value.items.map(describeValue).join(', ')}]`
}

function describeFlow(result: FlowResult, name: string): string {
  if (result.ways.length === 0) return `No way of ${name} was found${result.truncated ? ' before the search was cut off' : ''}.`
  const ways = result.ways.map(({ hops, confidence }, index) => {
    const steps = hops.map((hop) => `  ${hop.from} -> ${hop.to} (${hop.how}, ${hop.path}:${hop.line}, ${hop.method})`)
    return [`Way ${index + 1}, confidence ${confidence.toFixed(2)}:`, ...steps].join('\n')
  })
  return ways.join('\n')
}
