import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { KeyframeError } from '../../../../shared/failure'
import type { Episode, HybridResult, SearchFilters } from '../../../../shared/graph'
import { RetrievalIndex } from '../../testing/retrieval-index'
import { createHybridSearch, DEFAULT_WEIGHTS, type HybridParts } from './hybrid-search'

const EPISODE: Episode = {
  id: 'e1',
  runId: 'r1',
  branchId: 'b0',
  frame: 4,
  atMs: 0,
  kind: 'outcome',
  sign: 'positive',
  title: 'rounded the discount',
  text: '',
  task: '',
  paths: ['src/rounding.ts', 'src/gone.ts'],
}

describe('hybrid search', () => {
  let folder: string
  let index: RetrievalIndex
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'keyframe-hybrid-'))
    index = new RetrievalIndex(join(folder, 'memory.db'))
    index.put(Array.from({ length: 20 }, (_, at) => ({ path: `docs/${at}.md`, text: 'another matter', language: 'markdown' })))
    index.put([
      {
        path: 'src/pricing.ts',
        text: 'import x\n\nexport function applyDiscount(total) {\n  return round(total * rate)\n}',
        language: 'typescript',
        symbols: [{ name: 'applyDiscount', kind: 'function', line: 3 }],
      },
      {
        path: 'src/rounding.ts',
        text: 'export function round(cents) {\n  return Math.round(cents)\n}',
        language: 'typescript',
        symbols: [{ name: 'round', kind: 'function', line: 1 }],
      },
      { path: 'test/pricing.test.ts', text: 'applyDiscount(1)', language: 'typescript' },
      { path: 'lib/pricing.py', text: 'def apply_discount(total): pass', language: 'python' },
    ])
    index.edge('src/pricing.ts#applyDiscount', 'src/rounding.ts#round', 'calls')
  })
  afterEach(() => {
    index.database.close()
    rmSync(folder, { recursive: true, force: true })
  })
  const search = (
    query: string,
    parts: Partial<HybridParts> = {},
    filters: SearchFilters = {},
    view?: Parameters<ReturnType<typeof createHybridSearch>['search']>[2],
  ) =>
    createHybridSearch({
      database: index.database,
      vectors: null,
      history: null,
      episodes: null,
      weights: () => DEFAULT_WEIGHTS,
      now: () => performance.now(),
      ...parts,
    }).search(query, { limit: 10, filters }, view)
  const paths = (result: HybridResult) => result.hits.map((hit) => hit.path)
  const listOf = (result: HybridResult, list: string) => result.lists.find((entry) => entry.list === list)

  it('fuses words, symbols and neighbours and says why each hit stands where it does', async () => {
    const result = await search('applyDiscount')
    expect(result.hits[0]).toEqual({
      path: 'src/pricing.ts',
      line: 3,
      endLine: 5,
      text: 'export function applyDiscount(total) {',
      symbol: 'src/pricing.ts#applyDiscount',
      kind: 'function',
      score: expect.any(Number),
      reasons: [
        { list: 'words', rank: 1, weight: expect.any(Number), detail: '' },
        { list: 'symbols', rank: 1, weight: expect.any(Number), detail: '' },
        { list: null, rank: null, weight: 1.3, detail: 'defines a name that was asked for' },
        { list: null, rank: null, weight: 1.25, detail: 'says the words as they were typed' },
      ],
    })
    const neighbour = result.hits.find((hit) => hit.path === 'src/rounding.ts')
    expect(neighbour?.reasons).toEqual([
      { list: 'graph', rank: 1, weight: expect.any(Number), detail: 'calls: next to src/pricing.ts#applyDiscount' },
    ])
    expect(paths(result).indexOf('src/rounding.ts')).toBe(result.hits.length - 1)
    expect(listOf(result, 'history')).toEqual({ list: 'history', found: 0, durationMs: expect.any(Number), problem: 'there is no history' })
  })

  it('adds files of the history and of experience to the pieces found in them', async () => {
    const result = await search('applyDiscount', {
      history: {
        files: () => [
          { path: 'lib/pricing.py', score: 2, commit: 'abcdef0123456789', subject: 'Discounts in Python' },
          { path: 'src/deleted.ts', score: 1, commit: 'abcdef0123456789', subject: 'Discounts in Python' },
        ],
      },
      episodes: { search: () => [EPISODE, { ...EPISODE, sign: 'negative', paths: ['docs/1.md'] }] },
    })
    expect(listOf(result, 'history')?.found).toBe(1)
    const told = result.hits.find((hit) => hit.path === 'lib/pricing.py')?.reasons.find((reason) => reason.list === 'history')
    expect(told).toEqual({ list: 'history', rank: 1, weight: expect.any(Number), detail: 'changed by abcdef01: Discounts in Python' })
    expect(result.hits.find((hit) => hit.path === 'src/rounding.ts')?.reasons[0]).toMatchObject({
      list: 'episodes',
      detail: 'rounded the discount',
    })
    expect(paths(result)).not.toContain('docs/1.md')
  })

  it('finds by embedding what has no word in common, and looks further where filters leave little', async () => {
    const hash = index.database.prepare<[string], Buffer>('SELECT hash FROM chunks WHERE path = ?').pluck()
    const asked: number[] = []
    const vectors = {
      nearest: async (_: string, count: number) => {
        asked.push(count)
        const far = Array.from({ length: 130 }, () => ({ hash: Buffer.alloc(16), score: 0.9 }))
        const all = [...far, { hash: hash.get('docs/7.md') ?? Buffer.alloc(16), score: 0.5 }]
        return { matches: all.slice(0, count), problem: '1 of 2 pieces are embedded so far' }
      },
    }
    const result = await search('unheard', { vectors })
    expect(paths(result)[0]).toBe('docs/0.md') // All twenty documents have the same text, and so the same embedding.
    expect(listOf(result, 'vectors')).toMatchObject({ problem: '1 of 2 pieces are embedded so far' })
    expect(asked).toEqual([120, 960])
  })

  it('says which list failed and answers from the others', async () => {
    const failed = new KeyframeError({ code: 'embeddings.unreachable', message: 'The server does not answer.' })
    const result = await search('applyDiscount', {
      vectors: { nearest: () => Promise.reject(failed) },
      history: {
        files: () => {
          throw new Error('broken')
        },
      },
    })
    expect(paths(result)[0]).toBe('src/pricing.ts')
    expect(listOf(result, 'vectors')?.problem).toBe('The server does not answer.')
    expect(listOf(result, 'history')?.problem).toBe('Error: broken')
  })

  it('keeps to the filters in every list', async () => {
    expect(paths(await search('apply discount', {}, { languages: ['python'] }))).toEqual(['lib/pricing.py'])
    expect(paths(await search('applyDiscount', {}, { kinds: ['function'], paths: ['src/**'] }))[0]).toBe('src/pricing.ts')
    expect(paths(await search('applyDiscount', {}, { paths: ['test'] }))).toEqual(['test/pricing.test.ts'])
    expect(paths(await search('applyDiscount', {}, { paths: ['*.py'] }))).toEqual(['lib/pricing.py'])
    index.entity('owner:@shop', 'owner', '@shop', 'CODEOWNERS')
    index.edge('src/pricing.ts', 'owner:@shop', 'owned_by')
    expect(paths(await search('applyDiscount', {}, { owners: ['@shop'] }))).toEqual(['src/pricing.ts'])
    expect(paths(await search('applyDiscount', {}, { owners: ['@nobody'] }))).toEqual([])
    await expect(search('x', {}, { paths: ['x'.repeat(600)] })).rejects.toMatchObject({ code: 'search.bad-glob' })
  })

  it('answers as of a view, and never from files that whoever asks may not read', async () => {
    index.end(['src/pricing.ts'], 2)
    expect(paths(await search('applyDiscount'))).not.toContain('src/pricing.ts')
    const before = { layers: [{ layer: 0, version: 1 }] }
    expect(paths(await search('applyDiscount', {}, {}, before))[0]).toBe('src/pricing.ts')
    const guarded = { ...before, readable: (path: string) => path !== 'src/pricing.ts' }
    const history = { files: () => [{ path: 'src/pricing.ts', score: 1, commit: 'abc', subject: 'applyDiscount' }] }
    const result = await search('applyDiscount', { history }, {}, guarded)
    expect(JSON.stringify(result)).not.toContain('src/pricing.ts')
  })

  it('stops when it is cancelled', async () => {
    const stop = new AbortController()
    const vectors = {
      nearest: (_: string, __: number, signal: AbortSignal) =>
        new Promise<never>((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    }
    const hybrid = createHybridSearch({
      ...{ database: index.database, vectors, history: null, episodes: null },
      weights: () => DEFAULT_WEIGHTS,
      now: () => performance.now(),
    })
    const answer = hybrid.search('applyDiscount', { limit: 5, filters: {}, signal: stop.signal })
    stop.abort()
    await expect(answer).rejects.toMatchObject({ name: 'AbortError' })
  })
})
