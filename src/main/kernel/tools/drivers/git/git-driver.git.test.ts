import { spawnSync } from 'node:child_process'
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { z } from 'zod'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { callTool, failureOf } from '../../../testing/driver-harness'
import { runGit, writeFiles } from '../../../testing/git-repository'
import { type LocalSandbox, openLocalSandbox } from '../../../testing/local-sandbox'
import { treeHash } from '../../../testing/overlay-fixture'
import type { Driver } from '../../driver'
import { guestScriptDir, ignoreModuleFile } from '../../guest/guest-binds'
import type { ToolName, ToolSchemas } from '../../schemas'
import { createFilesystemDriver, type FilesystemDriver } from '../filesystem/filesystem-driver'
import { createGitDriver } from './git-driver'

const appRoot = join(import.meta.dirname, '../../../../../..')
let dir: string
let root: string
let baseDir: string
let sandbox: LocalSandbox
let filesystem: FilesystemDriver
let driver: Driver

const git = (...args: string[]): string => runGit(root, ...args)
const call = <Name extends ToolName>(name: Name, args: z.input<(typeof ToolSchemas)[Name]['input']>) =>
  callTool(driver, sandbox, name, args)
const inBranch = (files: Readonly<Record<string, string>>): void => writeFiles(sandbox.workspaceDir, files)
const commit = (message: string): string => {
  git('add', '-A')
  git('commit', '-q', '--date=2026-01-02T03:04:05Z', '-m', message)
  return git('rev-parse', 'HEAD').trim()
}

/** What a run starts from: the user's files without `.git` and what is ignored. */
function freeze(): void {
  const copy = (to: string): void =>
    cpSync(root, to, { recursive: true, verbatimSymlinks: true, filter: (from) => !/\/(\.git|ignored|sub)$/.test(from) })
  copy(baseDir)
  copy(sandbox.workspaceDir)
}

beforeEach(async () => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), 'keyframe-git-driver-')))
  root = join(dir, 'repository')
  baseDir = join(dir, 'base')
  mkdirSync(root)
  sandbox = await openLocalSandbox()
  filesystem = createFilesystemDriver({
    guestNode: process.execPath,
    guestScript: join(guestScriptDir(appRoot), 'file-guest.mjs'),
    ignoreModule: ignoreModuleFile(appRoot),
  })
  driver = createGitDriver({ root, baseDir, channel: filesystem.channel })
  git('init', '-q')
})
afterEach(async () => {
  await driver.dispose()
  await filesystem.dispose()
  await sandbox.dispose()
  rmSync(dir, { recursive: true, force: true })
})

