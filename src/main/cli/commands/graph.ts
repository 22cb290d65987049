import type { KernelClient } from '../../../shared/contract/service'
import type { FlowResult, GraphNode, GraphResult, GraphTable, GraphValue } from '../../../shared/graph'
import { flag, integerOption, repoOption, textOption } from '../arguments'
import { type Command, EXIT, JSON_HELP, JSON_OPTION, REPO_HELP, REPO_OPTION, type Terminal, UsageError } from '../command'
import { withKernel } from '../kernel-session'
import { AS_OF_HELP, AS_OF_OPTIONS, asOfOption } from '../point-option'
import { oneLine, printJson, printTable } from '../print'
import type { Point } from '../run-frames'
import { whenIndexed } from './index-workspace'

const VERBS = ['find', 'path', 'around', 'flow']

export const command: Command = {
  usage: "graph 'CYPHER' | find QUERY | path FROM TO | around SYMBOL | flow NAME  --repo R [--as-of N] [--depth N] [--limit N] [--json]",
  options: {
    ...REPO_OPTION,
    ...AS_OF_OPTIONS,
    ...{ depth: { type: 'string' }, limit: { type: 'string' }, from: { type: 'string' }, to: { type: 'string' } },
    ...JSON_OPTION,
  },
  optionHelp: [
    REPO_HELP,
    ["'CYPHER'", 'MATCH (a:Function)-[:CALLS*1..3]->(b) WHERE ... RETURN ... LIMIT n'],
    ['find QUERY', 'symbols, files and other things whose name matches'],
    ['path FROM TO', 'how one leads to the other; a symbol is its name or its id (src/a.ts#name)'],
    ['around SYMBOL', 'what it uses and what uses it'],
    ['flow NAME', 'where a value of this name goes, hop by hop'],
    ['--from X, --to Y', 'for flow: a file, a folder or a symbol that the value comes from or goes to'],
    ...AS_OF_HELP,
    ['--depth N', 'hops for around (1, at most 4), path (8, at most 12) and flow (20, at most 40)'],
    ['--limit N', 'at most N symbols or rows (20 for find, 200 for around, 100 for Cypher)'],
    JSON_HELP,
  ],
  maxPositionals: 3,
  async run(input, terminal) {
    const [verb, first, second] = input.positionals
    if (verb === undefined) throw new UsageError('Say what to look for: a Cypher query, or find, path, around or flow.')
    const isCypher = !VERBS.includes(verb) && /[\s(]/.test(verb)
    const repo = repoOption(input)
    const most = { path: 12, flow: 40 }[verb] ?? 4
    const depth = integerOption(input, 'depth', 1, most)
    const limit = integerOption(input, 'limit', 1, isCypher ? 10_000 : verb === 'find' ? 100 : 2000)
    if (!isCypher && !VERBS.includes(verb))
      throw new UsageError(`There is no \`graph ${verb}\`: write a Cypher query in quotation marks, or use ${VERBS.join(', ')}.`)
    if (!isCypher && first === undefined) throw new UsageError(`What shall \`graph ${verb}\` start from?`)
    if (verb === 'path' && second === undefined) throw new UsageError('`graph path` takes two symbols.')
    const extra = isCypher ? first : verb === 'path' ? undefined : second
    if (extra !== undefined) throw new UsageError(`Unexpected argument "${extra}".`)
    return withKernel({ repo, log: terminal.err }, async (client) => {
      await whenIndexed(client)
      const at = await asOfOption(input, client)
      const asJson = flag(input, 'json')
      if (isCypher) {
        const table = await client.call('graph.query', { cypher: verb, limit: limit ?? 100, at })
        if (asJson) printJson(terminal, table)
        else printRows(table, terminal)
        return EXIT.done
      }
      const name = first ?? ''
      if (verb === 'flow') {
        const ends = { from: textOption(input, 'from') ?? null, to: textOption(input, 'to') ?? null }
        const flow = await client.call('graph.flow', { name, ...ends, maxHops: depth ?? 20, at })
        if (asJson) printJson(terminal, flow)
        else printFlow(flow, terminal)
        return flow.ways.length === 0 ? EXIT.failed : EXIT.done
      }
      if (verb === 'find') {
        const nodes = await client.call('graph.find', { query: name, limit: limit ?? 20, at })
        if (asJson) printJson(terminal, nodes)
        else printNodes(nodes, terminal)
        return EXIT.done
      }
      const from = await resolveSymbol(client, name, at)
      const result =
        verb === 'path'
          ? await client.call('graph.path', { from, to: await resolveSymbol(client, second ?? '', at), maxHops: depth ?? 8, at })
          : await client.call('graph.neighbourhood', { id: from, depth: depth ?? 1, limit: limit ?? 200, at })
      if (asJson) printJson(terminal, result)
      else printGraph(result, terminal)
      return verb === 'path' && result.nodes.length === 0 ? EXIT.failed : EXIT.done
    })
  },
}

/** An id stands for itself; a name has to be that of exactly one symbol. */
async function resolveSymbol(client: KernelClient, text: string, at: Point | null): Promise<string> {
  const found = await client.call('graph.find', { query: text.split('#').at(-1) ?? text, limit: 100, at })
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

function printRows(table: GraphTable, terminal: Terminal): void {
  printTable(
    terminal,
    table.columns,
    table.rows.map((row) => row.map((value) => oneLine(valueText(value)))),
  )
  if (table.limit !== null) terminal.out(`There may be more: ${table.limit}.`)
}

function valueText(value: GraphValue): string {
  if (value === null) return 'null'
  if (typeof value !== 'object') return String(value)
  if (value.is === 'node') return value.id
  if (value.is === 'edge') return `${value.edge.from} -${value.edge.kind}-> ${value.edge.to}`
  if (value.is === 'path') return value.nodes.join(' -> ')
  return `[${value.items.map(valueText).join(', ')}]`
}

function printFlow(flow: FlowResult, terminal: Terminal): void {
  if (flow.ways.length === 0) terminal.out('No way was found.')
  for (const [index, { hops, confidence }] of flow.ways.entries()) {
    terminal.out(`Way ${index + 1} (confidence ${confidence.toFixed(2)})`)
    for (const hop of hops) {
      terminal.out(
        `  ${oneLine(hop.from)} -> ${oneLine(hop.to)}: ${oneLine(hop.how)}, ${oneLine(hop.path)}:${hop.line} ${oneLine(hop.text)}`,
      )
    }
  }
  if (flow.truncated) terminal.out('The search was cut off: there may be more.')
}
