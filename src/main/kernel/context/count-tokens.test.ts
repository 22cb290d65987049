import fc from 'fast-check'
import { encode } from 'gpt-tokenizer/encoding/o200k_base'
import { describe, expect, it } from 'vitest'
import { cachedTokenCounter, countTokens } from './count-tokens'
import { condense } from './condense'
import { contentInMemory } from '../testing/content-in-memory'

describe('counting tokens', () => {
  it('counts ordinary text as the encoder does, special tokens as text', () => {
    const source = 'export const total = (lines: Line[]) => lines.reduce((sum, line) => sum + line.amount, 0)\n'.repeat(2000)
    expect(countTokens(source)).toBe(encode(source).length)
    expect(countTokens('')).toBe(0)
    expect(countTokens('<|endoftext|>')).toBeGreaterThan(1)
  })

  it('is never below the encoder, and within a twentieth of it, for runs that are cut', () => {
    for (const run of ['a', 'é', ' ', '0', '=']) {
      const text = run.repeat(3000)
      const exact = encode(text).length
      expect(countTokens(text)).toBeGreaterThanOrEqual(exact)
      expect(countTokens(text)).toBeLessThanOrEqual(exact * 1.05 + 24)
    }
  })

  it('takes time linear in the length, whatever the text', () => {
    const started = performance.now()
    countTokens('a'.repeat(400_000))
    expect(performance.now() - started).toBeLessThan(10_000)
  })

  it('remembers counts and forgets the oldest', () => {
    const count = cachedTokenCounter(2)
    const texts = ['x ', 'y ', 'z '].map((word) => word.repeat(300))
    expect(texts.map(count)).toEqual(texts.map(countTokens))
    expect(texts.map(count)).toEqual(texts.map(countTokens))
  })
})

describe('condensing', () => {
  it('never exceeds what is allowed, keeps short texts as they are, and names the whole', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: 'binary', maxLength: 60 }), { maxLength: 60 }),
        fc.integer({ min: 0, max: 200 }),
        (lines, maxTokens) => {
          const text = lines.join('\n')
          const content = contentInMemory()
          const { text: shown, tokens, whole } = condense(text, maxTokens, countTokens, content.put)
          expect(tokens).toBe(countTokens(shown))
          expect(tokens).toBeLessThanOrEqual(maxTokens)
          if (whole) expect(shown).toBe(text)
          const named = /whole text: ([0-9a-f]{64})/.exec(shown)?.[1]
          if (!whole && named !== undefined) expect(content.textOf(content.put(text))).toBe(text)
        },
      ),
      { numRuns: 60 },
    )
  }, 60_000)
})
