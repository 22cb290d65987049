import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { runGit, writeFiles } from '../../testing/git-repository'
import { openHistory } from './git-history'
import type { History } from './history'

const never = new AbortController().signal
let scratch = ''
let root = ''
const opened: History[] = []

beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'keyframe-history-test-'))
  root = join(scratch, 'repository')
  writeFiles(root, { 'README.md': '# Shop\n' })
})

afterEach(() => {
  for (const history of opened.splice(0)) history.dispose()
  rmSync(scratch, { recursive: true, force: true })
})

function open(of = root, commitsKept?: number): History {
  const history = openHistory({
    root: of,
    databasePath: join(scratch, 'data', 'history.db'),
    ...(commitsKept === undefined ? {} : { commitsKept }),
  })
  opened.push(history)
  return history
}

function commit(files: Readonly<Record<string, string>>, message: string, author = 'Ann <ann@example.org>'): string {
  writeFiles(root, files)
  runGit(root, 'add', '-A')
  runGit(root, 'commit', '--quiet', '--allow-empty', `--author=${author}`, '-m', message)
  return runGit(root, 'rev-parse', 'HEAD').trim()
}

test('finds commits by their words and the files that they changed', async () => {
  runGit(root, 'init', '--quiet')
  commit({ 'src/invoice.ts': 'a\n', 'src/rates.ts': 'a\n' }, 'Start')
  const rounding = commit(
    { 'src/invoice.ts': 'b\n' },
    'Round totals with parseHTTPAmount\n\nHalf cents went missing.',
    'Ben <BEN@example.org>',
  )
  commit({ 'src/rates.ts': 'b\n' }, 'Read rates from a table')
  const history = open()
  expect(await history.refresh(never)).toEqual({ head: runGit(root, 'rev-parse', 'HEAD').trim(), commits: 3, problem: null })
  expect(history.search('http amount', 5)).toEqual([
    {
      commit: rounding,
      subject: 'Round totals with parseHTTPAmount',
      body: 'Half cents went missing.',
      author: { name: 'Ben', email: 'ben@example.org' },
      atMs: Number(runGit(root, 'log', '-1', '--format=%ct', rounding)) * 1000,
      files: ['src/invoice.ts'],
      fileCount: 1,
      score: expect.any(Number),
    },
  ])
  expect(history.files('missing cents', 5)).toEqual([
    { path: 'src/invoice.ts', score: expect.any(Number), commit: rounding, subject: 'Round totals with parseHTTPAmount' },
  ])
  expect(history.files('missing cents', 5, rounding)).toEqual([])
  expect(history.search('"; DROP SCHEMA -- NEAR(*', 5)).toEqual([])
  expect(history.search('', 5)).toEqual([])
})

test('follows renames, counts authors, and says what changes together', async () => {
  runGit(root, 'init', '--quiet')
  const text = Array.from({ length: 20 }, (_, line) => `line ${line}\n`).join('')
  for (const step of [1, 2, 3]) commit({ 'old.ts': `${text}${step}\n`, 'pair.ts': `${step}\n` }, `Step ${step} of the engine`)
  runGit(root, 'mv', 'old.ts', 'new.ts')
  const renamed = commit({}, 'Call it new', 'Ben <ben@example.org>')
  const last = commit({ 'new.ts': `${text}4\n`, 'gone.ts': 'x\n' }, 'Change the engine again')
  rmSync(join(root, 'gone.ts'))
  commit({}, 'Remove what is gone')
  const history = open()
  await history.refresh(never)
  expect(history.log('new.ts', 10).map(({ subject }) => subject)).toEqual([
    'Change the engine again',
    'Call it new',
    'Step 3 of the engine',
    'Step 2 of the engine',
    'Step 1 of the engine',
  ])
  expect(history.log('new.ts', 2).map((entry) => entry.commit)).toEqual([last, renamed])
  expect(history.coChanged('new.ts', 5)).toEqual([
    { path: 'pair.ts', support: 3, confidence: 3 / 5 },
    { path: 'README.md', support: 1, confidence: 1 / 5 },
  ])
  expect(history.coChanged('pair.ts', 1)).toEqual([{ path: 'new.ts', support: 3, confidence: 1 }])
  expect(history.authorsOf('new.ts').map(({ email, commits }) => ({ email, commits }))).toEqual([
    { email: 'ann@example.org', commits: 4 },
    { email: 'ben@example.org', commits: 1 },
  ])
  // Found under the name that it has now, and not at all once it is deleted.
  expect(
    history
      .files('engine step', 5)
      .map(({ path }) => path)
      .sort(),
  ).toEqual(['README.md', 'new.ts', 'pair.ts'])
  expect(history.log('never.ts', 5)).toEqual([])
  expect(history.coChanged('never.ts', 5)).toEqual([])
  expect(history.commitsForSelfTest(5)).toEqual([
    { commit: expect.any(String), parent: expect.any(String), subject: 'Step 3 of the engine', files: ['new.ts', 'pair.ts'] },
    { commit: expect.any(String), parent: expect.any(String), subject: 'Step 2 of the engine', files: ['new.ts', 'pair.ts'] },
  ])
})

