import { appendFileSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { runGit, writeFiles } from '../testing/git-repository'
import { inspectRepository } from './inspect-repository'

let root: string

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'keyframe-inspect-'))
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

it('says that a folder is no repository', async () => {
  expect(await inspectRepository(root)).toEqual({
    git: null,
    notices: ['This folder is not a git repository: runs start from its files, without history.'],
  })
})

it('counts staged, changed, deleted and untracked files as git does', async () => {
  runGit(root, 'init')
  writeFiles(root, { 'a.ts': 'a', 'b.ts': 'b', 'c/d.ts': 'd', 'c/e.ts': 'e', 'f.ts': 'f' })
  expect((await inspectRepository(root)).git).toEqual({ branch: 'main', head: null, detached: false, dirtyFiles: 5 })
  runGit(root, 'add', '.')
  runGit(root, 'commit', '-m', 'x')
  const head = runGit(root, 'rev-parse', 'HEAD').trim()
  expect(await inspectRepository(root)).toEqual({ git: { branch: 'main', head, detached: false, dirtyFiles: 0 }, notices: [] })
  utimesSync(join(root, 'f.ts'), 1, 1)
  appendFileSync(join(root, 'a.ts'), '!')
  rmSync(join(root, 'b.ts'))
  writeFileSync(join(root, 'c/d.ts'), 'D')
  runGit(root, 'add', 'c/d.ts')
  runGit(root, 'rm', '--cached', '-q', 'c/e.ts')
  writeFiles(root, { 'new.ts': '' })
  expect((await inspectRepository(root)).git?.dirtyFiles).toBe(5)
  const paths = runGit(root, 'status', '--porcelain')
    .trim()
    .split('\n')
    .map((line) => line.slice(3))
  expect(new Set(paths.map((path) => path.trim())).size).toBe(5)
})

it('knows a detached head, a packed branch and a linked work tree', async () => {
  runGit(root, 'init')
  writeFiles(root, { 'a.ts': 'a' })
  runGit(root, 'add', '.')
  runGit(root, 'commit', '-m', 'x')
  runGit(root, 'pack-refs', '--all')
  const head = runGit(root, 'rev-parse', 'HEAD').trim()
  expect((await inspectRepository(root)).git).toEqual({ branch: 'main', head, detached: false, dirtyFiles: 0 })
  const linked = join(root, '..', `${root.split('/').at(-1)}-linked`)
  runGit(root, 'worktree', 'add', '-b', 'feature/x', linked)
  try {
    expect((await inspectRepository(linked)).git).toEqual({ branch: 'feature/x', head, detached: false, dirtyFiles: 0 })
  } finally {
    rmSync(linked, { recursive: true, force: true })
  }
  runGit(root, 'checkout', '--detach')
  expect((await inspectRepository(root)).git).toEqual({ branch: null, head, detached: true, dirtyFiles: 0 })
})

it('reads a SHA-256 repository as far as it can', async () => {
  runGit(root, 'init', '--object-format=sha256')
  writeFiles(root, { 'a.ts': 'a', 'b.ts': 'b' })
  runGit(root, 'add', '.')
  runGit(root, 'commit', '-m', 'x')
  writeFileSync(join(root, 'b.ts'), 'B')
  const info = await inspectRepository(root)
  expect(info.git).toMatchObject({ branch: 'main', dirtyFiles: 1 })
})
