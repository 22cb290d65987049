import { describe, expect, it, vi } from 'vitest'
import fc from 'fast-check'
import type { EdgeKind } from '../../../../../shared/graph'
import { KeyframeError } from '../../../../../shared/failure'
import { GraphTables } from '../../../testing/graph-tables'
import { LIVE } from '../../view'
import { GraphReader } from '../graph-reader'
import { LinearPattern } from './linear-pattern'
import { parseCypher } from './parse-cypher'

// On a busy machine.
vi.setConfig({ testTimeout: 60_000 })

const NAMES = ['a', 'b', 'c', 'd', 'e']
const KINDS = ['function', 'class'] as const
const TYPES = ['calls', 'imports'] as const

interface Graph {
  readonly kinds: readonly (typeof KINDS)[number][]
  readonly edges: readonly { readonly from: number; readonly to: number; readonly kind: EdgeKind; readonly line: number }[]
}

const graphs: fc.Arbitrary<Graph> = fc.record({
  kinds: fc.array(fc.constantFrom(...KINDS), { minLength: NAMES.length, maxLength: NAMES.length }),
  edges: fc
    .array(fc.record({ from: fc.nat(NAMES.length - 1), to: fc.nat(NAMES.length - 1), kind: fc.constantFrom(...TYPES) }), { maxLength: 8 })
    .map((edges) => edges.map((edge, line) => ({ ...edge, line }))),
})

interface NodeOf {
  readonly variable: string
  readonly kind: (typeof KINDS)[number] | null
  readonly name: string | null
}
interface RelationOf {
  readonly kinds: readonly EdgeKind[]
  readonly direction: 'out' | 'in' | 'both'
  readonly length: readonly [number, number] | null
}
interface Pattern {
  readonly nodes: readonly NodeOf[]
  readonly relations: readonly RelationOf[]
}

const nodes = fc.record({
  variable: fc.constantFrom('x', 'y', 'z', 'w'),
  kind: fc.option(fc.constantFrom(...KINDS), { nil: null }),
  name: fc.option(fc.constantFrom(...NAMES), { nil: null, freq: 3 }),
})
const relations = fc.record({
  kinds: fc.subarray([...TYPES]),
  direction: fc.constantFrom('out' as const, 'in' as const, 'both' as const),
  length: fc.option(
    fc.tuple(fc.nat(2), fc.nat(2)).map(([least, more]) => [least, least + more] as const),
    { nil: null },
  ),
})
const patterns: fc.Arbitrary<Pattern> = fc
  .tuple(fc.array(nodes, { minLength: 2, maxLength: 4 }), fc.array(relations, { minLength: 3, maxLength: 3 }))
  .map(([of, between]) => ({ nodes: of, relations: between.slice(0, of.length - 1) }))

const CONDITIONS = [
  null,
  { text: 'ANY(n IN nodes(p) WHERE n.name = "b")', holds: (way: readonly number[]) => way.some((node) => NAMES[node] === 'b') },
  { text: 'ALL(n IN nodes(p) WHERE n.name <> "b")', holds: (way: readonly number[]) => way.every((node) => NAMES[node] !== 'b') },
  {
    text: 'NONE(n IN nodes(p) WHERE n.name IN ["c", "d"])',
    holds: (way: readonly number[]) => !way.some((node) => node === 2 || node === 3),
  },
  {
    text: 'ANY(n IN nodes(p) WHERE n.name = "b") AND ANY(n IN nodes(p) WHERE n.name = "c") AND length(p) < 4',
    holds: (way: readonly number[]) => way.includes(1) && way.includes(2) && way.length < 5,
  },
] as const

