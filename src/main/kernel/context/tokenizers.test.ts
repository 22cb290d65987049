import { encode as encodeCl100k } from 'gpt-tokenizer/encoding/cl100k_base'
import { describe, expect, it } from 'vitest'
import { emptyContext, reduceChanges, tierTokens } from '../../../shared/context'
import { contentInMemory } from '../testing/content-in-memory'
import { someWords } from '../testing/context-session'
import { tierLimits } from './context-draft'
import { contextChanges } from './context-policy'
import { countTokens } from './count-tokens'
import { counterFor, countingOf, loadEncoding } from './tokenizers'

describe('who counts', () => {
  it.each([
    ['gpt-5-mini', 'o200k_base', true],
    ['openai/gpt-4o-2024-11-20', 'o200k_base', true],
    ['o3', 'o200k_base', true],
    ['gpt-oss-120b', 'o200k_harmony', true],
    ['gpt-4-turbo', 'cl100k_base', true],
    ['gpt-3.5-turbo:free', 'cl100k_base', true],
    ['claude-sonnet-4-5', 'o200k_base', false],
    ['google/gemini-2.5-pro', 'o200k_base', false],
    ['nobody-knows', 'o200k_base', false],
    [null, 'o200k_base', true],
  ])('%s: %s, exact %s', (model, name, exact) => {
    const counting = countingOf(model)
    expect(counting).toMatchObject({ name, exact })
    expect(counting.marginPercent > 0).toBe(!exact)
  })

  it('counts with the encoding of the model once its tables were read, and refuses before and for unknown ones', async () => {
    const counting = countingOf('gpt-4')
    expect(() => counterFor(counting, countTokens)).toThrowError(expect.objectContaining({ code: 'context.unknown-tokenizer' }))
    await loadEncoding(counting.name)
    await loadEncoding(counting.name)
    const source = 'const rechnungsbetrag = summe(posten) // Übertrag\n'.repeat(40)
    expect(counterFor(counting, countTokens)(source)).toBe(encodeCl100k(source).length)
    await expect(loadEncoding('martian')).rejects.toMatchObject({ failure: { code: 'context.unknown-tokenizer' } })
  })

  it('is in the state from the task on, and its margin is kept free', () => {
    const content = contentInMemory()
    const env = { ...content, countTokens, frame: 1 }
    const counting = countingOf('claude-opus')
    const first = contextChanges(emptyContext(), { type: 'task', text: 'go', counting }, env)
    let state = reduceChanges(emptyContext(), first, 1)
    expect(state.tokenizer).toEqual({ name: 'o200k_base', exact: false, marginPercent: 40 })
    expect(tierLimits(state.budget, state.tokenizer)).toEqual({ L1: Math.floor(32_000 / 1.4), L2: Math.floor(128_000 / 1.4) })
    expect(contextChanges(state, { type: 'task', text: 'go', counting }, env).filter((change) => change.op === 'tokenizer')).toEqual([])
    for (let frame = 2; frame < 60; frame += 1) {
      const text = someWords(2_000, `w${frame}x`)
      const changes = contextChanges(
        state,
        {
          type: 'edits',
          by: 'human',
          edits: [{ op: 'add-file-text', path: `f${frame}.txt`, version: content.put(text), text, lines: null }],
        },
        { ...env, frame },
      )
      state = reduceChanges(state, changes, frame)
      expect(tierTokens(state, 'L2') * 1.4).toBeLessThanOrEqual(128_000)
    }
    expect(tierTokens(state, 'L2') * 1.4).toBeGreaterThan(110_000)
  })
})
