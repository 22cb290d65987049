import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { smallestChange } from './text-change'

function applied(before: string, after: string): string {
  const change = smallestChange(before, after)
  return change === null ? before : before.slice(0, change.start) + change.text + before.slice(change.end)
}

describe('smallest change', () => {
  it('names only what differs', () => {
    expect(smallestChange('one two three', 'one 2 three')).toEqual({ start: 4, end: 7, text: '2' })
    expect(smallestChange('aaa', 'aaaa')).toEqual({ start: 3, end: 3, text: 'a' })
    expect(smallestChange('', 'new')).toEqual({ start: 0, end: 0, text: 'new' })
    expect(smallestChange('same', 'same')).toBeNull()
  })

  it('never cuts a line end or a surrogate pair in two', () => {
    expect(smallestChange('a\r\nb', 'a\rb')).toEqual({ start: 1, end: 3, text: '\r' })
    expect(smallestChange('x😀y', 'x😁y')).toEqual({ start: 1, end: 3, text: '😁' })
  })

  it('turns any text into any other', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '\r', '\n', '😀', '\ud83d', '\ude00') })
    fc.assert(fc.property(text, text, (before, after) => applied(before, after) === after))
  })
})