describe('git.status and git.diff', () => {
  it('tell what the branch changed from what the user had not committed', async () => {
    const lines = Array.from({ length: 30 }, (_, n) => `line ${n}\n`).join('')
    writeFiles(root, {
      'a.txt': 'a\n',
      'b.txt': lines,
      'c.txt': 'c\n',
      '.gitignore': 'ignored\n',
      'ignored/tracked': 't\n',
      'dir/link-target': 'x\n',
    })
    symlinkSync('dir/link-target', join(root, 'link'))
    git('add', '-f', 'ignored/tracked')
    const head = commit('first')
    writeFiles(root, { 'a.txt': 'a\nuser\n', 'user.txt': 'u\n' })
    rmSync(join(root, 'c.txt'))
    freeze()
    mkdirSync(join(baseDir, 'ignored'))
    cpSync(join(root, 'ignored/tracked'), join(baseDir, 'ignored/tracked'))
    inBranch({ 'ignored/tracked': 't\n', 'a.txt': 'a\nuser\nagent\n', 'new/é "q".txt': 'n\n', 'ignored/build': 'not seen' })
    renameSync(join(sandbox.workspaceDir, 'b.txt'), join(sandbox.workspaceDir, 'moved.txt'))
    const before = treeHash(join(root, '.git'))
    const status = await call('git.status', {})
    expect(status).toEqual({
      head,
      branch: 'main',
      changes: [
        { path: 'a.txt', change: 'changed', added: 1, removed: 0 },
        { path: 'moved.txt', change: 'renamed', from: 'b.txt', added: 0, removed: 0 },
        { path: 'new/é "q".txt', change: 'added', added: 1, removed: 0 },
      ],
      before: [
        { path: 'a.txt', change: 'changed', added: 1, removed: 0 },
        { path: 'c.txt', change: 'deleted', added: 0, removed: 1 },
        { path: 'user.txt', change: 'added', added: 1, removed: 0 },
      ],
      truncated: false,
      notices: [],
    })
    expect((await call('git.status', { limit: 1 })).truncated).toBe(true)
    const diff = await call('git.diff', { paths: ['a.txt'] })
    expect(diff.patch).toContain('@@ -1,2 +1,3 @@\n a\n user\n+agent\n')
    expect((await call('git.diff', { from: 'HEAD', to: '@branch', paths: ['a.txt'] })).patch).toContain('+user\n+agent\n')
    expect((await call('git.diff', { from: 'HEAD', to: '@base', summary: true })).files.map(({ path }) => path)).toEqual([
      'a.txt',
      'c.txt',
      'user.txt',
    ])
    // Back to what it was: nothing is left of the changes.
    inBranch({ 'a.txt': 'a\nuser\n', 'b.txt': lines })
    for (const path of ['moved.txt', 'new']) rmSync(join(sandbox.workspaceDir, path), { recursive: true })
    expect((await call('git.status', {})).changes).toEqual([])
    expect((await call('git.diff', {})).patch).toBe('')
    expect(treeHash(join(root, '.git'))).toBe(before)
  })

  it('cut what is long, show binary files as such, and know modes and links', async () => {
    writeFiles(root, { 'a.txt': 'a\n', 'run.sh': 'echo\n' })
    commit('first')
    freeze()
    inBranch({ 'a.txt': 'b\n'.repeat(100_000), bin: 'a\0b' })
    rmSync(join(sandbox.workspaceDir, 'run.sh'))
    symlinkSync('/etc/passwd', join(sandbox.workspaceDir, 'run.sh'))
    const diff = await call('git.diff', { maxBytes: 5000 })
    expect(diff.truncated).toBe(true)
    expect(diff.patch.length).toBeLessThanOrEqual(5000)
    expect(diff.patch.endsWith('+b\n')).toBe(true)
    expect((await call('git.diff', { paths: ['bin'] })).patch).toContain('Binary files /dev/null and b/bin differ')
    expect(diff.files.map(({ path, change, added }) => [path, change, added])).toEqual([
      ['a.txt', 'changed', 100_000],
      ['bin', 'added', null],
      ['run.sh', 'type', 1],
    ])
    expect((await call('git.diff', { paths: ['run.sh'] })).patch).toContain('+/etc/passwd\n')
  })

  it('take files that were checked out with CRLF for what was committed', async () => {
    writeFiles(root, { 'a.txt': 'one\ntwo\n', 'b.txt': 'one\n' })
    commit('first')
    writeFiles(root, { 'a.txt': 'one\r\ntwo\r\n' })
    freeze()
    inBranch({ 'a.txt': 'one\r\n2\r\n' })
    const status = await call('git.status', {})
    expect(status.before).toEqual([])
    expect(status.changes).toEqual([{ path: 'a.txt', change: 'changed', added: 1, removed: 1 }])
  })

  it('work before the first commit and on a detached head, and fail without a repository', async () => {
    writeFiles(root, { 'a.txt': 'a\n' })
    freeze()
    inBranch({ 'b.txt': 'b\n' })
    expect(await call('git.status', {})).toMatchObject({
      head: null,
      branch: 'main',
      before: [{ path: 'a.txt' }],
      changes: [{ path: 'b.txt' }],
    })
    expect((await call('git.log', {})).commits).toEqual([])
    const first = commit('first')
    git('checkout', '-q', '--detach')
    expect(await call('git.status', {})).toMatchObject({ head: first, branch: null, before: [], changes: [{ path: 'b.txt' }] })
    rmSync(join(root, '.git'), { recursive: true })
    const other = createGitDriver({ root, baseDir, channel: filesystem.channel })
    expect((await failureOf(callTool(other, sandbox, 'git.status', {}))).code).toBe('git.no-repository')
    await other.dispose()
  })

  it('compare with the commit that the branch began with, over commits of the user, packs, captures and restores', async () => {
    writeFiles(root, { 'a.txt': 'a\n' })
    const first = commit('first')
    freeze()
    inBranch({ 'a.txt': 'agent\n' })
    expect((await call('git.status', {})).head).toBe(first)
    writeFiles(root, { 'a.txt': 'later\n' })
    const second = commit('second')
    git('gc', '-q')
    const captured: unknown = JSON.parse(JSON.stringify(await driver.capture()))
    const again = createGitDriver({ root, baseDir, channel: filesystem.channel })
    await again.restore(captured, sandbox)
    for (const one of [driver, again]) {
      expect(await callTool(one, sandbox, 'git.status', {})).toMatchObject({ head: first, before: [], changes: [{ path: 'a.txt' }] })
      expect((await callTool(one, sandbox, 'git.log', {})).commits.map(({ commit: oid }) => oid)).toEqual([second, first])
    }
    expect((await failureOf(again.restore({ head: '--upload-pack=x' }, sandbox))).code).toBe('git.bad-capture')
    await again.dispose()
  })
})