function written({ nodes: of, relations: between }: Pattern): string {
  const parts = of.map(({ variable, kind, name }, at) => {
    const node = `(${variable}${kind === null ? '' : `:${kind}`}${name === null ? '' : ` {name: "${name}"}`})`
    const relation = between[at - 1]
    if (relation === undefined) return node
    const length = relation.length === null ? '' : `*${relation.length[0]}..${relation.length[1]}`
    const types = relation.kinds.length === 0 ? '' : `:${relation.kinds.join('|')}`
    return `${relation.direction === 'in' ? '<' : ''}-[r${at}${types}${length}]-${relation.direction === 'out' ? '>' : ''}${node}`
  })
  return parts.join('')
}

/** Tries every node and every trail, and keeps what fits. */
function naive(graph: Graph, pattern: Pattern, holds: ((way: readonly number[]) => boolean) | null): string[] {
  const results: string[] = []
  const fits = (node: number, of: NodeOf, bound: ReadonlyMap<string, number>) =>
    (of.kind === null || graph.kinds[node] === of.kind) &&
    (of.name === null || NAMES[node] === of.name) &&
    (bound.get(of.variable) ?? node) === node
  const go = (at: number, node: number, bound: ReadonlyMap<string, number>, used: readonly number[], way: readonly number[]): void => {
    const relation = pattern.relations[at]
    const next = pattern.nodes[at + 1]
    if (relation === undefined || next === undefined) {
      if (holds === null || holds(way)) results.push(`${way.map((of) => NAMES[of]).join()} ${used.join()}`)
      return
    }
    const [least, most] = relation.length ?? [1, 1]
    const walk = (steps: number, here: number, taken: readonly number[], passed: readonly number[]): void => {
      if (steps >= least && fits(here, next, bound)) go(at + 1, here, new Map([...bound, [next.variable, here]]), taken, passed)
      if (steps === most) return
      for (const edge of graph.edges) {
        if (taken.includes(edge.line) || (relation.kinds.length > 0 && !relation.kinds.includes(edge.kind))) continue
        if (relation.direction !== 'in' && edge.from === here) walk(steps + 1, edge.to, [...taken, edge.line], [...passed, edge.to])
        if (relation.direction !== 'out' && edge.to === here && !(relation.direction === 'both' && edge.from === edge.to))
          walk(steps + 1, edge.from, [...taken, edge.line], [...passed, edge.from])
      }
    }
    walk(0, node, used, way)
  }
  const [first] = pattern.nodes
  if (first === undefined) return results
  for (const node of NAMES.keys()) if (fits(node, first, new Map())) go(0, node, new Map([[first.variable, node]]), [], [node])
  return results.sort()
}

function readerOf(graph: Graph): GraphReader {
  const tables = new GraphTables()
  for (const [at, kind] of graph.kinds.entries()) tables.entity({ key: `f.ts#${NAMES[at]}`, kind })
  for (const { from, to, kind, line } of graph.edges) tables.edge({ from: `f.ts#${NAMES[from]}`, to: `f.ts#${NAMES[to]}`, kind, line })
  return new GraphReader(tables.database, LIVE)
}

const short = (id: string) => id.replace('f.ts#', '')

