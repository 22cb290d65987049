import { describe, expect, it } from 'vitest'
import type { GraphTable, GraphValue } from '../../../../../shared/graph'
import { KeyframeError } from '../../../../../shared/failure'
import { GraphTables } from '../../../testing/graph-tables'
import { LIVE } from '../../view'
import { GraphReader } from '../graph-reader'

/** A gateway that hands a user_id on to billing, by two ways of which one passes through it. */
function services(): GraphTables {
  const tables = new GraphTables()
  const calls = (from: string, to: string, confidence = 1) =>
    tables.edge({ from: `a.ts#${from}`, to: `a.ts#${to}`, kind: 'calls', confidence })
  tables.entity({ key: 'a.ts', kind: 'file', name: 'a.ts' })
  for (const name of ['api_gateway', 'read_user_id', 'log', 'pass_user_id', 'billing', 'alone'])
    tables
      .entity({ key: `a.ts#${name}`, kind: 'function', exported: name !== 'log', line: name.length })
      .edge({ from: 'a.ts', to: `a.ts#${name}`, kind: 'contains' })
  calls('api_gateway', 'read_user_id')
  calls('api_gateway', 'log')
  calls('read_user_id', 'billing')
  calls('log', 'billing', 0.5)
  calls('log', 'pass_user_id')
  calls('pass_user_id', 'billing')
  calls('billing', 'log', 0.25)
  tables
    .entity({ key: 'table:users', kind: 'table', path: 'db.sql', attributes: { engine: 'postgres', columns: ['id', 'email'] } })
    .edge({ from: 'a.ts#billing', to: 'table:users', kind: 'reads' })
    .entity({ key: 'env_var:PORT', kind: 'env_var', path: 'a.ts', declared: false })
    .callByName('a.ts#alone', 'billing')
  return tables
}

const reader = new GraphReader(services().database, LIVE)
const ask = (cypher: string, limit = 100) => reader.query(cypher, limit)

function shown(value: GraphValue): unknown {
  if (value === null || typeof value !== 'object') return value
  if (value.is === 'node') return value.id.replace('a.ts#', '')
  if (value.is === 'edge') return `${value.edge.from}-${value.edge.kind}->${value.edge.to}`.replaceAll('a.ts#', '')
  if (value.is === 'path') return value.nodes.map((id) => id.replace('a.ts#', '')).join(' > ')
  return value.items.map(shown)
}
const rows = (table: GraphTable) => table.rows.map((row) => row.map(shown))
const column = (cypher: string) => rows(ask(cypher)).map(([first]) => first)

function mistake(cypher: string) {
  try {
    ask(cypher)
  } catch (thrown) {
    if (thrown instanceof KeyframeError) return thrown.failure
    throw thrown
  }
  throw new Error(`nothing was wrong with ${cypher}`)
}

const ARTICLE = `MATCH path = (src:Entity {name: "api_gateway"})-[:CALLS*1..5]->(dst:Entity {name: "billing"})
WHERE ANY(n IN nodes(path) WHERE n.name CONTAINS "user_id")
RETURN path`

describe("the article's query", () => {
  it('gives the ways that pass a user_id, shortest first', () => {
    const table = ask(ARTICLE)
    expect(table.columns).toEqual(['path'])
    expect(rows(table)).toEqual([
      ['api_gateway > read_user_id > billing'],
      ['api_gateway > log > pass_user_id > billing'],
      ['api_gateway > read_user_id > billing > log > billing'],
      ['api_gateway > read_user_id > billing > log > pass_user_id > billing'],
      ['api_gateway > log > billing > log > pass_user_id > billing'],
      ['api_gateway > log > pass_user_id > billing > log > billing'],
    ])
    expect(table).toMatchObject({ truncated: false, limit: null, nodes: { length: 5 }, edges: { length: 7 } })
  })
})

