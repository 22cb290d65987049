import { execFileSync } from 'node:child_process'
import { chmod, link, lstat, mkdir, readFile, readdir, symlink, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createTwoFilesPatch } from 'diff'
import fc from 'fast-check'
import type { z } from 'zod'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { callTool, failureOf } from '../../../testing/driver-harness'
import { type LocalSandbox, openLocalSandbox } from '../../../testing/local-sandbox'
import { guestScriptDir, ignoreModuleFile } from '../../guest/guest-binds'
import type { ToolName, ToolSchemas } from '../../schemas'
import { createFilesystemDriver, type FilesystemDriver } from './filesystem-driver'

const appRoot = join(import.meta.dirname, '../../../../../..')
const options = {
  guestNode: process.execPath,
  guestScript: join(guestScriptDir(appRoot), 'file-guest.mjs'),
  ignoreModule: ignoreModuleFile(appRoot),
}
let sandbox: LocalSandbox
let driver: FilesystemDriver

const file = (path: string): string => join(sandbox.workspaceDir, path)
const given = async (path: string, content: string | Buffer): Promise<void> => {
  await mkdir(join(file(path), '..'), { recursive: true })
  await writeFile(file(path), content)
}
const call = <Name extends ToolName>(name: Name, args: z.input<(typeof ToolSchemas)[Name]['input']>) =>
  callTool(driver, sandbox, name, args)
const code = async <Name extends ToolName>(name: Name, args: z.input<(typeof ToolSchemas)[Name]['input']>): Promise<string> =>
  (await failureOf(call(name, args))).code

beforeEach(async () => {
  sandbox = await openLocalSandbox()
  driver = createFilesystemDriver(options)
})
afterEach(async () => {
  await driver.dispose()
  await sandbox.dispose()
})

describe('encodings', () => {
  it('are read, said and kept by every way of changing a file', async () => {
    const swapped = Buffer.from('\ufeffone\r\nzwölf\r\n', 'utf16le').swap16()
    await given('be.txt', swapped)
    await given('le.txt', Buffer.from('\ufeffone\nzwölf\n', 'utf16le'))
    await given('latin.txt', Buffer.from('caf\u00e9\none\n', 'latin1'))
    await given('bom.txt', '\ufeffone\n')
    expect(await call('fs.read', { path: 'be.txt' })).toMatchObject({
      text: 'one\r\nzwölf\r\n',
      encoding: 'utf-16be',
      eol: 'crlf',
      totalLines: 2,
    })
    expect(await call('fs.read', { path: 'latin.txt' })).toMatchObject({ text: 'café\none\n', encoding: 'latin1' })
    expect(await call('fs.read', { path: 'bom.txt' })).toMatchObject({ text: 'one\n', encoding: 'utf-8-bom' })
    await call('fs.replace', { path: 'be.txt', oldText: 'one\nzwölf', newText: '1\n12' })
    expect(await readFile(file('be.txt'))).toEqual(Buffer.from('\ufeff1\r\n12\r\n', 'utf16le').swap16())
    await call('fs.write', { path: 'le.txt', text: 'neu\n' })
    expect(await readFile(file('le.txt'))).toEqual(Buffer.from('\ufeffneu\n', 'utf16le'))
    await call('fs.edit', { path: 'latin.txt', edits: [{ oldText: 'one', newText: 'ü' }] })
    expect(await readFile(file('latin.txt'))).toEqual(Buffer.from('café\nü\n', 'latin1'))
    expect(await code('fs.replace', { path: 'latin.txt', oldText: 'ü', newText: '€' })).toBe('fs.encoding')
    await given('broken.txt', Buffer.from([0xff, 0xfe, 0x00, 0xd8]))
    expect(await code('fs.read', { path: 'broken.txt' })).toBe('fs.encoding')
  })

  it('are not forced on binary files, which are named and given as base64', async () => {
    const png = Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex')
    await given('a.png', png)
    const failure = (await failureOf(call('fs.read', { path: 'a.png' }))).failure
    expect(failure).toMatchObject({ code: 'fs.binary', details: { kind: 'PNG image', sizeBytes: 16 } })
    expect(await call('fs.read', { path: 'a.png', as: 'base64' })).toMatchObject({
      text: '',
      base64: png.toString('base64'),
      encoding: null,
      startByte: 0,
      endByte: 16,
    })
    expect(await call('fs.read', { path: 'a.png', as: 'base64', startByte: 1, byteLength: 3 })).toMatchObject({
      base64: 'UE5H',
      endByte: 4,
    })
    expect(await call('fs.stat', { path: 'a.png' })).toMatchObject({ binary: 'PNG image', links: 1 })
    expect(await code('fs.edit', { path: 'a.png', edits: [{ oldText: 'P', newText: 'Q' }] })).toBe('fs.binary')
    expect(await code('fs.read', { path: 'a.png', as: 'base64', startLine: 1 })).toBe('fs.bad-range')
  })
})

