import { describe, expect, it } from 'vitest'
import type { GraphNode } from '../../../shared/graph'
import { layoutInput, nodeSize, placesOf, shortPath } from './layout-input'
import { neighbourOf } from './neighbour'

function symbol(name: string, path = 'a.ts'): GraphNode {
  return { id: name, kind: 'function', name, path, startLine: 1, endLine: 1, nameLine: 1, nameColumn: 0, exported: false, signature: '' }
}

it('sizes nodes by their text, within bounds', () => {
  expect(nodeSize(symbol('f'))).toEqual({ width: 128, height: 40 })
  expect(nodeSize(symbol('x'.repeat(200)))).toEqual({ width: 240, height: 40 })
  expect(nodeSize(symbol('fifteenLetters1')).width).toBeGreaterThan(128)
})

it('tells files apart by their ends', () => {
  expect([shortPath('a.ts'), shortPath('src/a.ts'), shortPath('src/billing/a.ts')]).toEqual(['a.ts', 'src/a.ts', '…/billing/a.ts'])
})

it('asks for one box a symbol and one line a bundle', () => {
  const input = layoutInput([symbol('a'), symbol('b')], [{ id: 'a b', from: 'a', to: 'b', edges: [] }])
  expect(input.children?.map((child) => child.id)).toEqual(['a', 'b'])
  expect(input.edges).toEqual([{ id: 'a b', sources: ['a'], targets: ['b'] }])
})

it('reads places back and leaves out what was not placed', () => {
  const box = { width: 10, height: 4 }
  expect(
    placesOf({
      id: 'root',
      children: [
        { id: 'a', x: 1, y: 2, ...box },
        { id: 'b', ...box },
      ],
    }),
  ).toEqual(new Map([['a', { x: 1, y: 2, ...box }]]))
})

describe('neighbourOf', () => {
  const box = { width: 100, height: 40 }
  const places = new Map([
    ['root', { x: 0, y: 50, ...box }],
    ['near', { x: 200, y: 60, ...box }],
    ['far', { x: 200, y: 200, ...box }],
    ['stranger', { x: 200, y: 110, ...box }],
  ])
  const bundles = [
    { id: '1', from: 'root', to: 'far', edges: [] },
    { id: '2', from: 'root', to: 'near', edges: [] },
  ]

  it('goes sideways along relations only, to the nearest', () => {
    expect(neighbourOf('root', 'right', places, bundles)).toBe('near')
    expect(neighbourOf('stranger', 'left', places, bundles)).toBeNull()
    expect(neighbourOf('far', 'left', places, bundles)).toBe('root')
  })

  it('goes up and down within a column, past everything in it', () => {
    expect(neighbourOf('near', 'down', places, bundles)).toBe('stranger')
    expect(neighbourOf('stranger', 'down', places, bundles)).toBe('far')
    expect(neighbourOf('near', 'up', places, bundles)).toBeNull()
  })

  it('knows no way from a symbol that is not there', () => {
    expect(neighbourOf('gone', 'left', places, bundles)).toBeNull()
  })
})
