import { describe, expect, it } from 'vitest'
import type { FlowResult } from '../../../../shared/graph'
import { GraphTables } from '../../testing/graph-tables'
import { LIVE } from '../view'
import { GraphReader } from './graph-reader'

const HANDLERS = `export function handle(request) {
  const userId = callerOf(request)
  return charge(userId)
}
`

/** A gateway that takes a user_id, billing that charges it and stores it, and a report in another language that reads it. */
function shop(): GraphTables {
  const tables = new GraphTables()
  const variable = (key: string, line = 1) => tables.entity({ key, kind: 'variable', name: /\((.*)\)$/.exec(key)?.[1] ?? key, line })
  const flows = (from: string, to: string, method: string, line: number, confidence = 1, path?: string) =>
    tables.edge({ from, to, kind: 'flows_to', method, line, confidence, ...(path === undefined ? {} : { path }) })
  for (const key of [
    'src/gateway/handlers.ts#handle',
    'src/gateway/handlers.ts#callerOf',
    'src/billing/charge.ts#charge',
    'src/billing/charge.ts#store',
    'report.py#report',
  ])
    tables.entity({ key, kind: 'function' })
  variable('src/gateway/handlers.ts#handle(userId)', 2)
  variable('src/gateway/handlers.ts#handle(request)')
  variable('src/billing/charge.ts#charge(user_id)')
  variable('src/billing/charge.ts#store(customer)')
  variable('src/billing/charge.ts#store(userID)')
  variable('report.py#report(user_id)')
  tables
    .chunk('src/gateway/handlers.ts', 1, HANDLERS)
    .chunk('src/billing/charge.ts', 1, 'function charge(user_id) {\n  store(user_id, user_id)\n}\n')
    .entity({ key: 'column:charges.user_id', kind: 'column', name: 'user_id', path: 'db.sql' })
    .entity({ key: 'table:audit', kind: 'table', name: 'audit', path: 'db.sql' })
    .entity({ key: 'property:user_id', kind: 'property', name: 'user_id', path: 'src/gateway/handlers.ts', declared: false })
    .entity({ key: 'property:meta', kind: 'property', name: 'meta', path: 'src/gateway/handlers.ts', declared: false })
    .edge({
      from: 'src/billing/charge.ts#store',
      to: 'column:charges.user_id',
      kind: 'writes',
      method: 'query builder',
      confidence: 0.9,
      line: 6,
    })
    .edge({ from: 'report.py#report', to: 'column:charges.user_id', kind: 'reads', method: 'SQL in a string', confidence: 0.9, line: 3 })
  flows('src/gateway/handlers.ts#callerOf', 'src/gateway/handlers.ts#handle(userId)', 'result of a call', 2)
  flows('src/gateway/handlers.ts#handle(userId)', 'src/billing/charge.ts#charge(user_id)', 'argument to parameter', 3, 0.95)
  flows('src/billing/charge.ts#charge(user_id)', 'src/billing/charge.ts#store(customer)', 'argument to parameter', 2)
  flows('src/billing/charge.ts#charge(user_id)', 'src/billing/charge.ts#store(userID)', 'argument to parameter', 2)
  flows('src/gateway/handlers.ts#handle(userId)', 'property:meta', 'property written', 3, 0.4)
  flows('property:meta', 'report.py#report(user_id)', 'property read', 9, 0.4, 'report.py')
  return tables
}

