import { describe, expect, it } from 'vitest'
import { GraphTables } from '../../testing/graph-tables'
import { LIVE, type View } from '../view'
import { GraphReader } from './graph-reader'

function small(): GraphTables {
  return new GraphTables()
    .file('a.ts')
    .file('b.ts')
    .entity({ key: 'a.ts', kind: 'file', name: 'a.ts' })
    .entity({ key: 'b.ts', kind: 'file', name: 'b.ts' })
    .entity({ key: 'a.ts#start', kind: 'function' })
    .entity({ key: 'a.ts#middle', kind: 'function' })
    .entity({ key: 'b.ts#end', kind: 'function', exported: true, language: 'typescript', doc: 'The end.', attributes: { status: 'old' } })
    .edge({ from: 'a.ts', to: 'a.ts#start', kind: 'contains' })
    .edge({ from: 'a.ts', to: 'a.ts#middle', kind: 'contains' })
    .edge({ from: 'b.ts', to: 'b.ts#end', kind: 'contains' })
    .edge({ from: 'a.ts#start', to: 'a.ts#middle', kind: 'calls' })
    .edge({ from: 'a.ts#middle', to: 'b.ts#end', kind: 'calls' })
    .callByName('b.ts#end', 'start')
}

const names = (nodes: readonly { id: string }[]) => nodes.map((node) => node.id)

describe('the live view', () => {
  it('gives nodes whole', () => {
    expect(new GraphReader(small().database, LIVE).node('b.ts#end')).toEqual({
      ...{ id: 'b.ts#end', kind: 'function', name: 'end', path: 'b.ts', startLine: 1, endLine: 1, nameLine: 1, nameColumn: 0 },
      ...{ exported: true, signature: '', doc: 'The end.', language: 'typescript', attributes: { status: 'old' } },
    })
    expect(new GraphReader(small().database, LIVE).node('b.ts#nothing')).toBeNull()
  })

  it('walks certain calls first, and those by name only when there is no other way', () => {
    const reader = new GraphReader(small().database, LIVE)
    expect(reader.path('start', 'end', 5).edges.map((edge) => `${edge.from} ${edge.to}`)).toEqual([
      'a.ts#start a.ts#middle',
      'a.ts#middle b.ts#end',
    ])
    expect(reader.path('b.ts#end', 'a.ts#start', 5).edges).toEqual([
      { from: 'b.ts#end', to: 'a.ts#start', kind: 'maybe_calls', confidence: 0.3, method: 'name only', line: 1 },
    ])
    expect(reader.path('a.ts', 'b.ts#end', 5).edges.map((edge) => edge.kind)).toEqual(['contains', 'calls'])
  })

  it('has a neighbourhood as wide as it may be', () => {
    const reader = new GraphReader(small().database, LIVE)
    expect(names(reader.neighbourhood('a.ts#middle', 1, 10).nodes)).toEqual(['a.ts#middle', 'b.ts#end', 'a.ts', 'a.ts#start'])
    expect(reader.neighbourhood('a.ts#middle', 2, 3)).toMatchObject({ truncated: true, nodes: { length: 3 } })
    expect(reader.neighbourhood('nothing', 2, 3)).toEqual({ nodes: [], edges: [], truncated: false })
  })

  it('counts kinds', () => {
    expect(new GraphReader(small().database, LIVE).summary()).toEqual({
      nodes: [
        { kind: 'function', count: 3 },
        { kind: 'file', count: 2 },
      ],
      edges: [
        { kind: 'contains', count: 3 },
        { kind: 'calls', count: 2 },
      ],
    })
  })

  it('lets the file speak that declares an entity, then the first path', () => {
    const tables = new GraphTables()
      .entity({ key: 'table:users', kind: 'table', path: 'a.ts', declared: false })
      .entity({ key: 'table:users', kind: 'table', path: 'z.sql', signature: 'CREATE TABLE users' })
      .entity({ key: 'table:users', kind: 'table', path: 'm.sql', signature: 'create table users' })
    const reader = new GraphReader(tables.database, LIVE)
    expect(reader.node('table:users')).toMatchObject({ path: 'm.sql' })
    expect(reader.find('users', 5)).toHaveLength(1)
    expect(reader.summary().nodes).toEqual([{ kind: 'table', count: 1 }])
  })
})

describe('other views', () => {
  /** Version 2 of the live repository lost `b.ts#end`; a branch over version 1 has another `a.ts`. */
  function layered(): GraphTables {
    const tables = small()
    tables.version = 2
    tables.end('b.ts').file('b.ts').entity({ key: 'b.ts', kind: 'file', name: 'b.ts' }).entity({ key: 'b.ts#other', kind: 'function' })
    tables.layer = 1
    tables.version = 3
    return tables
      .file('a.ts')
      .entity({ key: 'a.ts', kind: 'file', name: 'a.ts' })
      .entity({ key: 'a.ts#start', kind: 'function', signature: 'of the branch' })
      .edge({ from: 'a.ts#start', to: 'b.ts#end', kind: 'calls' })
  }
  const before: View = { layers: [{ layer: 0, version: 1 }] }
  const branch: View = {
    layers: [
      { layer: 1, version: 3 },
      { layer: 0, version: 1 },
    ],
  }

  it('see an old version as it was', () => {
    const { database } = layered()
    const [now, old] = [new GraphReader(database, LIVE), new GraphReader(database, before)]
    expect(now.node('b.ts#end')).toBeNull()
    expect(now.path('start', 'end', 5).edges).toEqual([])
    expect(old.path('start', 'end', 5).edges).toHaveLength(2)
    expect(names(old.find('end', 5))).toEqual(['b.ts#end'])
    expect(names(now.find('other', 5))).toEqual(['b.ts#other'])
    expect(old.summary()).toEqual(new GraphReader(small().database, LIVE).summary())
  })

  it('see a branch over what it started from', () => {
    const reader = new GraphReader(layered().database, branch)
    expect(reader.node('a.ts#middle')).toBeNull()
    expect(reader.node('a.ts#start')).toMatchObject({ signature: 'of the branch' })
    expect(reader.path('start', 'end', 5).edges).toMatchObject([{ from: 'a.ts#start', to: 'b.ts#end' }])
    expect(reader.summary().nodes).toEqual([
      { kind: 'file', count: 2 },
      { kind: 'function', count: 2 },
    ])
    // The call by name is of b.ts, which the branch does not own.
    expect(reader.path('b.ts#end', 'a.ts#start', 3).edges).toHaveLength(1)
  })
})