describe('git.log, git.show and git.branches', () => {
  it('read history by path, author, message and time, with limits', async () => {
    writeFiles(root, { 'a.txt': 'one\ntwo\nthree\nfour\n', 'b.txt': 'b\n' })
    const first = commit('first\n\nWith a body: \u00e9.\n')
    writeFiles(root, { 'b.txt': 'needle\n' })
    const second = commit('Add [a] needle')
    git('mv', 'a.txt', 'renamed.txt')
    const third = commit('rename')
    git('tag', '-a', 'v1', '-m', 'tagged')
    git('branch', 'topic/x', first)
    freeze()
    const oids = async (args: Parameters<typeof call<'git.log'>>[1]): Promise<string[]> =>
      (await call('git.log', args)).commits.map((one) => one.commit)
    expect(await oids({})).toEqual([third, second, first])
    expect(await call('git.log', { limit: 1 })).toMatchObject({
      truncated: true,
      commits: [{ commit: third, parents: [second], subject: 'rename' }],
    })
    expect(await oids({ skip: 2 })).toEqual([first])
    expect(await oids({ paths: ['b.txt'] })).toEqual([second, first])
    expect(await oids({ paths: ['renamed.txt'] })).toEqual([third])
    expect(await oids({ paths: ['renamed.txt'], follow: true })).toEqual([third, first])
    expect(await oids({ message: '[A] NEEDLE' })).toEqual([second])
    expect(await oids({ changing: 'needle' })).toEqual([second])
    expect(await oids({ author: 'nobody' })).toEqual([])
    expect(await oids({ revision: 'v1^' })).toEqual([second, first])
    expect(await oids({ since: '2000-01-01' })).toHaveLength(3)
    expect(await oids({ until: '2000-01-01' })).toEqual([])
    expect((await call('git.log', { files: true, limit: 1 })).commits[0]?.files).toEqual([
      { path: 'renamed.txt', from: 'a.txt', change: 'renamed', added: 0, removed: 0 },
    ])
    expect((await call('git.log', { revision: 'topic/x' })).commits[0]).toMatchObject({
      author: { name: 'Test', email: 'test@example.org' },
      authoredAt: '2026-01-02T03:04:05+00:00',
      body: 'With a body: é.',
    })
    expect(await call('git.show', { revision: second.slice(0, 10) })).toMatchObject({
      commit: { commit: second },
      files: [{ path: 'b.txt', change: 'changed', added: 1, removed: 1 }],
      patch: expect.stringContaining('-b\n+needle\n'),
    })
    expect((await call('git.show', { revision: first })).patch).toContain('new file mode 100644')
    expect(await call('git.show', { revision: 'v1~2', path: 'b.txt' })).toMatchObject({ text: 'b\n', sizeBytes: 2, commit: null })
    expect((await call('git.branches', {})).branches).toMatchObject([
      { name: 'main', kind: 'branch', commit: third, current: true },
      { name: 'topic/x', kind: 'branch', commit: first, current: false },
      { name: 'v1', kind: 'tag', commit: third, subject: 'tagged' },
    ])
    expect((await call('git.branches', { kinds: ['tag'] })).branches).toHaveLength(1)
  })

  it('refuse names that are no commit, options and paths that lead out', async () => {
    writeFiles(root, { 'a.txt': 'a\n' })
    commit('first')
    freeze()
    expect((await failureOf(call('git.show', { revision: 'nothing' }))).code).toBe('git.no-commit')
    expect((await failureOf(call('git.show', { revision: 'HEAD', path: 'none' }))).code).toBe('fs.not-found')
    expect((await failureOf(call('git.diff', { paths: ['../x'] }))).code).toBe('fs.bad-path')
    expect((await failureOf(call('git.log', { since: '--output=/tmp/x' }))).code).toBe('git.bad-date')
    const tool = driver.tools.find(({ name }) => name === 'git.show')
    for (const revision of ['--output=x', '-x', 'a..b', 'a b', ':/x', 'HEAD:a.txt', ''])
      expect(tool?.input.safeParse({ revision }).success).toBe(false)
    expect(await call('git.log', { paths: ['--output=x', ':(glob)**', '*'] })).toEqual({ commits: [], truncated: false })
  })
})