describe('matching', () => {
  it('knows labels and types in any case, several of them, and groups', () => {
    expect(column('MATCH (n:Table) RETURN n')).toEqual(['table:users'])
    expect(column('MATCH (n:TABLE|EnvVar) RETURN n.key ORDER BY n.key')).toEqual(['env_var:PORT', 'table:users'])
    expect(column('MATCH (n:data) RETURN n.key')).toEqual(['table:users'])
    expect(column('MATCH (n:Function)-[:reads|WRITES]->(t) RETURN n.name')).toEqual(['billing'])
    expect(column('MATCH (n {name: "billing"}) RETURN labels(n)')).toEqual([['Function']])
    expect(column('MATCH (n) WHERE n:Table OR n:file RETURN n.key ORDER BY n.key')).toEqual(['a.ts', 'table:users'])
  })

  it('walks in both directions and undirected', () => {
    expect(column('MATCH (n {name: "billing"})<-[:CALLS]-(m) RETURN m.name ORDER BY m.name')).toEqual([
      'log',
      'pass_user_id',
      'read_user_id',
    ])
    expect(column('MATCH (n {name: "billing"})-[:CALLS]-(m) RETURN m.name ORDER BY m.name')).toEqual([
      'log',
      'log',
      'pass_user_id',
      'read_user_id',
    ])
    expect(column('MATCH (n {name: "billing"})--(m:Table) RETURN m.name')).toEqual(['users'])
  })

  it('uses calls known by name only where they are asked for', () => {
    expect(column('MATCH (n {name: "alone"})-[:CALLS]->(m) RETURN m')).toEqual([])
    expect(rows(ask('MATCH (n {name: "alone"})-[r:MAYBE_CALLS]->(m) RETURN m, r.confidence, r.method'))).toEqual([
      ['billing', 0.3, 'name only'],
    ])
    expect(column('MATCH (n {name: "billing"})<-[r:MAYBE_CALLS]-(m) RETURN m.name')).toEqual(['alone'])
  })

  it('walks ways of any length', () => {
    const reached = 'MATCH (n {name: "api_gateway"})-[:CALLS*]->(m) RETURN DISTINCT m.name ORDER BY m.name'
    expect(column(reached)).toEqual(['billing', 'log', 'pass_user_id', 'read_user_id'])
    expect(column('MATCH (n {name: "api_gateway"})-[:CALLS*..1]->(m) RETURN m.name ORDER BY m.name')).toEqual(['log', 'read_user_id'])
    expect(column('MATCH (n {name: "api_gateway"})-[:CALLS*0..1]->(m) RETURN m.name ORDER BY m.name')).toEqual([
      'api_gateway',
      'log',
      'read_user_id',
    ])
    expect(column('MATCH (n {name: "api_gateway"})-[:CALLS*2]->(m) RETURN m.name ORDER BY m.name')).toEqual([
      'billing',
      'billing',
      'pass_user_id',
    ])
    expect(column('MATCH (n {name: "api_gateway"})-[r:CALLS*2 {confidence: 1}]->(m) RETURN size(r)')).toEqual([2, 2])
    expect(
      column('MATCH (n {name: "api_gateway"})-[r:CALLS*3..3]->({name: "billing"}) WHERE ALL(x IN r WHERE x.confidence > 0.6) RETURN r'),
    ).toHaveLength(1)
    expect(
      column(
        'MATCH p = (n {name: "api_gateway"})-[:CALLS*1..3]->({name: "billing"}) WHERE NONE(x IN nodes(p) WHERE x.name = "log") RETURN length(p)',
      ),
    ).toEqual([2])
  })

  it('finds the shortest ways', () => {
    const between = '(a {name: "api_gateway"})-[:CALLS*]->(b {name: "billing"})'
    expect(column(`MATCH p = shortestPath(${between}) RETURN length(p)`)).toEqual([2])
    expect(column(`MATCH p = allShortestPaths(${between}) RETURN length(p)`)).toEqual([2, 2])
    expect(column(`MATCH p = shortestPath(${between}) WHERE ANY(n IN nodes(p) WHERE n.name STARTS WITH "pass") RETURN p`)).toEqual([
      'api_gateway > log > pass_user_id > billing',
    ])
    expect(column(`MATCH p = shortestPath(${between}) WHERE length(p) > 2 AND size(nodes(p)) > 3 RETURN length(p)`)).toEqual([3])
  })

  it('takes several patterns, bound variables and optional ones', () => {
    expect(column('MATCH (a {name: "log"}), (b {name: "billing"}), (a)-[r:CALLS]->(b) RETURN r.confidence')).toEqual([0.5])
    expect(rows(ask('MATCH (f:Function {name: "billing"}) OPTIONAL MATCH (f)-[:WRITES]->(t) RETURN f, t'))).toEqual([['billing', null]])
    expect(
      rows(ask('MATCH (f:Function) WHERE f.line < 6 OPTIONAL MATCH (f)-[:CALLS]->(t) RETURN f.name, count(t) ORDER BY f.name')),
    ).toEqual([
      ['alone', 0],
      ['log', 2],
    ])
    expect(column('MATCH (a)-[r:READS]->() WITH r MATCH (x)-[r]->(y) RETURN y')).toEqual(['table:users'])
  })

  it('tests for patterns', () => {
    expect(column('MATCH (f:Function) WHERE NOT (f)<-[:CALLS]-() RETURN f.name ORDER BY f.name')).toEqual(['alone', 'api_gateway'])
    expect(column('MATCH (f:Function) WHERE exists((f)-[:READS]->(:Table)) RETURN f.name')).toEqual(['billing'])
    expect(column('MATCH (f:Function) WHERE EXISTS { (f)-[:CALLS]->(g) WHERE g.name = "log" } RETURN f.name ORDER BY f.name')).toEqual([
      'api_gateway',
      'billing',
    ])
    expect(rows(ask('MATCH (f:Function) RETURN f.name, COUNT { (f)-[:CALLS]->() } AS calls ORDER BY calls DESC, f.name LIMIT 2'))).toEqual([
      ['api_gateway', 2],
      ['log', 2],
    ])
  })
})

