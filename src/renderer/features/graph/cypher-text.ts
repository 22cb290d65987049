import { EdgeKind, type GraphSummary, NodeKind } from '../../../shared/graph'

type Look = 'keyword' | 'label' | 'type' | 'property' | 'function' | 'string' | 'number' | 'comment' | 'variable' | 'symbol' | 'space'

export interface TextPart {
  readonly look: Look
  readonly text: string
  readonly at: number
}

const KEYWORDS: readonly string[] = [
  ...[
    'MATCH',
    'OPTIONAL',
    'WHERE',
    'RETURN',
    'WITH',
    'ORDER',
    'BY',
    'SKIP',
    'LIMIT',
    'DISTINCT',
    'AS',
    'OF',
    'AND',
    'OR',
    'XOR',
    'NOT',
    'IN',
  ],
  ...['CONTAINS', 'STARTS', 'ENDS', 'IS', 'NULL', 'TRUE', 'FALSE', 'CASE', 'WHEN', 'THEN', 'ELSE', 'END', 'UNWIND', 'UNION', 'ALL', 'ANY'],
  ...['NONE', 'SINGLE', 'EXISTS', 'COUNT', 'ASC', 'DESC'],
]
const FUNCTIONS: readonly string[] = [
  ...['shortestPath', 'allShortestPaths', 'nodes', 'relationships', 'length', 'size', 'labels', 'type', 'id', 'startNode', 'endNode'],
  ...[
    'count',
    'collect',
    'sum',
    'avg',
    'min',
    'max',
    'head',
    'last',
    'tail',
    'reverse',
    'isEmpty',
    'range',
    'coalesce',
    'keys',
    'properties',
  ],
  ...['toLower', 'toUpper', 'trim', 'left', 'right', 'substring', 'replace', 'split', 'toString', 'toInteger', 'toFloat', 'abs', 'round'],
]
const NODE_PROPERTIES: readonly (readonly [string, string])[] = [
  ['name', 'its own name'],
  ['key', 'stable key, as src/a.ts#Invoice.total'],
  ['path', 'file that declares it'],
  ['kind', 'function, table, adr, ...'],
  ['line', 'line of its name'],
  ['startLine', 'first line'],
  ['endLine', 'last line'],
  ['exported', 'true or false'],
  ['signature', 'as it is declared'],
  ['doc', 'first line of its comment'],
  ['language', 'typescript, sql, ...'],
]
const EDGE_PROPERTIES: readonly (readonly [string, string])[] = [
  ['confidence', '0 to 1'],
  ['method', 'how it was found'],
  ['type', 'CALLS, READS, ...'],
]
const GROUPS: readonly (readonly [string, string])[] = [
  ['Entity', 'everything'],
  ['Code', 'functions, classes, ...'],
  ['Data', 'tables, columns, ...'],
  ['Infra', 'services, deployments, ...'],
  ['Config', 'variables, flags, ...'],
  ['Docs', 'ADRs, runbooks, ...'],
  ['People', 'owners, authors, ...'],
]

const TOKEN =
  /(?<comment>\/\/[^\n]*|\/\*[\s\S]*?(?:\*\/|$))|(?<string>"(?:\\.|[^"\\])*"?|'(?:\\.|[^'\\])*'?)|(?<number>\d+(?:\.\d+)?)|(?<name>`[^`]*`?|[\p{L}_$][\p{L}\p{N}_]*)|(?<space>\s+)|(?<symbol>[^\s])/gu

/** The text in parts that are coloured alike; together they are the whole text, also where it is no Cypher. */
export function partsOf(text: string): TextPart[] {
  const parts: TextPart[] = []
  const brackets: string[] = []
  let before = ''
  for (const match of text.matchAll(TOKEN)) {
    const [word] = match
    const at = match.index
    let look: Look = 'symbol'
    if (match.groups?.['comment'] !== undefined) look = 'comment'
    else if (match.groups?.['string'] !== undefined) look = 'string'
    else if (match.groups?.['number'] !== undefined) look = 'number'
    else if (match.groups?.['space'] !== undefined) look = 'space'
    else if (match.groups?.['name'] !== undefined) look = nameLook(word, before, brackets.at(-1), text.slice(at + word.length))
    else if ('([{'.includes(word)) brackets.push(word)
    else if (')]}'.includes(word)) brackets.pop()
    parts.push({ look, text: word, at })
    if (look !== 'space' && look !== 'comment') before = look === 'label' || look === 'type' ? look : word
  }
  return parts
}

