import type { GraphNode, GraphResult } from '../../../shared/graph'
import { KeyframeError } from '../../../shared/failure'
import { defineTool, type Driver } from '../tools/driver'
import { ToolSchemas } from '../tools/schemas'
import type { Memory } from './memory'

const TIMEOUT_MS = 10_000

/** Questions to the index of the live repository, as tools. Keeps nothing of its own, so there is nothing to restore. */
export function createMemoryDriver(memory: Memory): Driver {
  return {
    name: 'memory',
    tools: [
      defineTool({
        name: 'memory.find',
        description: 'Symbols and files of the repository by name: exact, then prefix, then similar.',
        ...ToolSchemas['memory.find'],
        effect: 'pure',
        timeoutMs: TIMEOUT_MS,
        execute: async ({ query, limit }) => {
          const nodes = memory.find(query, limit)
          return { output: { nodes }, text: nodes.length === 0 ? `Nothing is named like "${query}".` : nodes.map(describe).join('\n') }
        },
      }),
      defineTool({
        name: 'memory.path',
        description: 'The shortest ways along calls and imports from one symbol to another.',
        ...ToolSchemas['memory.path'],
        effect: 'pure',
        timeoutMs: TIMEOUT_MS,
        execute: async ({ from, to, maxHops }) => {
          for (const id of [from, to]) {
            if (memory.node(id) !== null || memory.find(id, 1).length > 0) continue
            throw new KeyframeError({
              code: 'memory.no-such-symbol',
              message: `The index has no symbol "${id}".`,
              action: 'Look it up with memory.find and use the id given there.',
            })
          }
          const output = memory.path(from, to, maxHops)
          return { output, text: describeWays(output, from, to, maxHops) }
        },
      }),
      defineTool({
        name: 'memory.search',
        description: 'Lines of the repository that match words, identifiers split and joined; best first.',
        ...ToolSchemas['memory.search'],
        effect: 'pure',
        timeoutMs: TIMEOUT_MS,
        execute: async ({ query, limit }) => {
          const hits = memory.searchText(query, limit)
          return {
            output: { hits },
            text: hits.length === 0 ? `Nothing matches "${query}".` : hits.map((hit) => `${hit.path}:${hit.line}: ${hit.text}`).join('\n'),
          }
        },
      }),
    ],
    capture: () => Promise.resolve(null),
    restore: () => Promise.resolve({ notRestored: [] }),
    filesChanged: () => Promise.resolve(),
    dispose: () => Promise.resolve(),
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
