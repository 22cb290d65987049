import { expect, it } from 'vitest'
import { visiblePieces, visibleText } from './visible-text'

it('leaves plain text of any language as it is', () => {
  for (const text of ['', 'npm run build\n\t-- --all', 'straße 中文 日本語 עברית العربية ñ é']) {
    expect(visibleText(text)).toBe(text)
    expect(visiblePieces(text).every((piece) => piece.mark === null)).toBe(true)
  }
})

it('names what cannot be seen', () => {
  expect(visibleText('a\u001b[2Kb\rc\u0007')).toBe('a<ESC>[2Kb<CR>c<BEL>')
  expect(visiblePieces('rm \u202etxt.exe')).toEqual([
    { text: 'rm ', mark: null },
    { text: 'U+202E', mark: 'right-to-left override' },
    { text: 'txt.exe', mark: null },
  ])
})

it('marks each kind of deceiving character', () => {
  const kinds = {
    c1: '\u009b',
    bidi: '\u2066',
    zeroWidth: '\u200b',
    filler: '\u3164',
    tag: '\u{e0041}',
    variation: '\ufe0f',
    separator: '\u2028',
    space: '\u00a0',
    half: '\ud800',
    private: '\ue000',
    softHyphen: '\u00ad',
    joiner: '\u034f',
  }
  const unmarked = Object.entries(kinds).filter(([, character]) => visiblePieces(character)[0]?.mark === null)
  expect(unmarked).toEqual([])
  expect(Object.values(kinds).map(visibleText).join('')).toMatch(/^(<U\+[0-9A-F]{4,5}>){12}$/)
})