describe('ranges', () => {
  it('of bytes are narrowed to whole characters', async () => {
    await given('a.txt', 'aé🙂\nb\n')
    expect(await call('fs.read', { path: 'a.txt', startByte: 2, byteLength: 6 })).toMatchObject({
      text: '🙂\n',
      startByte: 3,
      endByte: 8,
      startLine: 1,
      endLine: 1,
    })
    expect(await call('fs.read', { path: 'a.txt', startByte: 8 })).toMatchObject({ text: 'b\n', startLine: 2, endLine: 2, totalLines: 2 })
    expect(await call('fs.read', { path: 'a.txt', startByte: 10 })).toMatchObject({ text: '', startByte: 10, endByte: 10 })
    expect(await code('fs.read', { path: 'a.txt', startByte: 11 })).toBe('fs.bad-range')
  })

  it('of huge files are streamed', async () => {
    const line = (n: number): string => `line ${String(n).padStart(8, '0')} é${n % 3 === 0 ? '\r\n' : n % 3 === 1 ? '\n' : '\r'}`
    const count = 1_500_000
    const parts: string[] = []
    for (let n = 1; n <= count; n += 1) parts.push(line(n))
    await given('huge.log', parts.join(''))
    expect((await lstat(file('huge.log'))).size).toBeGreaterThan(16 * 1024 * 1024)
    expect(await code('fs.read', { path: 'huge.log' })).toBe('fs.too-large')
    expect(await code('fs.edit', { path: 'huge.log', edits: [{ oldText: 'x', newText: 'y' }] })).toBe('fs.too-large')
    for (const at of [1, 2, 65_535, 65_536, 65_537, 777_777, count - 1, count]) {
      const read = await call('fs.read', { path: 'huge.log', startLine: at, endLine: at })
      expect([at, read.text, read.totalLines]).toEqual([at, line(at), count])
    }
    const part = await call('fs.read', { path: 'huge.log', startLine: 99_999, endLine: 100_001 })
    expect(part.text).toBe(line(99_999) + line(100_000) + line(100_001))
    const bytes = await call('fs.read', { path: 'huge.log', startByte: part.startByte ?? 0, byteLength: part.text.length + 3 })
    expect(bytes).toMatchObject({ text: part.text, startLine: 99_999, endLine: 100_001 })
    await truncate(file('huge.log'), 20 * 1024 * 1024)
    expect((await call('fs.read', { path: 'huge.log', startLine: 1, endLine: 1 })).totalLines).toBeLessThan(count)
    await given('sparse.bin', '')
    await truncate(file('sparse.bin'), 1024 ** 3)
    expect(await code('fs.read', { path: 'sparse.bin', startLine: 1, endLine: 1 })).toBe('fs.binary')
  })
})