describe('conditions and expressions', () => {
  it('compare, combine and look into texts', () => {
    expect(column('MATCH (f:Function) WHERE f.name ENDS WITH "_id" AND NOT f.name STARTS WITH "p" RETURN f.name')).toEqual(['read_user_id'])
    expect(column('MATCH (f:Function) WHERE f.name =~ "(read|pass)_.*" XOR f.exported = false RETURN f.name ORDER BY f.name')).toEqual([
      'log',
      'pass_user_id',
      'read_user_id',
    ])
    expect(column('MATCH (f) WHERE f.name IN ["log", "users"] RETURN f.kind ORDER BY f.kind')).toEqual(['function', 'table'])
    expect(column('MATCH (f:Function) WHERE 3 <= f.line < 6 RETURN f.name ORDER BY f.line')).toEqual(['log', 'alone'])
    expect(column('MATCH (f) WHERE toLower(f.name) CONTAINS "BILL" OR f.doc IS NOT NULL RETURN f')).toEqual([])
    expect(column('MATCH (t:Table) WHERE t.engine = "postgres" AND "email" IN t.columns RETURN t.columns')).toEqual([['id', 'email']])
  })

  it('calculate', () => {
    expect(rows(ask('RETURN 1 + 2 * 3 ^ 2 - 4 / 2 AS a, -(3) % 2 AS b, "x" + 1 AS c, [1] + 2 AS d, null + 1 AS e, 1 = null AS f'))).toEqual(
      [[17, -1, 'x1', [1, 2], null, null]],
    )
    expect(
      rows(ask('RETURN [x IN range(1, 5) WHERE x % 2 = 1 | x * 10] AS a, [1, 2, 3][-1] AS b, [1, 2, 3][0..2] AS c, {a: 1}.a AS d')),
    ).toEqual([[[10, 30, 50], 3, [1, 2], 1]])
    expect(rows(ask('RETURN CASE WHEN 1 > 2 THEN "a" ELSE "b" END AS a, CASE 3 WHEN 3 THEN "c" END AS b, coalesce(null, 2) AS c'))).toEqual(
      [['b', 'c', 2]],
    )
    expect(
      rows(
        ask(
          'RETURN toUpper("a") AS a, size("abc") AS b, split("a,b", ",") AS c, substring("hello", 1, 3) AS d, replace("aa", "a", "b") AS e',
        ),
      ),
    ).toEqual([['A', 3, ['a', 'b'], 'ell', 'bb']])
    expect(column('RETURN SINGLE(x IN [1, 2] WHERE x > 1)')).toEqual([true])
    expect(column('RETURN ANY(x IN [null] WHERE x > 1)')).toEqual([null])
  })
})

