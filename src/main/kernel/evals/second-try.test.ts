import { expect, test } from 'vitest'
import { secondTryOf } from './second-try'

test('runs the files of the failures alone, each once', () => {
  const failures = ['test/b.test.ts > late', 'test/a.test.ts > late > again', 'test/b.test.ts']
  expect(secondTryOf('node gen.js && vitest run --typecheck', failures)).toEqual({
    command: "node gen.js && vitest run --typecheck 'test/a.test.ts' 'test/b.test.ts'",
    files: ['test/a.test.ts', 'test/b.test.ts'],
  })
})

test.each([
  ['no failure has a file', 'vitest run', ['sums adds two']],
  ['one has none', 'vitest run', ['test/a.test.ts > a', 'sums adds two']],
  ['the runner takes no files in this way', 'node --test', ['test/a.test.ts > a']],
  ['a pipe follows', 'vitest run | tee log', ['test/a.test.ts > a']],
  ['a name is no plain path', 'vitest run', ["test/a'b.test.ts > a"]],
  ['there are too many', 'vitest run', Array.from({ length: 21 }, (_, index) => `test/${index}.test.ts > a`)],
])('is not made when %s', (_why, command, failures) => {
  expect(secondTryOf(command, failures)).toBeNull()
})
