import { expect, it } from 'vitest'
import type { GraphTable } from '../../../shared/graph'
import { tableAsCsv, tableAsJson, valueText } from './result-export'

const node = {
  id: 'a.ts#f',
  kind: 'function',
  name: 'f',
  path: 'a.ts',
  startLine: 1,
  endLine: 2,
  nameLine: 1,
  nameColumn: 9,
  exported: true,
  signature: 'f(a, b)',
} as const
const edge = { from: 'a.ts#f', to: 'a.ts#g', kind: 'calls', confidence: 1, method: 'same file', line: 2 } as const
const table: GraphTable = {
  columns: ['n', 'say "it"', 'path'],
  rows: [
    [{ is: 'node', id: 'a.ts#f' }, '=1+1', { is: 'path', nodes: ['a.ts#f', 'a.ts#g'], edges: [edge] }],
    [null, -2, { is: 'list', items: [1, 'two, three'] }],
  ],
  nodes: [node],
  edges: [edge],
  truncated: false,
  limit: null,
  durationMs: 1,
}

it('writes CSV that other programs read', () => {
  expect(tableAsCsv(table)).toBe('n,"say ""it""",path\r\na.ts#f,\'=1+1,a.ts#f > a.ts#g\r\n,-2,"[1, two, three]"\r\n')
})

it('writes nodes in full as JSON', () => {
  expect(JSON.parse(tableAsJson(table))).toEqual([
    { n: node, 'say "it"': '=1+1', path: { nodes: ['a.ts#f', 'a.ts#g'], edges: [edge] } },
    { n: null, 'say "it"': -2, path: [1, 'two, three'] },
  ])
})

it('says a relation in one line', () => {
  expect(valueText({ is: 'edge', edge })).toBe('a.ts#f -[calls]-> a.ts#g')
})