describe('any pattern on any graph', () => {
  it('gives what trying everything gives', () => {
    fc.assert(
      fc.property(graphs, patterns, fc.constantFrom(...CONDITIONS), (graph, pattern, condition) => {
        const reader = readerOf(graph)
        const where = condition === null ? '' : ` WHERE ${condition.text}`
        const table = reader.query(`MATCH p = ${written(pattern)}${where} RETURN p`, 10_000)
        const found = table.rows.map(([path]) => {
          if (path === null || typeof path !== 'object' || path.is !== 'path') throw new Error('no path')
          return `${path.nodes.map(short).join()} ${path.edges.map((edge) => edge.line).join()}`
        })
        expect(table.truncated).toBe(false)
        expect(found.sort()).toEqual(naive(graph, pattern, condition === null ? null : condition.holds))
      }),
      { numRuns: 400 },
    )
  })

  it('reaches the same nodes when only they are asked for, and finds ways of the same shortest length', () => {
    const one = fc.record({
      least: fc.nat(1),
      most: fc.integer({ min: 1, max: 5 }),
      kinds: fc.subarray([...TYPES]),
      from: fc.constantFrom(...NAMES),
    })
    fc.assert(
      fc.property(graphs, one, fc.constantFrom(...NAMES), (graph, { least, most, kinds, from }, to) => {
        const reader = readerOf(graph)
        const walk = `${kinds.length === 0 ? '' : `:${kinds.join('|')}`}*${least}..${most}`
        const names = (cypher: string) => reader.query(cypher, 10_000).rows.map(([name]) => name)
        const every = names(`MATCH (a {name: "${from}"})-[r${walk}]->(b) RETURN b.name`)
        expect(names(`MATCH (a {name: "${from}"})-[${walk}]->(b) RETURN DISTINCT b.name`).sort()).toEqual([...new Set(every)].sort())
        const ends = `(a {name: "${from}"})-[${walk}]->(b {name: "${to}"})`
        const lengths = names(`MATCH p = ${ends} RETURN length(p)`).map(Number)
        const shortest = Math.min(...lengths)
        expect(names(`MATCH p = shortestPath(${ends}) RETURN length(p)`)).toEqual(lengths.length === 0 ? [] : [shortest])
        expect(names(`MATCH p = allShortestPaths(${ends}) RETURN length(p)`)).toEqual(lengths.filter((length) => length === shortest))
      }),
      { numRuns: 200 },
    )
  })
})

describe('the parser', () => {
  const WORDS = [
    ...'MATCH OPTIONAL WHERE RETURN WITH UNWIND AS OF UNION ALL ANY NONE IN AND OR NOT XOR IS NULL CASE WHEN THEN ELSE END ORDER BY SKIP LIMIT DISTINCT'.split(
      ' ',
    ),
    ...'( ) [ ] { } - -> <- < > = <> =~ : | , . .. * + / % ^ ; $x ! & \' " ` \\ n m r 1 2.5 "text" nodes(p) shortestPath( exists( count(*) r0123456789/b0/4'.split(
      ' ',
    ),
    ...['(n)', '-[:CALLS*1..5]->', '(m:Function {name: "x"})', '//', '/*', '\n', 'é', '\u{1f600}', '\0'],
  ]
  const refusesOrReads = (text: string) => {
    try {
      parseCypher(text)
    } catch (thrown) {
      if (!(thrown instanceof KeyframeError)) throw thrown
      expect(thrown.failure.code).toMatch(/^cypher\./)
      expect(thrown.failure.details).toMatchObject({ line: expect.any(Number), column: expect.any(Number) })
    }
  }

  it('throws nothing but its own mistakes, whatever it is given', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 200 }), refusesOrReads), { numRuns: 2000 })
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...WORDS), { maxLength: 40 }).map((words) => words.join(' ')),
        refusesOrReads,
      ),
      { numRuns: 2000 },
    )
    const start = fc.constantFrom('MATCH ', 'MATCH (n) WHERE ', 'RETURN ', 'MATCH p = (a)-[:CALLS*]->(b) RETURN ')
    const rest = fc.array(fc.constantFrom(...WORDS), { maxLength: 12 }).map((words) => words.join(''))
    fc.assert(
      fc.property(start, rest, (one, other) => refusesOrReads(one + other)),
      { numRuns: 2000 },
    )
  })

  it('refuses what is nested or chained without end', () => {
    for (const text of [
      '('.repeat(15_000),
      `RETURN ${'['.repeat(15_000)}`,
      `RETURN ${'NOT '.repeat(4_000)}1`,
      `RETURN ${'-'.repeat(15_000)}1`,
      `RETURN 1${'+1'.repeat(9_000)}`,
      `RETURN a${'.a'.repeat(9_000)}`,
      `RETURN 1${'<1'.repeat(9_000)}`,
      `RETURN ${'CASE WHEN '.repeat(1_500)}`,
      'x'.repeat(30_000),
    ])
      expect(() => parseCypher(text)).toThrow(KeyframeError)
  })

  it('runs what it reads without any other failure', () => {
    const reader = readerOf({
      kinds: KINDS.flatMap((kind) => [kind, kind, kind]).slice(0, 5),
      edges: [{ from: 0, to: 1, kind: 'calls', line: 1 }],
    })
    const rest = fc.array(fc.constantFrom(...WORDS), { maxLength: 10 }).map((words) => words.join(' '))
    const start = fc.constantFrom(
      'RETURN ',
      'MATCH p = (n)-[r]->(m) WHERE ',
      'MATCH p = (n)-[r]->(m) RETURN ',
      'WITH 1 AS n, [1, 2] AS m RETURN ',
    )
    fc.assert(
      fc.property(start, rest, fc.constantFrom('', ' RETURN 1'), (one, other, last) => {
        try {
          reader.query(one + other + last, 100)
        } catch (thrown) {
          if (!(thrown instanceof KeyframeError)) throw thrown
        }
      }),
      { numRuns: 2000 },
    )
  })
})