test('reads only what came since, forgets what was rewritten, and keeps merges without their files', async () => {
  runGit(root, 'init', '--quiet')
  commit({ 'a.ts': '1\n' }, 'First thing')
  runGit(root, 'checkout', '--quiet', '-b', 'side')
  commit({ 'b.ts': '1\n' }, 'Side thing')
  runGit(root, 'checkout', '--quiet', 'main')
  commit({ 'c.ts': '1\n' }, 'Main thing')
  runGit(root, 'merge', '--quiet', '--no-ff', '-m', 'Merge the side', 'side')
  const history = open()
  expect((await history.refresh(never)).commits).toBe(4)
  expect(history.search('merge side', 1)).toMatchObject([{ subject: 'Merge the side', files: [], fileCount: 0 }])
  const wrong = commit({ 'd.ts': '1\n' }, 'Wrong thing')
  expect((await history.refresh(never)).commits).toBe(5)
  runGit(root, 'reset', '--quiet', '--hard', 'HEAD~1')
  const right = commit({ 'e.ts': '1\n' }, 'Right thing')
  expect(await history.refresh(never)).toMatchObject({ head: right, commits: 5 })
  expect(history.search('wrong', 5)).toEqual([])
  expect(history.log('d.ts', 5)).toEqual([])
  expect(history.log('e.ts', 5).map((entry) => entry.commit)).toEqual([right])
  expect(wrong).not.toBe(right)
  history.dispose()
  // Kept: a second opening answers before it has looked at the repository.
  expect(open().search('right', 5)).toMatchObject([{ commit: right }])
})

test('keeps the newest commits only', async () => {
  runGit(root, 'init', '--quiet')
  for (const step of [1, 2, 3, 4]) commit({ 'a.ts': `${step}\n` }, `Number ${step} done`)
  const history = open(root, 2)
  expect((await history.refresh(never)).commits).toBe(2)
  commit({ 'a.ts': '5\n' }, 'Number 5 done')
  await history.refresh(never)
  expect(history.log('a.ts', 9).map(({ subject }) => subject)).toEqual(['Number 5 done', 'Number 4 done'])
})

test('odd names of files and odd messages come through', async () => {
  runGit(root, 'init', '--quiet')
  const odd = 'späce "quote"\n→\tname.ts'
  const subject = 'A \u0001 subject with ünïcode and a % sign'
  const id = commit({ [odd]: '1\n', ':start.ts': '1\n' }, `${subject}\n\nbody\n\n:100644 100644 not a record\n`)
  const history = open()
  await history.refresh(never)
  expect(history.log(odd, 1)).toMatchObject([{ commit: id, subject, body: 'body\n\n:100644 100644 not a record' }])
  expect([...(history.log(odd, 1)[0]?.files ?? [])].sort()).toEqual([':start.ts', 'README.md', odd])
})

test('a shallow clone blames nobody for what came before it, and grows when it is deepened', async () => {
  runGit(root, 'init', '--quiet')
  for (const step of [1, 2, 3]) commit({ 'a.ts': `${step}\n`, [`only-${step}.ts`]: '\n' }, `Number ${step} done`)
  const clone = join(scratch, 'clone')
  runGit(scratch, 'clone', '--quiet', '--depth', '2', `file://${root}`, clone)
  const history = open(clone)
  expect((await history.refresh(never)).commits).toBe(2)
  expect(history.log('a.ts', 5).map(({ subject }) => subject)).toEqual(['Number 3 done'])
  expect(history.log('only-1.ts', 5)).toEqual([])
  runGit(clone, 'fetch', '--quiet', '--unshallow')
  expect((await history.refresh(never)).commits).toBe(3)
  expect(history.log('a.ts', 5).map(({ subject }) => subject)).toEqual(['Number 3 done', 'Number 2 done', 'Number 1 done'])
})

