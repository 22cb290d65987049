import { describe, expect, it } from 'vitest'
import { outlineRows } from './document-symbols'

const range = (line: number): object => ({ start: { line, character: 0 }, end: { line, character: 3 } })

describe('outline', () => {
  it('lists nested symbols from top to bottom with their kinds', () => {
    const answer = [
      { name: 'later', kind: 12, range: range(9), selectionRange: range(9) },
      { name: 'Shop', kind: 5, range: range(0), selectionRange: range(0), children: [{ name: 'sell', kind: 6, selectionRange: range(2) }] },
    ]
    expect(outlineRows(answer)).toEqual([
      { name: 'Shop', kind: 'class', line: 1, depth: 0 },
      { name: 'sell', kind: 'method', line: 3, depth: 1 },
      { name: 'later', kind: 'function', line: 10, depth: 0 },
    ])
  })

  it('is empty for a file without symbols and refuses what is no answer', () => {
    expect(outlineRows(null)).toEqual([])
    expect(() => outlineRows([{ name: 'x' }])).toThrow()
    expect(outlineRows([{ name: 'odd', kind: 99, selectionRange: range(0) }])).toEqual([{ name: 'odd', kind: 'symbol', line: 1, depth: 0 }])
  })
})
