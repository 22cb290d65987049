import { describe, expect, it } from 'vitest'
import { leftOut } from './left-out'

describe('leftOut', () => {
  it('finds the lines that an outline leaves out', () => {
    const whole = ['import a', '', 'function one() {', '  return 1', '}', '', 'function two() {', '  return 2', '}'].join('\n')
    const shown = ['import a', '', 'function one() {', '  // ... 1 line', '}', '', 'function two() {', '  // ... 1 line', '}'].join('\n')
    expect(leftOut(whole, shown)).toEqual([
      { from: 4, to: 4, text: '  return 1' },
      { from: 8, to: 8, text: '  return 2' },
    ])
  })

  it('finds the middle that head and tail leave out', () => {
    const lines = Array.from({ length: 100 }, (_, index) => `line ${index + 1}`)
    const shown = [...lines.slice(0, 3), '... 94 lines', ...lines.slice(97)].join('\n')
    expect(leftOut(lines.join('\n'), shown).map(({ from, to }) => [from, to])).toEqual([[4, 97]])
  })

  it('is empty for the same text, and everything for an empty one', () => {
    expect(leftOut('a\nb', 'a\nb')).toEqual([])
    expect(leftOut('a\n\nb', '')).toEqual([{ from: 1, to: 3, text: 'a\n\nb' }])
  })

  it('is not led astray by lines that repeat', () => {
    const whole = Array.from({ length: 5_000 }, (_, index) => (index % 2 === 0 ? '}' : `call(${index})`)).join('\n')
    expect(leftOut(whole, whole)).toEqual([])
    expect(leftOut(whole, '}\ncall(1)').map(({ from, to }) => [from, to])).toEqual([[3, 5_000]])
  })
})