describe('files that the role may not read', () => {
  it('are shown in no difference, commit or version', async () => {
    writeFiles(root, { 'a.txt': 'a\n', 'secrets/key.txt': 'one\n', 'open.txt': 'long enough to be found as renamed\n'.repeat(5) })
    const first = commit('first')
    writeFiles(root, { 'a.txt': 'b\n', 'secrets/key.txt': 'two\n' })
    const second = commit('second')
    freeze()
    inBranch({ 'a.txt': 'c\n' })
    rmSync(join(sandbox.workspaceDir, 'secrets'), { recursive: true })
    const limited = createGitDriver({ root, baseDir, channel: filesystem.channel, readable: (path) => !path.startsWith('secrets/') })
    const ask = <Name extends ToolName>(name: Name, args: z.input<(typeof ToolSchemas)[Name]['input']>) =>
      callTool(limited, sandbox, name, args)
    const status = await ask('git.status', {})
    expect([status.changes.map(({ path }) => path), status.notices]).toEqual([
      ['a.txt'],
      ['1 files are not shown: this role may not read them.'],
    ])
    const outputs = [
      await ask('git.diff', {}),
      await ask('git.diff', { from: first }),
      await ask('git.show', { revision: second }),
      await ask('git.show', { revision: first }),
    ]
    for (const output of outputs) {
      expect(output).toMatchObject({ withheld: 1 })
      expect(JSON.stringify(output)).not.toMatch(/secrets|two/)
      expect(output.patch).toContain('a.txt')
    }
    expect(JSON.stringify(await ask('git.log', { files: true }))).not.toContain('secrets')
    for (const path of ['secrets/key.txt', './secrets//key.txt', 'a/../secrets/key.txt']) {
      expect((await failureOf(ask('git.show', { revision: 'HEAD', path }))).code).toMatch(/^(policy\.denied|fs\.bad-path|fs\.not-found)$/)
    }
    expect((await failureOf(ask('git.blame', { path: 'secrets/key.txt', revision: 'HEAD' }))).code).toBe('policy.denied')
    await limited.dispose()
  })
})

