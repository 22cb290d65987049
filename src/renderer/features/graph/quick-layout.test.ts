import { expect, it } from 'vitest'
import { quickLayout } from './quick-layout'

const node = (id: string) => ({ id, width: 120, height: 40 })

it('puts what is used to the right of what uses it', () => {
  const places = quickLayout({
    nodes: [node('a'), node('b'), node('c')],
    edges: [
      [0, 1],
      [1, 2],
      [0, 2],
    ],
  })
  const x = (id: string) => places.get(id)?.x ?? Number.NaN
  expect(x('a')).toBeLessThan(x('b'))
  expect(x('b')).toBeLessThan(x('c'))
})

it('takes cycles, loops and nodes without any edge', () => {
  const places = quickLayout({
    nodes: [node('a'), node('b'), node('alone')],
    edges: [
      [0, 1],
      [1, 0],
      [0, 0],
    ],
  })
  expect([...places.keys()].toSorted()).toEqual(['a', 'alone', 'b'])
  expect(quickLayout({ nodes: [], edges: [] }).size).toBe(0)
})

it('never lets two nodes overlap, in a graph of thousands', () => {
  const many = 3000
  const nodes = Array.from({ length: many }, (_, index) => node(String(index)))
  const edges = Array.from({ length: many * 2 }, (_, index): [number, number] => [(index * 7919) % many, (index * 104_729 + 13) % many])
  const places = [...quickLayout({ nodes, edges }).values()]
  expect(places).toHaveLength(many)
  const sorted = places.toSorted((a, b) => a.x - b.x)
  const overlaps = sorted.some((a, index) => {
    for (let next = index + 1; next < sorted.length; next += 1) {
      const b = sorted[next]
      if (b === undefined || b.x >= a.x + a.width) return false
      if (a.y < b.y + b.height && b.y < a.y + a.height) return true
    }
    return false
  })
  expect(overlaps).toBe(false)
})

it('gives the same picture for the same graph', () => {
  const input = {
    nodes: ['a', 'b', 'c', 'd'].map(node),
    edges: [
      [0, 2],
      [1, 2],
      [3, 1],
    ] as [number, number][],
  }
  expect(quickLayout(input)).toEqual(quickLayout(input))
})
