import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { runGit, writeFiles } from '../../testing/git-repository'
import { commitFacts } from './commit-facts'

const never = new AbortController().signal
let root = ''

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'keyframe-commit-facts-test-'))
})

afterEach(() => rmSync(root, { recursive: true, force: true }))

function commit(files: Readonly<Record<string, string>>, author: string): void {
  writeFiles(root, files)
  runGit(root, 'add', '-A')
  runGit(root, 'commit', '--quiet', '--allow-empty', `--author=${author}`, '-m', 'Change')
}

test('authors of files and files that change together, under the names that they have now', async () => {
  runGit(root, 'init', '--quiet')
  const ann = 'Ann <ANN@example.org>'
  const ben = 'Ben <ben@example.org>'
  const text = 'line\n'.repeat(20)
  commit(
    { 'old.ts': `${text}0`, 'pair.ts': '0', ...Object.fromEntries(Array.from({ length: 60 }, (_, at) => [`wide/${at}.ts`, '0'])) },
    ben,
  )
  for (const step of [1, 2, 3]) commit({ 'old.ts': `${text}${step}`, 'pair.ts': `${step}` }, ann)
  runGit(root, 'mv', 'old.ts', 'new.ts')
  commit({}, ben)
  commit({ 'alone.ts': '1', 'gone.ts': '1' }, ann)
  const paths = ['alone.ts', 'new.ts', 'pair.ts', 'wide/0.ts']
  const facts = await commitFacts.read(root, paths, never)
  expect(facts.entities?.map(({ key, name, attributes }) => ({ key, name, commits: attributes?.['commits'] }))).toEqual([
    { key: 'author:ann@example.org', name: 'Ann', commits: 4 },
    { key: 'author:ben@example.org', name: 'Ben', commits: 2 },
  ])
  const edges = (facts.relations ?? []).map(({ from, kind, to, confidence, method }) => {
    return [
      from.is === 'path' && from.path,
      kind,
      to.is === 'path' ? to.path : to.is === 'key' && to.key,
      Number(confidence.toFixed(2)),
      method,
    ]
  })
  expect(edges.sort()).toEqual([
    ['alone.ts', 'authored_by', 'author:ann@example.org', 1, '1 of 1 commits'],
    ['new.ts', 'authored_by', 'author:ann@example.org', 0.6, '3 of 5 commits'],
    ['new.ts', 'authored_by', 'author:ben@example.org', 0.4, '2 of 5 commits'],
    ['new.ts', 'co_changed', 'pair.ts', 0.75, 'changed together in 3 of 4 commits'],
    ['pair.ts', 'authored_by', 'author:ann@example.org', 0.75, '3 of 4 commits'],
    ['pair.ts', 'authored_by', 'author:ben@example.org', 0.25, '1 of 4 commits'],
    ['pair.ts', 'co_changed', 'new.ts', 1, 'changed together in 3 of 3 commits'],
    ['wide/0.ts', 'authored_by', 'author:ben@example.org', 1, '1 of 1 commits'],
  ])
  const state = await commitFacts.state(root, paths)
  expect(await commitFacts.state(root, paths)).toBe(state)
  expect(await commitFacts.state(root, ['new.ts'])).not.toBe(state)
  commit({}, ann)
  expect(await commitFacts.state(root, paths)).not.toBe(state)
  await expect(commitFacts.read(root, paths, AbortSignal.abort())).rejects.toThrow()
})

test('without a repository or a commit there are no facts, and nothing is left behind', async () => {
  const views = (): string[] => readdirSync(tmpdir()).filter((name) => name.startsWith(`keyframe-git-${process.pid}-`))
  const before = views()
  expect(await commitFacts.state(root, [])).toBe('none')
  expect(await commitFacts.read(root, [], never)).toEqual({})
  runGit(root, 'init', '--quiet')
  expect(await commitFacts.state(root, [])).toBe('none')
  expect(await commitFacts.read(root, [], never)).toEqual({})
  expect(views()).toEqual(before)
})