describe('git.blame', () => {
  it('tells commits, the user and the branch apart', async () => {
    writeFiles(root, { 'a.txt': 'one\ntwo\nthree\n' })
    const first = commit('first')
    writeFiles(root, { 'a.txt': 'one\ntwo\nthree\nuser\n' })
    freeze()
    inBranch({ 'a.txt': 'one\nagent\nthree\nuser\n' })
    const { lines } = await call('git.blame', { path: 'a.txt' })
    expect(lines.map(({ line, text, source, commit: oid }) => [line, text, source, oid])).toEqual([
      [1, 'one', 'commit', first],
      [2, 'agent', 'branch', null],
      [3, 'three', 'commit', first],
      [4, 'user', 'base', null],
    ])
    expect(lines[0]).toMatchObject({ author: { name: 'Test' }, at: '2026-01-02T03:04:05.000Z', summary: 'first', originalPath: 'a.txt' })
    expect((await call('git.blame', { path: 'a.txt', startLine: 2, endLine: 3 })).lines.map(({ line }) => line)).toEqual([2, 3])
    expect((await call('git.blame', { path: 'a.txt', revision: 'HEAD' })).lines).toHaveLength(3)
    inBranch({ 'new.txt': 'n\n' })
    expect((await call('git.blame', { path: 'new.txt' })).lines).toMatchObject([{ source: 'branch', text: 'n' }])
    expect((await failureOf(call('git.blame', { path: 'none' }))).code).toBe('fs.not-found')
    expect((await failureOf(call('git.blame', { path: 'a.txt', startLine: 99 }))).code).toBe('fs.bad-range')
  })
})

