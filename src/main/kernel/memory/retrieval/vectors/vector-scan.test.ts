import { describe, expect, it } from 'vitest'
import { createNgramHash } from '../embeddings/ngram-hash'
import { BestOf } from './best-of'
import { cosine, quantised } from './quantised-vector'
import { MeaningScan, SpellingScan } from './vector-scan'

/** Numbers that look random and are the same each time. */
function random(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

const never = new AbortController().signal

describe('the best of many', () => {
  it('are those of a whole sort', () => {
    const next = random(1)
    const all = Array.from({ length: 2000 }, (_, id) => ({ id, score: Math.floor(next() * 500) }))
    for (const most of [1, 7, 100, 5000]) {
      const best = new BestOf(most)
      for (const { id, score } of all) best.offer(id, score)
      const expected = all.toSorted((a, b) => b.score - a.score).slice(0, most)
      expect(best.sorted().map(({ score }) => score)).toEqual(expected.map(({ score }) => score))
    }
  })
})

describe('vectors that know spelling', () => {
  it('are near where words share parts, whatever their form', async () => {
    const [invoice, invoicing, camel, other, nothing] = await createNgramHash().embed(
      ['total of the invoice', 'invoicing totals', 'invoiceTotal()', 'websocket heartbeat', ''],
      'document',
      never,
    )
    const near = (a: Float32Array | undefined, b: Float32Array | undefined) =>
      cosine(quantised(a ?? new Float32Array()), quantised(b ?? new Float32Array()))
    expect(near(invoice, camel)).toBeGreaterThan(0.7)
    expect(near(invoice, invoicing)).toBeGreaterThan(0.3)
    expect(near(invoice, other)).toBeLessThan(0.15)
    expect(near(invoice, nothing)).toBe(0)
  })

  it('are found as by comparing every place of every one, also with more places than are scanned and across blocks', async () => {
    const provider = createNgramHash()
    const next = random(2)
    const word = () => Array.from({ length: 4 + Math.floor(next() * 6) }, () => String.fromCharCode(97 + Math.floor(next() * 26))).join('')
    const vocabulary = Array.from({ length: 800 }, word)
    const text = (words: number) => Array.from({ length: words }, () => vocabulary[Math.floor(next() * 800)]).join(' ')
    const vectors = (
      await provider.embed(
        Array.from({ length: 5000 }, () => text(30)),
        'document',
        never,
      )
    ).map(quantised)
    const scan = new SpellingScan(512)
    for (const [id, vector] of vectors.entries()) scan.add(id + 10, vector)
    expect(scan.size).toBe(5000)
    for (const words of [2, 40]) {
      const [query = new Float32Array()] = await provider.embed([text(words)], 'query', never)
      const asked = quantised(query)
      const exact = vectors
        .map((vector, id) => ({ id: id + 10, score: cosine(asked, vector) }))
        .sort((a, b) => b.score - a.score || a.id - b.id)
      const found = scan.nearest(query, 10)
      const first = new Set(exact.slice(0, 10).map(({ id }) => id))
      expect(found.filter(({ id }) => first.has(id)).length).toBeGreaterThanOrEqual(words === 2 ? 10 : 9)
      expect(found[0]?.id).toBe(exact[0]?.id)
      expect(found[0]?.score).toBeCloseTo(exact[0]?.score ?? 0, 5)
    }
  })
})

describe('vectors that know meaning', () => {
  it('are found by their signs and then compared whole', () => {
    const next = random(3)
    const gauss = () => Math.sqrt(-2 * Math.log(next() || 1e-9)) * Math.cos(2 * Math.PI * next())
    const centres = Array.from({ length: 40 }, () => Float32Array.from({ length: 100 }, gauss))
    const around = (at: number) => (centres[at % 40] ?? new Float32Array(100)).map((value) => value + 0.6 * gauss())
    const vectors = Array.from({ length: 6000 }, (_, at) => quantised(around(at)))
    const scan = new MeaningScan(100, (id) => vectors[id] ?? null)
    for (const [id, vector] of vectors.entries()) scan.add(id, vector)
    let found = 0
    for (let round = 0; round < 20; round += 1) {
      const query = around(round)
      const asked = quantised(query)
      const exact = new Set(
        vectors
          .map((vector, id) => ({ id, score: cosine(asked, vector) }))
          .sort((a, b) => b.score - a.score)
          .slice(0, 10)
          .map(({ id }) => id),
      )
      found += scan.nearest(query, 10).filter(({ id }) => exact.has(id)).length
    }
    expect(found / 200).toBeGreaterThan(0.97)
  })
})
