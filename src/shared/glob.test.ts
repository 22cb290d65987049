import { expect, it } from 'vitest'
import { globMatcher } from './glob'

it.each<[string, string, boolean]>([
  ['src/*.ts', 'src/a.ts', true],
  ['src/*.ts', 'src/a/b.ts', false],
  ['src/**', 'src/a/b.ts', true],
  ['src/**', 'srcs/a', false],
  ['**/*.ts', 'a.ts', true],
  ['**/*.ts', 'x/.y/a.ts', true],
  ['**/b/**/d', 'a/b/c/b/d', true],
  ['**/b/**/d', 'a/c/d', false],
  ['fs.*', 'fs.read', true],
  ['fs.*', 'fsxread', false],
  ['*', '.hidden', true],
  ['a?c', 'a😀c', true],
  ['*.{ts,tsx}', 'a.tsx', true],
  ['*.{ts,tsx}', 'a.js', false],
  ['{a,b}/{c,d}', 'b/c', true],
  ['a+(b)', 'ab', false],
  ['[a]', '[a]', true],
  ['', 'a', false],
  ['*a*b*c', 'xxaxxbxxbc', true],
  ['*a*b*c', 'xxaxxbxxcb', false],
])('%s of %s: %s', (pattern, path, expected) => {
  expect(globMatcher(pattern)(path)).toBe(expected)
})

it('says what is wrong with a pattern, and is never slow', () => {
  expect(() => globMatcher('{a')).toThrow('not closed')
  expect(() => globMatcher('a}')).toThrow('has no {')
  expect(() => globMatcher('{a{b}}')).toThrow('inside another')
  expect(() => globMatcher('{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}')).toThrow('more than 64')
  expect(globMatcher('*a'.repeat(150))('a'.repeat(4_000) + 'b')).toBe(false)
  expect(globMatcher('**/a/'.repeat(60) + 'b')('a/'.repeat(2_000) + 'c')).toBe(false)
})
