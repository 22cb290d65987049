import { expect, it } from 'vitest'
import { listed, pathGlobs } from './search-store'

it('takes folders, files and globs, however they are separated', () => {
  expect(pathGlobs('src, docs/ **/*.ts a/b.md')).toEqual(['src/**', 'docs/**', '**/*.ts', 'a/b.md'])
  expect(pathGlobs('  ')).toEqual([])
  expect(listed('go,python  rust')).toEqual(['go', 'python', 'rust'])
})
