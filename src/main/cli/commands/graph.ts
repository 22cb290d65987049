import type { KernelClient } from '../../../shared/contract/service'
import type { GraphNode, GraphResult } from '../../../shared/graph'
import { flag, integerOption, repoOption } from '../arguments'
import { type Command, EXIT, JSON_HELP, JSON_OPTION, REPO_HELP, REPO_OPTION, type Terminal, UsageError } from '../command'
import { withKernel } from '../kernel-session'
import { oneLine, printJson, printTable } from '../print'
import { whenIndexed } from './index-workspace'

export const command: Command = {
  usage: 'graph find QUERY | path FROM TO | around SYMBOL  --repo R [--depth N] [--limit N] [--json]',
  options: { ...REPO_OPTION, depth: { type: 'string' }, limit: { type: 'string' }, ...JSON_OPTION },
  optionHelp: [
    REPO_HELP,
    ['find QUERY', 'symbols and files whose name matches'],
    ['path FROM TO', 'how one leads to the other; a symbol is its name or its id (src/a.ts#name)'],
    ['around SYMBOL', 'what it uses and what uses it'],
    ['--depth N', 'hops for around (1, at most 4) and path (8, at most 12)'],
    ['--limit N', 'at most N symbols (20 for find, 200 for around)'],
    JSON_HELP,
  ],
  maxPositionals: 3,
  async run(input, terminal) {
    const [verb, first, second] = input.positionals
    if (verb === undefined) throw new UsageError('Say what to look for: find, path or around.')
    if (/^\s*(match|call|unwind|with|return)\b/i.test(verb) || verb.includes('(')) {
      terminal.err('Cypher queries are not available yet; use `graph find`, `graph path` or `graph around`.')
      return EXIT.badInput
    }
    const repo = repoOption(input)
    const depth = integerOption(input, 'depth', 1, verb === 'path' ? 12 : 4)
    const limit = integerOption(input, 'limit', 1, verb === 'find' ? 100 : 2000)
    if (first === undefined) throw new UsageError(`What shall \`graph ${verb}\` start from?`)
    if (verb === 'path' && second === undefined) throw new UsageError('`graph path` takes two symbols.')
    if (verb !== 'path' && second !== undefined) throw new UsageError(`Unexpected argument "${second}".`)
    if (!['find', 'path', 'around'].includes(verb)) throw new UsageError(`There is no \`graph ${verb}\`: use find, path or around.`)
    return withKernel({ repo, log: terminal.err }, async (client) => {
      await whenIndexed(client)
      if (verb === 'find') {
        const nodes = await client.call('graph.find', { query: first, limit: limit ?? 20 })
        if (flag(input, 'json')) printJson(terminal, nodes)
        else printNodes(nodes, terminal)
        return EXIT.done
      }
      const from = await resolveSymbol(client, first)
      const result =
        verb === 'path'
          ? await client.call('graph.path', { from, to: await resolveSymbol(client, second ?? ''), maxHops: depth ?? 8 })
          : await client.call('graph.neighbourhood', { id: from, depth: depth ?? 1, limit: limit ?? 200 })
      if (flag(input, 'json')) printJson(terminal, result)
      else printGraph(result, terminal)
      return verb === 'path' && result.nodes.length === 0 ? EXIT.failed : EXIT.done
    })
  },
}

/** An id stands for itself; a name has to be that of exactly one symbol. */
async function resolveSymbol(client: KernelClient, text: string): Promise<string> {
  const found = await client.call('graph.find', { query: text.split('#').at(-1) ?? text, limit: 100 })
  if (text.includes('#') || found.some((node) => node.id === text)) return text
  const named = found.filter((node) => node.name === text)
  const [only] = named
  if (only !== undefined && named.length === 1) return only.id
  const candidates = (named.length > 0 ? named : found).slice(0, 10).map((node) => `  ${oneLine(node.id)}`)
  if (candidates.length === 0) throw new UsageError(`No symbol is named "${text}".`)
  throw new UsageError(`"${text}" is not the name of exactly one symbol. Name one by its id:\n${candidates.join('\n')}`)
}

function printNodes(nodes: readonly GraphNode[], terminal: Terminal): void {
  const rows = nodes.map((node) => [node.kind, oneLine(node.id), `${oneLine(node.path)}:${node.nameLine}`])
  printTable(terminal, ['kind', 'id', 'where'], rows)
}

function printGraph(result: GraphResult, terminal: Terminal): void {
  printNodes(result.nodes, terminal)
  for (const edge of result.edges) {
    terminal.out(
      `${oneLine(edge.from)} -${edge.kind}-> ${oneLine(edge.to)} (${edge.method}, ${edge.confidence.toFixed(2)}, line ${edge.line})`,
    )
  }
  if (result.truncated) terminal.out('There is more than was asked for: raise --limit.')
}