describe('handles', () => {
  it('go on at their cursor, over capture and restore, and say when the file changed', async () => {
    await given('a.txt', Array.from({ length: 10 }, (_, n) => `${n + 1}\n`).join(''))
    expect(await code('fs.readNext', { path: 'a.txt' })).toBe('fs.not-open')
    expect(await call('fs.open', { path: 'a.txt', line: 3 })).toMatchObject({ nextLine: 3, totalLines: 10, encoding: 'utf-8' })
    expect(await call('fs.readNext', { path: './a.txt', lines: 4 })).toMatchObject({
      text: '3\n4\n5\n6\n',
      endLine: 6,
      atEnd: false,
      changed: false,
    })
    const captured: unknown = JSON.parse(JSON.stringify(await driver.capture()))
    await call('fs.readNext', { path: 'a.txt', lines: 2 })
    await driver.restore(captured, sandbox)
    await given('a.txt', '1\n2\n3\n4\n5\n6\nseven\n')
    expect(await call('fs.readNext', { path: 'a.txt' })).toMatchObject({ text: 'seven\n', atEnd: true, changed: true })
    expect(await call('fs.readNext', { path: 'a.txt' })).toMatchObject({ text: '', startLine: 8, endLine: 7, atEnd: true, changed: false })
    await call('fs.seek', { path: 'a.txt', line: 2 })
    expect(await call('fs.readNext', { path: 'a.txt', lines: 1 })).toMatchObject({ text: '2\n' })
    expect((await call('fs.handles', {})).handles).toMatchObject([{ path: 'a.txt', cursorLine: 2, nextLine: 3, stale: false }])
    expect(await call('fs.close', { path: 'a.txt' })).toEqual({ closed: true })
    expect(await driver.capture()).toBeNull()
  })

  it('refuse an edit against what is not there any more, with the difference', async () => {
    await given('a.txt', 'one\ntwo\n')
    await call('fs.read', { path: 'a.txt', startLine: 1, endLine: 1 })
    await given('a.txt', 'one\n2\n')
    const calls = [
      call('fs.write', { path: 'a.txt', text: 'mine' }),
      call('fs.replace', { path: 'a.txt', oldText: '2', newText: '3' }),
      call('fs.edit', { path: 'a.txt', edits: [{ oldText: '2', newText: '3' }] }),
      call('fs.applyPatch', { patch: '--- a/a.txt\n+++ b/a.txt\n@@ -2 +2 @@\n-2\n+3\n' }),
    ]
    for (const pending of calls) {
      const { failure } = await failureOf(pending)
      expect(failure.code).toBe('fs.stale-version')
      expect(failure.details?.['diff']).toContain('-two\n+2\n')
    }
    expect(await readFile(file('a.txt'), 'utf8')).toBe('one\n2\n')
    await call('fs.read', { path: 'a.txt' })
    await call('fs.replace', { path: 'a.txt', oldText: '2', newText: '3' })
    expect(await readFile(file('a.txt'), 'utf8')).toBe('one\n3\n')
  })
})

describe('fs.changes', () => {
  it('tells once what others did, not what the agent did itself', async () => {
    await given('read.txt', '1')
    await given('other.txt', '1')
    await call('fs.read', { path: 'read.txt' })
    await call('fs.write', { path: 'own.txt', text: 'own' })
    expect(await call('fs.changes', {})).toEqual({ changes: [], truncated: false })
    await given('read.txt', '2')
    await given('new.txt', 'n')
    await call('fs.move', { from: 'other.txt', to: 'moved.txt' })
    await driver.filesChanged(['announced.txt', 'own.txt'])
    const told = await call('fs.changes', {})
    expect(told.changes.map(({ path, change }) => `${change} ${path}`)).toEqual([
      'deleted announced.txt',
      'changed new.txt',
      'changed read.txt',
    ])
    expect(told.changes[2]?.known).not.toBe(told.changes[2]?.version)
    expect(await call('fs.changes', {})).toEqual({ changes: [], truncated: false })
    execFileSync('rm', [file('read.txt')])
    expect((await call('fs.changes', {})).changes).toMatchObject([{ path: 'read.txt', change: 'deleted', version: null }])
    expect((await call('fs.changes', {})).changes).toEqual([])
  })

  it('keeps the rest for the next call, and over a capture', async () => {
    for (const name of ['a', 'b', 'c']) await given(name, name)
    await driver.filesChanged(['a', 'b', 'c'])
    const captured: unknown = JSON.parse(JSON.stringify(await driver.capture()))
    await driver.restore(captured, sandbox)
    const first = await call('fs.changes', { limit: 2 })
    expect([first.changes.map(({ path }) => path), first.truncated]).toEqual([['a', 'b'], true])
    expect((await call('fs.changes', { limit: 2 })).changes.map(({ path }) => path)).toEqual(['c'])
  })
})