describe('AS OF', () => {
  it('is read at the end of a match, of a clause and of the query', () => {
    const asOf = { run: 'r0123456789', branch: 'b0', frame: 42 }
    expect(parseCypher('MATCH (n) AS OF r0123456789/b0/42 WHERE n.name = "x" RETURN n').asOf).toEqual(asOf)
    expect(parseCypher('MATCH (n) WHERE n.name = "x" AS OF r0123456789/b0/42 RETURN n').asOf).toEqual(asOf)
    expect(parseCypher('MATCH (n) RETURN n AS OF r0123456789/b0/42').asOf).toEqual(asOf)
    expect(parseCypher("MATCH (n) RETURN n ORDER BY n.name LIMIT 3 as of 'r0123456789/b0/42';").asOf).toEqual(asOf)
    expect(parseCypher('MATCH (n) RETURN n AS of').asOf).toBeNull()
    expect(() => parseCypher('MATCH (n) AS OF r0123456789/b0/42 RETURN n AS OF r0123456789/b0/43')).toThrow(/one point/)
    expect(() => parseCypher('MATCH (n) AS OF yesterday RETURN n')).toThrow(/RUN\/BRANCH\/FRAME/)
  })
})

describe('patterns of texts', () => {
  it('match whole texts as regular expressions do', () => {
    const atoms = fc.constantFrom(
      'a',
      'b',
      'A',
      '.',
      '[ab]',
      '[^a]',
      '\\d',
      '\\w',
      '(a|b)',
      '(?:ab)',
      'a?',
      'b*',
      '(ab)+',
      'a{2}',
      '[a-c]{1,2}',
    )
    const regular = fc.array(atoms, { minLength: 1, maxLength: 5 }).map((parts) => parts.join(''))
    const texts = fc.string({ unit: fc.constantFrom('a', 'b', 'c', 'A', '1', '-'), maxLength: 8 })
    fc.assert(
      fc.property(regular, texts, fc.boolean(), (pattern, text, ignoreCase) => {
        const expected = new RegExp(`^(?:${pattern})$`, ignoreCase ? 'is' : 's').test(text)
        expect(new LinearPattern(`${ignoreCase ? '(?i)' : ''}${pattern}`).matches(text)).toBe(expected)
      }),
      { numRuns: 2000 },
    )
  })

  it('take no longer for patterns that make others try without end', () => {
    expect(new LinearPattern('(a*)*(a*)*(a*)*b').matches('a'.repeat(2000))).toBe(false)
    expect(new LinearPattern('(.*a){20}').matches(`${'a'.repeat(300)}b`)).toBe(false)
    expect(() => new LinearPattern('((((a{100}){100}){100}))')).toThrow(/repeats too much/)
    for (const wrong of ['(a', 'a)', '[a', '*a', 'a**', '(?=a)', '\\1', 'a{3,2}']) expect(() => new LinearPattern(wrong)).toThrow()
  })
})
