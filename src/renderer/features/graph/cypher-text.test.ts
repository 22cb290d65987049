import { describe, expect, it } from 'vitest'
import { completionPlace, completionsAt, offsetOf, partsOf } from './cypher-text'

const ARTICLE = `MATCH path = (src:Entity {name: "api_gateway"})-[:CALLS|FLOWS_TO*1..5]->(dst:Entity {name: "billing"})
WHERE ANY(n IN nodes(path) WHERE n.name CONTAINS "user_id") // here
RETURN path`

describe('colours', () => {
  it('keeps every character, in order', () => {
    for (const text of [ARTICLE, 'MATCH (n {name: "unclosed', '/* open', '≠ 💥 `a b`', ''])
      expect(
        partsOf(text)
          .map((part) => part.text)
          .join(''),
      ).toBe(text)
  })

  it('tells words apart by where they stand', () => {
    const looks = partsOf(ARTICLE).filter((part) => part.look !== 'space' && part.look !== 'symbol')
    const of = (look: string) => looks.filter((part) => part.look === look).map((part) => part.text)
    expect(of('label')).toEqual(['Entity', 'Entity'])
    expect(of('type')).toEqual(['CALLS', 'FLOWS_TO'])
    expect(of('property')).toEqual(['name', 'name', 'name'])
    expect(of('function')).toEqual(['nodes'])
    expect(of('keyword')).toEqual(['MATCH', 'WHERE', 'ANY', 'IN', 'WHERE', 'CONTAINS', 'RETURN'])
    expect(of('comment')).toEqual(['// here'])
    expect(of('string')).toHaveLength(3)
  })
})

describe('completion', () => {
  const wants = (text: string) => completionPlace(text, text.length)
  it('knows what can be written where', () => {
    expect(wants('MATCH (n:Fun')).toEqual({ start: 9, word: 'Fun', wants: 'label' })
    expect(wants('MATCH (n:Table|Col').wants).toBe('label')
    expect(wants('MATCH (a)-[r:CA').wants).toBe('type')
    expect(wants('MATCH (a)-[:CALLS|').wants).toBe('type')
    expect(wants('MATCH (a {na').wants).toBe('property')
    expect(wants('MATCH (a) WHERE a.').wants).toBe('property')
    expect(wants('MATCH (a {name: "inv')).toEqual({ start: 17, word: 'inv', wants: 'name' })
    expect(wants('MATCH (a) WHERE a.name = "x').wants).toBe('name')
    expect(wants('MATCH (a) WHERE a.path = "x').wants).toBe('nothing')
    expect(wants('MATCH (a) WHERE a:Ta').wants).toBe('label')
    expect(wants('mat').wants).toBe('any')
    expect(wants('MATCH (a)-[*1..').wants).toBe('nothing')
  })

  it('puts what the index has most of first, with its number', () => {
    const summary = {
      nodes: [
        { kind: 'file' as const, count: 3 },
        { kind: 'function' as const, count: 40 },
      ],
      edges: [{ kind: 'calls' as const, count: 7 }],
    }
    const text = 'MATCH (n:F'
    expect(completionsAt(completionPlace(text, text.length), text, summary).map((each) => [each.text, each.detail])).toEqual([
      ['Function', '40'],
      ['File', '3'],
      ['FeatureFlag', 'none here'],
    ])
    const edges = '(a)-[:'
    expect(completionsAt(completionPlace(edges, edges.length), edges, summary)[0]).toEqual({ text: 'CALLS', detail: '7', kind: 'type' })
  })

  it('offers variables of the query, but not the word that is being written', () => {
    const text = 'MATCH (source)-->(target) RETURN so'
    expect(completionsAt(completionPlace(text, text.length), text, null).map((each) => each.text)).toEqual(['source'])
  })
})

it('finds the offset of a mistake', () => {
  expect(offsetOf('ab\ncd', 2, 2)).toBe(4)
  expect(offsetOf('ab', 9, 9)).toBe(2)
})
