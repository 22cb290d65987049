import { expect, test } from 'vitest'
import { relocate } from './compilation-database'
import { WorkspacePaths } from './workspace-paths'

const PATHS = new WorkspacePaths('/workspace')
const FILES = new Set(['src/a.c', 'a.c', 'include/a.h'])

test('commands of the machine where the database was made are those of the sandbox', () => {
  const made = [
    {
      directory: '/home/u/project/build',
      file: '../src/a.c',
      command: 'cc -I/home/u/project/include -I/usr/include -o a.o -c /home/u/project/src/a.c',
    },
    { directory: '/home/u/project', file: 'a.c', arguments: ['cc', '-I', '/home/u/project', '-I/home/u/project/include', 'a.c'] },
  ]
  expect(relocate(made, FILES, PATHS)).toEqual([
    {
      directory: '/workspace/build',
      file: '../src/a.c',
      command: 'cc -I/workspace/include -I/usr/include -o a.o -c /workspace/src/a.c',
    },
    { directory: '/workspace', file: 'a.c', arguments: ['cc', '-I', '/workspace', '-I/workspace/include', 'a.c'] },
  ])
})

test('one that was made inside, or elsewhere altogether, stays as it is', () => {
  const inside = [{ directory: '/workspace', file: 'a.c', arguments: ['cc', 'a.c'] }]
  expect(relocate(inside, FILES, PATHS)).toEqual(inside)
  const foreign = [{ directory: '/tmp/other', file: 'x.c', command: 'cc x.c' }]
  expect(relocate(foreign, FILES, PATHS)).toEqual(foreign)
})
