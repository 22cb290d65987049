import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { RetrievalIndex } from '../../testing/retrieval-index'
import { LIVE, Sight } from '../view'
import { SymbolSearch } from './symbol-search'

describe('symbols by name', () => {
  let folder: string
  let index: RetrievalIndex
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'keyframe-symbols-'))
    index = new RetrievalIndex(join(folder, 'memory.db'))
    const names = ['applyDiscount', 'ApplyDiscount', 'discountApplied', 'applyDiscountToOrder', 'apply_discount', 'removeItem', 'user']
    const symbols = names.map((name, at) => ({ name, kind: 'function' as const, line: at + 1 }))
    index.put([{ path: 'src/shop.ts', text: names.join('\n'), symbols }])
  })
  afterEach(() => {
    index.database.close()
    rmSync(folder, { recursive: true, force: true })
  })
  const names = (query: string) =>
    new SymbolSearch(index.database, new Sight(index.database, LIVE))
      .search(query, 5, (symbol) => symbol.kind === 'function')
      .map(({ name }) => name)

  it('come exact first, then by letter case, then as beginnings', () => {
    expect(names('applyDiscount').slice(0, 3)).toEqual(['applyDiscount', 'ApplyDiscount', 'applyDiscountToOrder'])
    expect(names('user')).toEqual(['user'])
  })

  it('are found with a slip, and by plain words that make up a name', () => {
    expect(names('aplyDiscount')[0]).toMatch(/^applyDiscount$/i)
    expect(names('aplyDiscount')).not.toContain('removeItem')
    expect(names('how do I apply discount')[0]).toMatch(/apply_?discount/i)
    expect(names('remove item from the cart')).toContain('removeItem')
  })

  it('are none for words that no symbol has', () => {
    expect(names('where is the and of')).toEqual([])
    expect(names('zzzzzzzz')).toEqual([])
  })
})
