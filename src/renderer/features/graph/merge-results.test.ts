import { describe, expect, it } from 'vitest'
import type { EdgeKind, GraphEdge, GraphNode, NodeKind } from '../../../shared/graph'
import { EDGE_KINDS } from './kinds'
import { bundleEdges, shownGraph, waysOf } from './merge-results'

const ALL = { kinds: new Set<EdgeKind>(EDGE_KINDS), hiddenKinds: new Set<NodeKind>(), minConfidence: 0 }

function node(name: string): GraphNode {
  const path = `src/${name}.ts`
  return {
    id: `${path}#${name}`,
    kind: 'function',
    name,
    path,
    startLine: 1,
    endLine: 3,
    nameLine: 1,
    nameColumn: 9,
    exported: true,
    signature: `function ${name}()`,
  }
}

function edge(from: string, to: string, kind: EdgeKind = 'calls', confidence = 1): GraphEdge {
  return { from: node(from).id, to: node(to).id, kind, confidence, method: 'import', line: 2 }
}

function result(names: string[], edges: GraphEdge[], truncated = false) {
  return { nodes: names.map(node), edges, truncated }
}

const names = (graph: { nodes: readonly GraphNode[] }): string[] => graph.nodes.map((shown) => shown.name)

describe('shownGraph', () => {
  const base = { expanded: null, result: result(['a', 'b'], [edge('a', 'b')]) }
  const roots = new Set([node('a').id])

  it('joins what was expanded to the base, each symbol and relation once', () => {
    const more = { expanded: node('b').id, result: result(['b', 'a', 'c'], [edge('a', 'b'), edge('b', 'c')], true) }
    expect(shownGraph([base, more], roots, ALL)).toEqual({
      nodes: [node('a'), node('b'), node('c')],
      edges: [edge('a', 'b'), edge('b', 'c')],
      truncated: true,
      hiddenNodes: 0,
      hiddenEdges: 0,
    })
  })

  it('leaves no islands when a filter hides what leads to them', () => {
    const sources = [
      { expanded: null, result: result(['a', 'b', 'c', 'd'], [edge('a', 'b'), edge('b', 'c', 'maybe_calls', 0.4), edge('c', 'd')]) },
    ]
    const shown = shownGraph(sources, roots, { ...ALL, minConfidence: 0.5 })
    expect(names(shown)).toEqual(['a', 'b'])
    expect([shown.hiddenNodes, shown.hiddenEdges]).toEqual([2, 2])
  })

  it('keeps roots that nothing is related to, and drops relations to symbols that were not answered', () => {
    const sources = [{ expanded: null, result: result(['a'], [edge('a', 'gone')]) }]
    expect(shownGraph(sources, roots, ALL)).toMatchObject({ nodes: [node('a')], edges: [], hiddenEdges: 0 })
  })
})

it('draws relations between the same two symbols as one line, the most telling first', () => {
  const bundles = bundleEdges([edge('a', 'b', 'references'), edge('a', 'b'), edge('b', 'a', 'imports')])
  expect(bundles.map((bundle) => bundle.edges.map((member) => member.kind))).toEqual([['calls', 'references'], ['imports']])
})

describe('waysOf', () => {
  const at = (name: string): string => node(name).id

  it('lists ways shortest first, hop by hop', () => {
    const answer = result(['a', 'b', 'c', 'd'], [edge('a', 'b'), edge('b', 'd'), edge('a', 'c'), edge('c', 'b'), edge('b', 'd', 'imports')])
    const ways = waysOf(answer, at('a'), at('d'))
    expect(ways.map((way) => way.map((hop) => `${hop.edge.kind} ${hop.to}`))).toEqual([
      [`calls ${at('b')}`, `calls ${at('d')}`],
      [`calls ${at('b')}`, `imports ${at('d')}`],
      [`calls ${at('c')}`, `calls ${at('b')}`, `calls ${at('d')}`],
    ])
  })

  it('follows inheritance against its direction and says so', () => {
    const ways = waysOf(result(['base', 'impl'], [edge('impl', 'base', 'inherits')]), at('base'), at('impl'))
    expect(ways).toEqual([[{ edge: edge('impl', 'base', 'inherits'), from: at('base'), to: at('impl'), against: true }]])
  })

  it('is empty without a way, and ends in cycles', () => {
    expect(waysOf(result(['a', 'b', 'c'], [edge('a', 'b'), edge('b', 'a')]), at('a'), at('c'))).toEqual([])
  })
})