describe('a hostile repository', () => {
  it('runs nothing of its own and shows nothing of other repositories', async () => {
    const ran = join(dir, 'ran')
    const trap = join(dir, 'trap.sh')
    writeFileSync(trap, `#!/bin/sh\necho "$0 $*" >> ${ran}\ncat\n`, { mode: 0o755 })
    writeFiles(root, {
      'a.txt': 'one\ntwo\n',
      'b.bin': 'b\n',
      '.gitmodules': `[submodule "sub"]\n\tpath = sub\n\turl = ext::${trap}\n\tupdate = !${trap}\n`,
    })
    writeFiles(root, { '.gitattributes': '* diff=evil filter=evil merge=evil text=auto ident\n' })
    const first = commit('first')
    git('update-index', '--add', '--cacheinfo', `160000,${first},sub`)
    git('commit', '-qm', 'submodule')
    const config = [
      `[core]\n\tfsmonitor = ${trap}\n\tpager = ${trap}\n\teditor = ${trap}\n\tsshCommand = ${trap}\n\thooksPath = ${dir}/hooks\n\tattributesFile = ${dir}/attributes`,
      `\talternateRefsCommand = ${trap}\n\tgitProxy = ${trap}\n\taskPass = ${trap}\n\tworktree = /etc`,
      `[diff]\n\texternal = ${trap}\n[diff "evil"]\n\tcommand = ${trap}\n\ttextconv = ${trap}\n\tbinary = true`,
      `[filter "evil"]\n\tclean = ${trap}\n\tsmudge = ${trap}\n\tprocess = ${trap}\n\trequired = true\n[merge "evil"]\n\tdriver = ${trap}`,
      `[gpg]\n\tprogram = ${trap}\n[log]\n\tshowSignature = true\n[pager]\n\tlog = ${trap}\n\tdiff = ${trap}\n\tshow = ${trap}\n\tblame = ${trap}`,
      `[alias]\n\tlog = !${trap}\n\tstatus = !${trap}\n\tdiff = !${trap}\n[include]\n\tpath = ${dir}/included\n[credential]\n\thelper = !${trap}`,
      `[interactive]\n\tdiffFilter = ${trap}\n[uploadpack]\n\tpackObjectsHook = ${trap}\n[remote "origin"]\n\turl = ext::${trap}\n\tpromisor = true`,
      `[extensions]\n\tpartialClone = origin\n[trace2]\n\teventTarget = ${dir}/traced\n[blame]\n\tignoreRevsFile = ${dir}/trap.sh`,
    ].join('\n')
    writeFileSync(join(root, '.git/config'), `[core]\n\trepositoryformatversion = 1\n${config}\n`)
    writeFileSync(join(dir, 'included'), `[core]\n\tpager = ${trap}\n`)
    const hooks = [
      'post-checkout',
      'post-index-change',
      'pre-commit',
      'reference-transaction',
      'post-rewrite',
      'fsmonitor-watchman',
      'pre-auto-gc',
      'update',
    ]
    for (const folder of [join(dir, 'hooks'), join(root, '.git/hooks')]) {
      mkdirSync(folder, { recursive: true })
      for (const hook of hooks) writeFileSync(join(folder, hook), `#!/bin/sh\necho ${hook} >> ${ran}\n`, { mode: 0o755 })
    }
    // Objects of another repository, by alternates, by links and by a replacement.
    const secret = join(dir, 'secret')
    mkdirSync(secret)
    runGit(secret, 'init', '-q')
    writeFiles(secret, { 'secret.txt': 'secret\n' })
    runGit(secret, 'add', '-A')
    runGit(secret, 'commit', '-qm', 'secret')
    const secretCommit = runGit(secret, 'rev-parse', 'HEAD').trim()
    writeFiles(root, { '.git/info/attributes': '* diff=evil\n', '.git/objects/info/alternates': `${secret}/.git/objects\n` })
    writeFiles(root, {
      [`.git/refs/replace/${first}`]: `${secretCommit}\n`,
      '.git/refs/heads/stolen': `${secretCommit}\n`,
      '.git/refs/heads/--output=x': `${first}\n`,
    })
    writeFiles(root, {
      '.git/info/grafts': `${first} ${secretCommit}\n`,
      '.git/packed-refs': `${first} refs/heads/../../../escape\n${first} refs/heads/fine\n`,
    })
    symlinkSync(join(secret, '.git/refs/heads'), join(root, '.git/refs/linked'))
    const looseFolders = readdirSync(join(secret, '.git/objects')).filter((name) => /^[0-9a-f]{2}$/.test(name))
    const linked = looseFolders.find((name) => !readdirSync(join(root, '.git/objects')).includes(name))
    if (linked !== undefined) symlinkSync(join(secret, '.git/objects', linked), join(root, '.git/objects', linked))
    freeze()
    inBranch({
      'a.txt': 'one\nagent\n',
      '.gitattributes': '* diff=evil filter=evil\n',
      '.git/config': config,
      '.git/hooks/pre-commit': 'x',
    })
    // The traps work: git that reads this repository's own configuration runs them.
    writeFileSync(join(root, 'a.txt'), 'one\nthree\n')
    spawnSync('git', ['--git-dir', '.git', '--work-tree', '.', 'diff'], { cwd: root, env: { PATH: '/usr/bin:/bin', HOME: dir } })
    expect(readFileSync(ran, 'utf8')).toContain('trap.sh')
    writeFileSync(join(root, 'a.txt'), 'one\ntwo\n')
    for (const name of ['ran', 'traced']) rmSync(join(dir, name), { force: true })
    const before = treeHash(join(root, '.git'))

    const status = await call('git.status', {})
    expect(status.changes.map(({ path }) => path)).toEqual(['.gitattributes', 'a.txt'])
    expect(status.before).toEqual([])
    expect(status.notices).toEqual(['Objects that this repository borrows from another one are not read.'])
    expect((await call('git.diff', { from: 'HEAD' })).patch).toContain('-two\n+agent\n')
    const log = await call('git.log', { files: true })
    expect(log.commits.map(({ subject }) => subject)).toEqual(['submodule', 'first'])
    expect((await call('git.show', { revision: first })).patch).toContain('+one\n')
    expect((await call('git.blame', { path: 'a.txt' })).lines.map(({ source }) => source)).toEqual(['commit', 'branch'])
    const names = (await call('git.branches', {})).branches.map(({ name }) => name)
    expect(names).toEqual(expect.arrayContaining(['fine', 'main']))
    expect(names.filter((name) => /escape|linked|secret/.test(name))).toEqual([])
    expect((await failureOf(call('git.show', { revision: secretCommit }))).code).toBe('git.no-commit')
    expect((await failureOf(call('git.log', { revision: 'stolen' }))).code).toBe('git.no-commit')
    expect(readdirSync(dir).filter((name) => name === 'ran' || name === 'traced')).toEqual([])
    expect(treeHash(join(root, '.git'))).toBe(before)
  })

  it('leaves no view behind, nor that of a kernel that was killed', async () => {
    writeFiles(root, { 'a.txt': 'a\n' })
    commit('first')
    freeze()
    const ended = spawnSync('true').pid
    const views = (): string[] =>
      readdirSync(tmpdir()).filter((name) => name.startsWith(`keyframe-git-${ended}-`) || name.startsWith(`keyframe-git-${process.pid}-`))
    mkdirSync(join(tmpdir(), `keyframe-git-${ended}-abc`))
    await call('git.log', {})
    expect(views()).toHaveLength(1)
    await driver.dispose()
    expect(views()).toEqual([])
  })

  it('is not read when .git points at another repository', async () => {
    const other = join(dir, 'other')
    mkdirSync(other)
    runGit(other, 'init', '-q')
    writeFiles(other, { 'secret.txt': 's\n' })
    runGit(other, 'add', '-A')
    runGit(other, 'commit', '-qm', 'secret')
    const refused = async (): Promise<string> => {
      const one = createGitDriver({ root, baseDir, channel: filesystem.channel })
      try {
        return (await failureOf(callTool(one, sandbox, 'git.log', {}))).code
      } finally {
        await one.dispose()
      }
    }
    rmSync(join(root, '.git'), { recursive: true })
    writeFileSync(join(root, '.git'), `gitdir: ${other}/.git\n`)
    expect(await refused()).toBe('git.elsewhere')
    rmSync(join(root, '.git'))
    symlinkSync(join(other, '.git'), join(root, '.git'))
    expect(await refused()).toBe('git.elsewhere')
    rmSync(join(root, '.git'))
    git('init', '-q')
    writeFileSync(join(root, '.git/commondir'), `${other}/.git\n`)
    expect(await refused()).toBe('git.elsewhere')
    rmSync(join(root, '.git/commondir'))
    rmSync(join(root, '.git/objects'), { recursive: true })
    symlinkSync(join(other, '.git/objects'), join(root, '.git/objects'))
    expect(await refused()).toBe('git.elsewhere')
  })

  it('with damaged objects is a failure that says so', async () => {
    writeFiles(root, { 'a.txt': 'a\n' })
    const first = commit('first')
    freeze()
    const object = join(root, '.git/objects', first.slice(0, 2), first.slice(2))
    rmSync(object, { force: true })
    writeFileSync(object, 'no object at all')
    expect((await failureOf(call('git.status', {}))).code).toMatch(/^git\.(no-commit|failed)$/)
  })
})

