import { expect, test } from 'vitest'
import { decodeSemanticTokens } from './semantic-tokens'

const LEGEND = { tokenTypes: ['class', 'method'], tokenModifiers: ['static', 'async', 'readonly'] }

test('tokens are relative to the one before, in the same line or another', () => {
  expect(decodeSemanticTokens([2, 5, 3, 0, 0, 0, 5, 4, 1, 5, 3, 2, 7, 9, 0], LEGEND, 10)).toEqual([
    { line: 3, startColumn: 5, endColumn: 8, type: 'class', modifiers: [] },
    { line: 3, startColumn: 10, endColumn: 14, type: 'method', modifiers: ['static', 'readonly'] },
    { line: 6, startColumn: 2, endColumn: 9, type: 'unknown', modifiers: [] },
  ])
  expect(decodeSemanticTokens([0, 0, 1, 0, 0, 0, 2, 1, 0, 0], LEGEND, 1)).toHaveLength(1)
})

test('a list that is not whole is no answer', () => {
  expect(() => decodeSemanticTokens([0, 0, 1], LEGEND, 10)).toThrow('semantic tokens that are not whole')
})