describe('projections', () => {
  it('group, count and sort', () => {
    expect(rows(ask('MATCH (n) RETURN n.kind AS kind, count(*) AS many ORDER BY many DESC, kind LIMIT 2'))).toEqual([
      ['function', 6],
      ['env_var', 1],
    ])
    expect(
      rows(
        ask(
          'MATCH (:Function)-[r:CALLS]->(m) RETURN count(DISTINCT m), min(r.confidence), max(r.confidence), sum(r.confidence), avg(m.line)',
        ),
      ),
    ).toEqual([[4, 0.25, 1, 5.75, 51 / 7]])
    expect(rows(ask('MATCH (f:Function)-[:CALLS]->(m) WITH m, collect(f.name) AS by WHERE size(by) > 2 RETURN m.name, size(by)'))).toEqual([
      ['billing', 3],
    ])
    expect(rows(ask('MATCH (n:Rfc) RETURN count(n), collect(n), sum(1)'))).toEqual([[0, [], 0]])
    expect(column('MATCH (f:Function) RETURN f.name ORDER BY f.line SKIP 1 LIMIT 2')).toEqual(['alone', 'billing'])
  })

  it('unwind, unite and pass on', () => {
    expect(column('UNWIND ["log", "billing"] AS name MATCH (f {name: name}) RETURN f')).toEqual(['log', 'billing'])
    expect(column('RETURN 1 AS x UNION RETURN 1 AS x UNION RETURN 2 AS x')).toEqual([1, 2])
    expect(column('RETURN 1 AS x UNION ALL RETURN 1 AS x')).toEqual([1, 1])
    expect(ask('MATCH (t:Table) RETURN *').columns).toEqual(['t'])
    expect(rows(ask('MATCH (t:Table) RETURN keys(t), properties(t)'))[0]?.[0]).toContain('engine')
  })

  it('say when there is more than the limit of rows', () => {
    expect(ask('MATCH (f:Function) RETURN f', 3)).toMatchObject({ truncated: true, limit: 'more than 3 rows', rows: { length: 3 } })
    expect(ask('MATCH (f:Function) RETURN f', 6)).toMatchObject({ truncated: false, limit: null, rows: { length: 6 } })
  })

  it('give parameters their values', () => {
    expect(mistake('MATCH (f {name: $name}) RETURN f')).toMatchObject({ code: 'cypher.unknown-parameter' })
  })
})

describe('mistakes', () => {
  it('are told with their place, what was expected and what may be meant', () => {
    expect(mistake('MATCH (n RETURN n')).toMatchObject({
      code: 'cypher.syntax',
      message: 'Line 1, column 10: expected `)`, but "RETURN" was found.',
      details: { line: 1, column: 10, expected: '`)`' },
    })
    expect(mistake('MATHC (n) RETURN n')).toMatchObject({ action: 'Did you mean MATCH?' })
    expect(mistake('MATCH (n:Functoin) RETURN n')).toMatchObject({ code: 'cypher.unknown-name', action: 'Did you mean Function?' })
    expect(mistake('MATCH (n)-[:CALL]->(m) RETURN n')).toMatchObject({ code: 'cypher.unknown-name', action: 'Did you mean CALLS?' })
    expect(mistake('MATCH (n:Table) RETURN n.enigne')).toMatchObject({
      code: 'cypher.unknown-name',
      message: expect.stringContaining('enigne'),
    })
    expect(mistake('MATCH (n:Function) WHERE n.nam = "x" RETURN n')).toMatchObject({ action: 'Did you mean name?' })
    expect(mistake('MATCH (n)-[r:CALLS]->() RETURN r.confidense')).toMatchObject({ action: 'Did you mean confidence?' })
    expect(mistake('MATCH (node) RETURN nod')).toMatchObject({ action: 'Did you mean node?' })
    expect(mistake('RETURN tolowr("x")')).toMatchObject({ action: 'Did you mean toLower?' })
    expect(mistake('MATCH (n)\nWHERE n.name != "x"\nRETURN n')).toMatchObject({
      details: { line: 2 },
      action: 'Cypher writes "not equal" as <>.',
    })
    expect(mistake('MATCH (n)')).toMatchObject({ code: 'cypher.syntax', message: expect.stringContaining('RETURN') })
    expect(mistake('MATCH (n) WHERE n.name =~ "(a" RETURN n')).toMatchObject({ code: 'cypher.pattern' })
    expect(mistake('MATCH (n) WHERE count(n) > 1 RETURN n')).toMatchObject({ code: 'cypher.syntax' })
    expect(mistake('RETURN 1 + true')).toMatchObject({ code: 'cypher.type' })
  })

  it('refuse to write', () => {
    for (const writing of [
      'CREATE (n)',
      'MATCH (n) DELETE n',
      'MATCH (n) SET n.x = 1',
      'MERGE (n)',
      'CALL db.labels()',
      'LOAD CSV FROM "x" AS y RETURN y',
    ])
      expect(mistake(writing)).toMatchObject({ code: 'cypher.read-only' })
  })
})