describe('fs.create and fs.edit', () => {
  it('make what is not there and nothing else', async () => {
    await call('fs.create', { path: 'x/run.sh', text: 'hi\n', executable: true })
    expect((await lstat(file('x/run.sh'))).mode & 0o111).not.toBe(0)
    expect(await code('fs.create', { path: 'x/run.sh', text: '' })).toBe('fs.exists')
    await symlink('/nowhere', file('dangling'))
    expect(await code('fs.create', { path: 'dangling', text: '' })).toBe('fs.exists')
    await call('fs.create', { path: 'w.txt', text: 'é', encoding: 'utf-16le' })
    expect(await readFile(file('w.txt'))).toEqual(Buffer.from('\ufeffé', 'utf16le'))
    expect(await readdir(file('.'))).toEqual(['dangling', 'w.txt', 'x'])
  })

  it('apply several edits in order, all or none', async () => {
    await given('a.txt', 'let a = 1\nlet b = 1\n')
    const edits = [
      { oldText: 'let', newText: 'const', replaceAll: true },
      { oldText: 'const b = 1', newText: 'const b = 2' },
    ]
    expect(await call('fs.edit', { path: 'a.txt', edits })).toMatchObject({
      edits: [
        { lines: [1, 2], replaced: 2 },
        { lines: [2], replaced: 1 },
      ],
    })
    expect(await readFile(file('a.txt'), 'utf8')).toBe('const a = 1\nconst b = 2\n')
    const failed = await failureOf(
      call('fs.edit', {
        path: 'a.txt',
        edits: [
          { oldText: 'const a', newText: 'x' },
          { oldText: 'const a', newText: 'y' },
        ],
      }),
    )
    expect(failed.failure).toMatchObject({ code: 'fs.no-match', details: { edit: 1 } })
    expect(await readFile(file('a.txt'), 'utf8')).toBe('const a = 1\nconst b = 2\n')
  })

  it('show the most similar text when there is no match', async () => {
    await given('a.ts', 'function one() {\n\treturn 1\n}\n\nfunction two(value: number) {\n\treturn value * 2\n}\n')
    const spaced = await failureOf(call('fs.replace', { path: 'a.ts', oldText: 'function one() {\n  return 1\n}', newText: '' }))
    expect(spaced.failure.details?.['nearest']).toMatchObject({ startLine: 1, endLine: 3, onlyWhitespace: true })
    const close = await failureOf(call('fs.replace', { path: 'a.ts', oldText: 'function two(value) {\n  return value * 3', newText: '' }))
    expect(close.failure.details?.['nearest']).toMatchObject({ startLine: 5, text: 'function two(value: number) {\n\treturn value * 2' })
    const far = await failureOf(call('fs.replace', { path: 'a.ts', oldText: 'nothing of this kind', newText: '' }))
    expect(far.failure.details?.['nearest']).toBeUndefined()
  })

  it('do not follow links where the caller says so, and separate hard links', async () => {
    await given('real/a.txt', 'a')
    await symlink('real', file('folder'))
    await symlink('real/a.txt', file('link'))
    for (const path of ['link', 'folder/a.txt']) {
      expect(await code('fs.read', { path, follow: false })).toBe('fs.is-link')
      expect(await code('fs.write', { path, text: 'x', follow: false })).toBe('fs.is-link')
    }
    expect(await code('fs.create', { path: 'folder/new', text: '', follow: false })).toBe('fs.is-link')
    await call('fs.write', { path: 'real/a.txt', text: 'b', follow: false })
    await link(file('real/a.txt'), file('hard'))
    await call('fs.write', { path: 'hard', text: 'c' })
    expect([await readFile(file('hard'), 'utf8'), await readFile(file('real/a.txt'), 'utf8')]).toEqual(['c', 'b'])
  })

  it('name bytes that are no text, and reach such files by these names', async () => {
    await writeFile(Buffer.concat([Buffer.from(file('odd-')), Buffer.from([0xff, 0xfe])]), 'odd')
    await given('back\\x41slash', 'plain')
    expect((await call('fs.list', { path: '' })).entries.map(({ path }) => path)).toEqual(['back\\x5cx41slash', 'odd-\\xff\\xfe'])
    expect(await call('fs.read', { path: 'odd-\\xff\\xfe' })).toMatchObject({ text: 'odd', path: 'odd-\\xff\\xfe' })
    expect(await call('fs.read', { path: 'back\\x5cx41slash' })).toMatchObject({ text: 'plain' })
    await call('fs.write', { path: 'odd-\\xff\\xfe', text: 'new' })
    await call('fs.move', { from: 'odd-\\xff\\xfe', to: 'even' })
    expect(await readdir(file('.'))).toEqual(['back\\x41slash', 'even'])
    for (const path of ['\\x2e\\x2e/x', 'a\\x2fb', '\\x2egit/config', 'a\\x00'])
      expect(await code('fs.write', { path, text: '' })).toBe('fs.bad-path')
  })
})