test('no repository, an empty one, one that is somebody else’s, and one that goes away', async () => {
  const none = open()
  expect(await none.refresh(never)).toEqual({ head: null, commits: 0, problem: 'This workspace is not a git repository.' })
  runGit(root, 'init', '--quiet')
  expect(await none.refresh(never)).toEqual({ head: null, commits: 0, problem: null })
  commit({ 'a.ts': '1\n' }, 'First thing')
  expect((await none.refresh(never)).commits).toBe(1)
  rmSync(join(root, '.git'), { recursive: true })
  expect(await none.refresh(never)).toMatchObject({ head: null, commits: 0 })
  expect(none.search('first', 5)).toEqual([])
  const other = join(scratch, 'other')
  writeFiles(other, { 'a.ts': '1\n' })
  runGit(other, 'init', '--quiet')
  writeFileSync(join(root, '.git'), `gitdir: ${join(other, '.git')}\n`)
  expect((await none.refresh(never)).problem).toMatch(/belongs to another repository/)
})

test('commits whose objects are damaged do not take the others with them', async () => {
  runGit(root, 'init', '--quiet')
  commit({ 'a.ts': '1\n' }, 'First thing')
  commit({ 'sub/b.ts': '1\n' }, 'Second thing')
  commit({ 'sub/b.ts': '2\n' }, 'Third thing')
  const tree = runGit(root, 'rev-parse', 'HEAD~1:sub').trim()
  const object = join(root, '.git/objects', tree.slice(0, 2), tree.slice(2))
  chmodSync(object, 0o600)
  writeFileSync(object, 'damaged')
  const history = open()
  const status = await history.refresh(never)
  expect(status.problem).toMatch(/could not be read/)
  expect(history.log('a.ts', 5).map(({ subject }) => subject)).toEqual(['First thing'])
})

test('nothing that the repository configures is run', async () => {
  runGit(root, 'init', '--quiet')
  commit(
    { 'a.ts': '1\n', '.gitattributes': '*.ts diff=evil filter=evil\n', '.mailmap': 'Anna <anna@example.org> <ann@example.org>\n' },
    'First thing',
  )
  const mark = join(scratch, 'ran')
  const evil = join(scratch, 'evil.sh')
  writeFileSync(evil, `#!/bin/sh\necho "$0 $*" >> ${mark}\n`)
  chmodSync(evil, 0o755)
  const rows = [
    `[core]\n\tfsmonitor = ${evil}\n\tpager = ${evil}\n\thooksPath = ${scratch}\n\tsshCommand = ${evil}\n\teditor = ${evil}\n\talternateRefsCommand = ${evil}`,
    `[alias]\n\tlog = !${evil}\n\trev-list = !${evil}\n\tdiff-tree = !${evil}`,
    `[diff]\n\texternal = ${evil}\n[diff "evil"]\n\ttextconv = ${evil}\n\tcommand = ${evil}\n[filter "evil"]\n\tclean = ${evil}\n\tsmudge = ${evil}`,
    `[gpg]\n\tprogram = ${evil}\n[log]\n\tshowSignature = true\n[include]\n\tpath = ${scratch}/more`,
  ]
  writeFileSync(join(root, '.git/config'), `[core]\n\trepositoryformatversion = 0\n${rows.join('\n')}\n`)
  const before = readdirSync(join(root, '.git')).sort()
  const history = open()
  expect(await history.refresh(never)).toMatchObject({ commits: 1, problem: null })
  expect(existsSync(mark)).toBe(false)
  expect(readdirSync(join(root, '.git')).sort()).toEqual(before)
  expect(history.authorsOf('a.ts')).toMatchObject([{ name: 'Anna', email: 'anna@example.org', commits: 1 }])
})

test('a damaged database is made again; closing ends a pass; an aborted one can be taken up again', async () => {
  runGit(root, 'init', '--quiet')
  commit({ 'a.ts': '1\n' }, 'First thing')
  writeFiles(scratch, { 'data/history.db': 'this is no database, and it is long enough to be looked at'.repeat(100) })
  const history = open()
  await expect(history.refresh(AbortSignal.abort())).rejects.toThrow()
  expect((await history.refresh(never)).commits).toBe(1)
  commit({ 'a.ts': '2\n' }, 'Second thing')
  const pass = history.refresh(never)
  history.dispose()
  await expect(pass).rejects.toMatchObject({ code: 'cancelled' })
})