const reader = new GraphReader(shop().database, LIVE)
const short = (id: string) => id.replace(/^.*[#/](?=[^/]*$)/, '')
const ways = (result: FlowResult) =>
  result.ways.map(({ hops }) => [short(hops[0]?.from ?? ''), ...hops.map((hop) => `${hop.how}: ${short(hop.to)}`)])

describe('where a value flows', () => {
  it('is told hop by hop, with file, line and text, whatever the spelling', () => {
    for (const name of ['user_id', 'userId', 'UserID']) {
      const result = reader.flow(name, 'src/gateway', 'src/billing', 10)
      expect(result.ways).toEqual([
        {
          hops: [
            {
              from: 'src/gateway/handlers.ts#handle(userId)',
              to: 'src/billing/charge.ts#charge(user_id)',
              how: 'argument to parameter',
              path: 'src/gateway/handlers.ts',
              line: 3,
              text: 'return charge(userId)',
              confidence: 0.95,
              method: 'argument to parameter',
            },
          ],
          confidence: 0.95,
        },
      ])
      expect(result).toMatchObject({ truncated: false, nodes: { length: 2 }, edges: [{ kind: 'flows_to', confidence: 0.95 }] })
    }
  })

  it('knows folders by their name, and symbols', () => {
    expect(reader.flow('user_id', 'gateway', 'billing', 10).ways).toHaveLength(1)
    expect(ways(reader.flow('user_id', 'handle', 'store', 10))).toEqual([
      ['handle(userId)', 'argument to parameter: charge(user_id)', 'argument to parameter: store(userID)'],
    ])
    expect(reader.flow('user_id', 'nowhere', 'billing', 10).ways).toEqual([])
    expect(reader.flow('nothing', null, null, 10)).toEqual({ ways: [], nodes: [], edges: [], truncated: false })
  })

  it('lies in no file that only mentions it', () => {
    const tables = shop().edge({
      ...{ from: 'src/billing/charge.ts#charge(user_id)', to: 'property:user_id', kind: 'flows_to', method: 'property written' },
      confidence: 0.4,
    })
    expect(new GraphReader(tables.database, LIVE).flow('user_id', 'src/billing', 'src/gateway', 10).ways).toEqual([])
  })

  it('goes through what programs share, less certain', () => {
    const result = reader.flow('user_id', 'gateway', 'report.py', 10)
    expect(ways(result)).toEqual([
      [
        ...['handle(userId)', 'argument to parameter: charge(user_id)', 'argument to parameter: store(userID)'],
        ...['column written: column:charges.user_id', 'column read: report(user_id)'],
      ],
    ])
    expect(result.ways[0]?.confidence).toBeCloseTo(0.95 * 0.9 * 0.6 * 0.9 * 0.6)
    expect(result.ways[0]?.hops[3]).toMatchObject({ path: 'report.py', line: 3, method: 'same column, SQL in a string' })
    expect(reader.flow('user_id', 'gateway', 'report.py', 3).ways).toEqual([])
  })

  it('goes on for as long as the name does when its end is not given, and back when its start is not', () => {
    expect(ways(reader.flow('user_id', 'gateway', null, 10)).map((way) => way.at(-1))).toEqual(['column read: report(user_id)'])
    expect(ways(reader.flow('user_id', null, 'report.py', 10)).map((way) => way[0])).toEqual(['handle(userId)'])
    expect(ways(reader.flow('user_id', null, null, 10)).map((way) => [way[0], way.at(-1)])).toEqual([
      ['handle(userId)', 'column read: report(user_id)'],
    ])
  })

  it('returns to the function that called', () => {
    const tables = new GraphTables()
    for (const key of ['a.ts#same', 'a.ts#one', 'a.ts#two']) tables.entity({ key, kind: 'function' })
    for (const key of ['a.ts#same(id)', 'a.ts#one(token)', 'a.ts#one(id)', 'a.ts#two(id)'])
      tables.entity({ key, kind: 'variable', name: key.replace(/^.*\(|\)$/g, '') })
    tables
      .edge({ from: 'a.ts#one(token)', to: 'a.ts#same(id)', kind: 'flows_to', method: 'argument to parameter' })
      .edge({ from: 'a.ts#same(id)', to: 'a.ts#same', kind: 'flows_to', method: 'returned' })
      .edge({ from: 'a.ts#same', to: 'a.ts#one(id)', kind: 'flows_to', method: 'result of a call' })
      .edge({ from: 'a.ts#same', to: 'a.ts#two(id)', kind: 'flows_to', method: 'result of a call' })
    const ends = new GraphReader(tables.database, LIVE).flow('token', 'one', 'a.ts', 10).ways.map(({ hops }) => hops.at(-1)?.to)
    expect(ends).toContain('a.ts#one(id)')
    expect(ends).not.toContain('a.ts#two(id)')
  })
})