describe('fs.applyPatch', () => {
  it('applies what git writes: changed, new, removed, renamed files and modes', async () => {
    const git = (...args: string[]): string =>
      execFileSync('git', ['-c', 'user.name=T', '-c', 'user.email=t@example.org', ...args], { cwd: file('.'), encoding: 'utf8' })
    const text = Array.from({ length: 40 }, (_, n) => `line ${n}\n`).join('')
    await given('a.txt', text)
    await given('gone.txt', 'x\ny')
    await given('old name.txt', text)
    await given('run.sh', 'echo\n')
    git('init', '-q')
    git('add', '.')
    git('commit', '-qm', 'one')
    await given('a.txt', text.replace('line 3\n', 'three\n').replace('line 30\n', '').replace('line 39\n', 'the end'))
    execFileSync('rm', [file('gone.txt')])
    execFileSync('mv', [file('old name.txt'), file('neu ä.txt')])
    await writeFile(file('neu ä.txt'), text.replace('line 20', 'twenty'))
    await chmod(file('run.sh'), 0o755)
    await given('deep/new.txt', 'new\n')
    git('add', '.')
    const patch = git('diff', '--cached', '-M')
    git('reset', '-q', '--hard')
    execFileSync('rm', ['-rf', file('.git')])
    const dry = await call('fs.applyPatch', { patch, dryRun: true })
    expect(await readFile(file('a.txt'), 'utf8')).toBe(text)
    const done = await call('fs.applyPatch', { patch })
    expect(done).toEqual(dry)
    expect(done.files.map(({ path, change, from }) => [path, change, from])).toEqual([
      ['a.txt', 'changed', undefined],
      ['deep/new.txt', 'created', undefined],
      ['gone.txt', 'deleted', undefined],
      ['neu ä.txt', 'renamed', 'old name.txt'],
      ['run.sh', 'mode', undefined],
    ])
    expect(await readFile(file('a.txt'), 'utf8')).toBe(
      text.replace('line 3\n', 'three\n').replace('line 30\n', '').replace('line 39\n', 'the end'),
    )
    expect(await readFile(file('neu ä.txt'), 'utf8')).toContain('twenty')
    expect((await lstat(file('run.sh'))).mode & 0o777).toBe(0o755)
    expect((await readdir(file('.'))).sort()).toEqual(['a.txt', 'deep', 'neu ä.txt', 'run.sh'])
  })

  it('writes nothing when a hunk does not fit, and says which and why', async () => {
    await given('a.txt', 'one\ntwo\nthree\n')
    await given('b.txt', 'b\n')
    const patch = [
      '--- a/b.txt\n+++ b/b.txt\n@@ -1 +1 @@\n-b\n+B\n',
      '--- a/a.txt\n+++ b/a.txt\n@@ -1,2 +1,2 @@\n one\n-2\n+zwei\n@@ -3 +3 @@\n-three\n+3\n',
    ].join('')
    const { failure } = await failureOf(call('fs.applyPatch', { patch }))
    expect(failure).toMatchObject({
      code: 'fs.patch-rejected',
      details: { rejected: [{ path: 'a.txt', hunks: [{ hunk: 1, patchLine: 8, firstDifference: { line: 2, patch: '2', file: 'two' } }] }] },
    })
    expect([await readFile(file('a.txt'), 'utf8'), await readFile(file('b.txt'), 'utf8')]).toEqual(['one\ntwo\nthree\n', 'b\n'])
    const again = '--- a/b.txt\n+++ b/b.txt\n@@ -1 +1 @@\n-x\n+b\n'
    expect((await failureOf(call('fs.applyPatch', { patch: again }))).failure.details?.['rejected']).toMatchObject([
      { hunks: [{ alreadyApplied: true }] },
    ])
  })

  it('finds hunks that moved, gives way at their ends only with fuzz, and follows CRLF', async () => {
    await given('a.txt', 'new\none\ntwo\nthree\nfour\n')
    const patch = '--- a.txt\n+++ a.txt\n@@ -1,3 +1,3 @@\n one\n-two\n+2\n three\n'
    expect((await call('fs.applyPatch', { patch })).files[0]?.hunks).toEqual([{ line: 2, offset: 1, fuzz: 0 }])
    const fuzzy = '--- a.txt\n+++ a.txt\n@@ -2,3 +2,3 @@\n ONE\n-2\n+zwei\n three\n'
    expect(await code('fs.applyPatch', { patch: fuzzy })).toBe('fs.patch-rejected')
    expect((await call('fs.applyPatch', { patch: fuzzy, fuzz: 1 })).files[0]?.hunks[0]?.fuzz).toBe(1)
    expect(await readFile(file('a.txt'), 'utf8')).toBe('new\none\nzwei\nthree\nfour\n')
    await given('crlf.txt', 'one\r\ntwo\r\n')
    await call('fs.applyPatch', { patch: '--- a/crlf.txt\n+++ b/crlf.txt\n@@ -1,2 +1,3 @@\n one\n-two\n+2\n+3\n' })
    expect(await readFile(file('crlf.txt'), 'utf8')).toBe('one\r\n2\r\n3\r\n')
  })

  it('refuses what it cannot read or may not do', async () => {
    await given('a.txt', 'a\n')
    await symlink('a.txt', file('link'))
    const refused: [string, string][] = [
      ['fs.bad-patch', 'hello'],
      ['fs.bad-patch', '@@ -1 +1 @@\n-a\n+b\n'],
      ['fs.bad-patch', '--- a/a.txt\n+++ b/a.txt\n@@ -1,3 +1 @@\n-a\n'],
      [
        'fs.bad-patch',
        'diff --git a/l b/l\nnew file mode 120000\n--- /dev/null\n+++ b/l\n@@ -0,0 +1 @@\n+/etc/passwd\n\\ No newline at end of file\n',
      ],
      ['fs.bad-patch', 'diff --git a/a.txt b/a.txt\nGIT binary patch\n'],
      ['fs.bad-path', '--- a/../x\n+++ b/../x\n@@ -1 +1 @@\n-a\n+b\n'],
      ['fs.protected', '--- /dev/null\n+++ b/.git/hooks/pre-commit\n@@ -0,0 +1 @@\n+x\n'],
      ['fs.exists', '--- /dev/null\n+++ b/a.txt\n@@ -0,0 +1 @@\n+x\n'],
      ['fs.not-found', '--- a/none\n+++ b/none\n@@ -1 +1 @@\n-a\n+b\n'],
      ['fs.is-link', '--- a/link\n+++ /dev/null\n@@ -1 +0,0 @@\n-a\n'],
    ]
    for (const [expected, patch] of refused) expect([patch, await code('fs.applyPatch', { patch })]).toEqual([patch, expected])
    const tool = driver.tools.find(({ name }) => name === 'fs.applyPatch')
    expect(tool?.capabilities?.({ patch: '--- a/a.txt\n+++ b/a.txt\n@@ -1 +1 @@\n-a\n+b\n' })).toEqual([
      { action: 'fs.read', resource: 'a.txt' },
      { action: 'fs.write', resource: 'a.txt' },
    ])
  })

  it('turns a into b with the difference of a and b, for any texts', async () => {
    const texts = fc
      .array(fc.constantFrom('a', 'b', 'é🙂', '\n', '\r\n', '\r', ' ', '-', '+', '\\', '@@'), { maxLength: 30 })
      .map((parts) => parts.join(''))
    await fc.assert(
      fc.asyncProperty(texts, texts, fc.nat(4), async (a, b, context) => {
        fc.pre(a !== b && a !== '' && b !== '')
        await given('p.txt', a)
        await call('fs.close', { path: 'p.txt' })
        const patch = createTwoFilesPatch('p.txt', 'p.txt', a, b, undefined, undefined, { context })
        await call('fs.applyPatch', { patch })
        expect(await readFile(file('p.txt'), 'utf8')).toBe(b)
      }),
      { numRuns: 300 },
    )
  })
})

describe('a process that was killed in the middle', () => {
  it('leaves nothing behind: the next one removes its temporary files', async () => {
    const state = join(sandbox.workspaceDir, '..', 'exchange')
    const stale = '.keyframe-0123456789ab-a.txt'
    await given(stale, 'half')
    await given('.keyframe-not-one', 'keep')
    const named = [stale, '.keyframe-not-one', 'a.txt', '../exchange/x'].map((name) => file(name))
    await writeFile(join(state, 'staged-files.json'), JSON.stringify([...named, 7, `${file('x')}/../${stale}`]))
    const moved = { ...sandbox, guest: { ...sandbox.guest, exchange: state } }
    await given('a.txt', 'a')
    await callTool(driver, moved, 'fs.write', { path: 'b.txt', text: 'b' })
    expect((await readdir(file('.'))).sort()).toEqual(['.keyframe-not-one', 'a.txt', 'b.txt'])
    expect(await readdir(state)).toEqual([])
  })
})