function nameLook(word: string, before: string, bracket: string | undefined, after: string): Look {
  if (before === ':' || ((before === '|' || before === '&') && (bracket === '[' || bracket === '(')))
    return bracket === '[' ? 'type' : 'label'
  if (before === '.') return 'property'
  if (bracket === '{' && /^\s*:/.test(after)) return 'property'
  const isCall = /^\s*\(/.test(after)
  if (isCall && FUNCTIONS.some((name) => name.toLowerCase() === word.toLowerCase())) return 'function'
  return KEYWORDS.includes(word.toUpperCase()) ? 'keyword' : 'variable'
}

export interface Completion {
  readonly text: string
  readonly detail: string
  readonly kind: 'label' | 'type' | 'property' | 'function' | 'keyword' | 'name' | 'variable'
}

export interface CompletionPlace {
  /** Where the word that is being written begins. */
  readonly start: number
  readonly word: string
  readonly wants: 'label' | 'type' | 'property' | 'name' | 'any' | 'nothing'
}

/** What can be written at an offset, from what stands before it. */
export function completionPlace(text: string, offset: number): CompletionPlace {
  const before = text.slice(0, offset)
  const named = /(?:\{[^{}]*\bname\s*:\s*|\.name\s*(?:=|CONTAINS|STARTS\s+WITH|ENDS\s+WITH)\s*)(?:"([^"\n]*)|'([^'\n]*))$/iu.exec(before)
  if (named !== null) {
    const word = named[1] ?? named[2] ?? ''
    return { start: offset - word.length, word, wants: 'name' }
  }
  const last = partsOf(before).at(-1)
  const isOpen = last !== undefined && (last.look === 'comment' || (last.look === 'string' && !isClosed(last.text)))
  if (isOpen) return { start: offset, word: '', wants: 'nothing' }
  const word = /[\p{L}_][\p{L}\p{N}_]*$/u.exec(before)?.[0] ?? ''
  const start = offset - word.length
  const lead = before.slice(0, start).trimEnd()
  const bracket = openBracket(lead)
  if (lead.endsWith('.') && !lead.endsWith('..')) return { start, word, wants: 'property' }
  if (bracket === '{' && /[{,]$/.test(lead)) return { start, word, wants: 'property' }
  if (bracket === '[' && /[:|]$/.test(lead)) return { start, word, wants: 'type' }
  if (/[:|&]$/.test(lead) && bracket !== '{') return { start, word, wants: 'label' }
  return { start, word, wants: word === '' ? 'nothing' : 'any' }
}

function isClosed(text: string): boolean {
  return text.length > 1 && text.endsWith(text[0] ?? '')
}

function openBracket(text: string): string | undefined {
  const open: string[] = []
  for (const { look, text: part } of partsOf(text)) {
    if (look !== 'symbol') continue
    if ('([{'.includes(part)) open.push(part)
    else if (')]}'.includes(part)) open.pop()
  }
  return open.at(-1)
}

/** What fits the place, the likeliest first. Names of nodes come from the index and are not among them. */
export function completionsAt(place: CompletionPlace, text: string, summary: GraphSummary | null, atMost = 40): Completion[] {
  const { wants, word } = place
  const all: Completion[] = []
  if (wants === 'label') {
    all.push(
      ...NodeKind.options
        .map((kind) => ({ kind, number: summary?.nodes.find((entry) => entry.kind === kind)?.count ?? 0 }))
        .toSorted((a, b) => b.number - a.number)
        .map(({ kind, number }): Completion => ({
          text: labelOf(kind),
          detail: number === 0 ? 'none here' : String(number),
          kind: 'label',
        })),
    )
    all.unshift(...GROUPS.map(([label, detail]): Completion => ({ text: label, detail, kind: 'label' })))
  }
  if (wants === 'type') {
    all.push(
      ...EdgeKind.options
        .map((kind) => ({ kind, number: summary?.edges.find((entry) => entry.kind === kind)?.count ?? 0 }))
        .toSorted((a, b) => b.number - a.number)
        .map(({ kind, number }): Completion => ({
          text: kind.toUpperCase(),
          detail: number === 0 ? 'none here' : String(number),
          kind: 'type',
        })),
    )
  }
  if (wants === 'property') {
    all.push(...[...NODE_PROPERTIES, ...EDGE_PROPERTIES].map(([name, detail]): Completion => ({ text: name, detail, kind: 'property' })))
  }
  if (wants === 'any') {
    const variables = new Set(partsOf(text).flatMap((part) => (part.look === 'variable' && part.at !== place.start ? [part.text] : [])))
    all.push(...[...variables].map((name): Completion => ({ text: name, detail: 'in this query', kind: 'variable' })))
    all.push(...KEYWORDS.map((name): Completion => ({ text: name, detail: '', kind: 'keyword' })))
    all.push(...FUNCTIONS.map((name): Completion => ({ text: `${name}(`, detail: 'function', kind: 'function' })))
  }
  const plain = word.toLowerCase().replaceAll('_', '')
  return all
    .filter((completion) => completion.text.toLowerCase().replaceAll('_', '').startsWith(plain) && completion.text !== word)
    .slice(0, atMost)
}

/** `env_var` is `EnvVar`, as the queries name it. */
export function labelOf(kind: NodeKind): string {
  return kind
    .split('_')
    .map((part) => part.slice(0, 1).toUpperCase() + part.slice(1))
    .join('')
}

/** Offset of a line and column, both from 1. */
export function offsetOf(text: string, line: number, column: number): number {
  const lines = text.split('\n')
  const before = lines.slice(0, line - 1).reduce((sum, each) => sum + each.length + 1, 0)
  return Math.min(text.length, before + column - 1)
}
