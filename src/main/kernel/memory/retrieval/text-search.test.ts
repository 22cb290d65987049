import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { RetrievalIndex } from '../../testing/retrieval-index'
import { TextSearch } from './text-search'

const PRICING = 'import x\n\nexport function applyDiscount(total) {\n  return total * 0.9\n}'
const ROUNDING = 'export function applyDiscount(total) {\n  return Math.floor(total)\n}'

describe('text search', () => {
  let folder: string
  let index: RetrievalIndex
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'keyframe-text-'))
    index = new RetrievalIndex(join(folder, 'memory.db'))
    // BM25 tells nothing of a word that half of all chunks have.
    index.put(Array.from({ length: 20 }, (_, at) => ({ path: `docs/${at}.md`, text: 'another matter' })))
    index.put([
      { path: 'src/pricing.ts', text: PRICING, language: 'typescript', symbols: [{ name: 'applyDiscount', kind: 'function', line: 3 }] },
      { path: 'src/other.ts', text: 'nothing here, total', language: 'typescript' },
      { path: 'src/pricing.test.ts', text: 'applyDiscount(1)\nand more words', language: 'typescript' },
    ])
  })
  afterEach(() => {
    index.database.close()
    rmSync(folder, { recursive: true, force: true })
  })
  const found = (search: TextSearch, query: string) => search.search(query, 10).map((hit) => `${hit.path}:${hit.line}`)

  it('finds a definition before its uses, split or joined', () => {
    const search = new TextSearch(index.database)
    expect(found(search, 'applyDiscount')).toEqual(['src/pricing.ts:3', 'src/pricing.test.ts:1'])
    expect(found(search, 'apply discount')[0]).toBe('src/pricing.ts:3')
    expect(search.search('apply_discount', 1)).toEqual([
      {
        path: 'src/pricing.ts',
        line: 3,
        text: 'export function applyDiscount(total) {',
        symbol: 'src/pricing.ts#applyDiscount',
        score: expect.any(Number),
      },
    ])
    expect(found(search, '***')).toEqual([])
  })

  it('answers as of a version: what came later is not there, what ended later still is', () => {
    index.put([{ path: 'src/pricing.ts', text: ROUNDING, symbols: [{ name: 'applyDiscount', kind: 'function', line: 1 }] }], 2)
    index.end(['src/other.ts'], 3)
    const at = (version: number) => new TextSearch(index.database, { layers: [{ layer: 0, version }] })
    expect(found(at(1), 'applyDiscount')[0]).toBe('src/pricing.ts:3')
    expect(found(at(2), 'applyDiscount')[0]).toBe('src/pricing.ts:1')
    expect(found(at(2), 'nothing')).toEqual(['src/other.ts:1'])
    expect(found(at(3), 'nothing')).toEqual([])
    expect(found(new TextSearch(index.database), 'floor')).toEqual(['src/pricing.ts:2'])
  })

  it("shows a branch its own files over the base's", () => {
    index.put([{ path: 'src/pricing.ts', text: ROUNDING }], 2, 1)
    const branch = {
      layers: [
        { layer: 1, version: 2 },
        { layer: 0, version: 1 },
      ],
    }
    expect(found(new TextSearch(index.database, branch), 'applyDiscount')).toEqual(['src/pricing.ts:1', 'src/pricing.test.ts:1'])
    expect(found(new TextSearch(index.database), 'floor')).toEqual([])
  })

  it('looks only at what is allowed, however deep it stands in the list', () => {
    index.put(Array.from({ length: 300 }, (_, at) => ({ path: `src/many/${at}.ts`, text: 'needle needle needle' })))
    index.put([{ path: 'lib/one.ts', text: `needle ${'hay '.repeat(200)}` }])
    const search = new TextSearch(index.database)
    expect(search.search('needle', 5, (chunk) => chunk.path.startsWith('lib/')).map((hit) => hit.path)).toEqual(['lib/one.ts'])
  })
})