describe('linked work trees and object formats', () => {
  it('reads a linked work tree with its own head', async () => {
    writeFiles(root, { 'a.txt': 'a\n' })
    const first = commit('first')
    const linkedRoot = join(dir, 'linked')
    git('worktree', 'add', '-q', '-b', 'side', linkedRoot)
    freeze()
    const other = createGitDriver({ root: linkedRoot, baseDir, channel: filesystem.channel })
    expect(await callTool(other, sandbox, 'git.status', {})).toMatchObject({ head: first, branch: 'side', changes: [], before: [] })
    await other.dispose()
  })

  it('reads a SHA-256 repository and a shallow clone', async () => {
    rmSync(join(root, '.git'), { recursive: true })
    git('init', '-q', '--object-format=sha256')
    writeFiles(root, { 'a.txt': 'a\n' })
    const first = commit('first')
    writeFiles(root, { 'a.txt': 'b\n' })
    commit('second')
    freeze()
    inBranch({ 'a.txt': 'c\n' })
    expect(await call('git.status', {})).toMatchObject({ before: [], changes: [{ path: 'a.txt' }] })
    expect((await call('git.log', {})).commits[1]?.commit).toBe(first)
    const clone = join(dir, 'clone')
    runGit(dir, 'clone', '-q', '--depth=1', `file://${root}`, clone)
    const shallow = createGitDriver({ root: clone, baseDir, channel: filesystem.channel })
    expect((await callTool(shallow, sandbox, 'git.log', {})).commits.map(({ subject }) => subject)).toEqual(['second'])
    await shallow.dispose()
    expect(readFileSync(join(dirname(root), 'base/a.txt'), 'utf8')).toBe('b\n')
  })
})
