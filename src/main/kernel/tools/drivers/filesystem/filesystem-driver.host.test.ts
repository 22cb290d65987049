import { execFileSync } from 'node:child_process'
import { chmod, mkdir, readFile, readdir, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import type { z } from 'zod'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { callTool, failureOf } from '../../../testing/driver-harness'
import { type LocalSandbox, openLocalSandbox } from '../../../testing/local-sandbox'
import { guestScriptDir, ignoreModuleFile } from '../../guest/guest-binds'
import type { ToolName, ToolSchemas } from '../../schemas'
import { createSearchDriver } from '../search/search-driver'
import { createFilesystemDriver } from './filesystem-driver'

const appRoot = join(import.meta.dirname, '../../../../../..')
let sandbox: LocalSandbox
let driver: ReturnType<typeof createFilesystemDriver>

const file = (path: string): string => join(sandbox.workspaceDir, path)
const given = async (path: string, content: string | Buffer): Promise<void> => {
  await mkdir(join(file(path), '..'), { recursive: true })
  await writeFile(file(path), content)
}

const call = <Name extends ToolName>(name: Name, args: z.input<(typeof ToolSchemas)[Name]['input']>) =>
  callTool(name.startsWith('fs.') ? driver : createSearchDriver(driver), sandbox, name, args)
const code = async <Name extends ToolName>(name: Name, args: z.input<(typeof ToolSchemas)[Name]['input']>): Promise<string> =>
  (await failureOf(call(name, args))).code

beforeEach(async () => {
  sandbox = await openLocalSandbox()
  driver = createFilesystemDriver({
    guestNode: process.execPath,
    guestScript: join(guestScriptDir(appRoot), 'file-guest.mjs'),
    ignoreModule: ignoreModuleFile(appRoot),
  })
})
afterEach(async () => {
  await driver.dispose()
  await sandbox.dispose()
})

describe('reading', () => {
  it('gives text, version and lines, and records a handle', async () => {
    await given('a.txt', 'one\ntwo\nthree\n')
    const whole = await call('fs.read', { path: 'a.txt' })
    expect(whole).toMatchObject({ path: 'a.txt', text: 'one\ntwo\nthree\n', totalLines: 3, sizeBytes: 14, startLine: 1, endLine: 3 })
    const part = await call('fs.read', { path: './a.txt', startLine: 2, endLine: 99 })
    expect(part).toEqual({ ...whole, text: 'two\nthree\n', startLine: 2, endLine: 3 })
    expect(await driver.capture()).toEqual({
      handles: [{ path: 'a.txt', version: whole.version, cursorLine: 2, nextLine: 4, stale: false }],
    })
  })

  it('takes off a byte order mark, keeps CRLF, and reads an empty file', async () => {
    await given('bom.txt', '\ufeffa\r\nb')
    expect(await call('fs.read', { path: 'bom.txt' })).toMatchObject({ text: 'a\r\nb', totalLines: 2, sizeBytes: 7 })
    await given('empty.txt', '')
    expect(await call('fs.read', { path: 'empty.txt' })).toMatchObject({ text: '', totalLines: 0, startLine: 1, endLine: 0 })
  })

  it('refuses what is no text, too large without a range, or not a file', async () => {
    await given('bin', Buffer.from([1, 0, 2]))
    await given('large.txt', 'line of text\n'.repeat(700_000))
    execFileSync('mkfifo', [file('pipe')])
    await mkdir(file('dir'))
    expect(await code('fs.read', { path: 'bin' })).toBe('fs.binary')
    expect(await code('fs.read', { path: 'large.txt' })).toBe('fs.too-large')
    expect(await call('fs.read', { path: 'large.txt', startLine: 699_999, endLine: 699_999 })).toMatchObject({
      text: 'line of text\n',
      totalLines: 700_000,
    })
    expect(await code('fs.read', { path: 'large.txt', startLine: 700_001 })).toBe('fs.bad-range')
    expect(await code('fs.read', { path: 'pipe' })).toBe('fs.not-a-file')
    expect(await code('fs.read', { path: 'dir' })).toBe('fs.is-directory')
    expect(await code('fs.read', { path: 'absent/deep' })).toBe('fs.not-found')
    expect(await code('fs.read', { path: 'bin/below' })).toBe('fs.not-a-directory')
  })

  it('stays in the workspace and out of .git', async () => {
    await given('.git/config', 'secret')
    await given('real.txt', 'inside')
    await symlink('/etc', file('out'))
    await symlink('.git', file('sly'))
    await symlink('real.txt', file('in'))
    await symlink('loop', file('loop'))
    await symlink('/nowhere/at/all', file('dangling'))
    for (const path of ['out/passwd', 'out']) expect(await code('fs.read', { path })).toBe('fs.outside-workspace')
    for (const path of ['.git/config', 'sub/.GIT/config', 'sly/config']) expect(await code('fs.read', { path })).toBe('fs.protected')
    for (const path of ['/etc/passwd', '../x', 'a/../../x', 'nul\0']) expect(await code('fs.read', { path })).toBe('fs.bad-path')
    expect(await code('fs.read', { path: 'loop' })).toBe('fs.link-loop')
    expect(await code('fs.write', { path: 'dangling', text: 'x' })).toBe('fs.dangling-link')
    expect(await code('fs.write', { path: 'out/x', text: 'x' })).toBe('fs.outside-workspace')
    expect(await call('fs.read', { path: 'in' })).toMatchObject({ text: 'inside' })
    expect(await call('fs.stat', { path: 'out' })).toMatchObject({ type: 'symlink', version: null })
    expect(await call('fs.stat', { path: 'none' })).toEqual({
      path: 'none',
      type: 'absent',
      sizeBytes: 0,
      mode: 0,
      mtimeMs: 0,
      version: null,
    })
  })
})

describe('listing and searching', () => {
  beforeEach(async () => {
    await given('.gitignore', 'dist/\n*.log\n!keep.log\n')
    await given('a-b.ts', 'export const total = 1 // total\n')
    await given('a/b.ts', 'import { total } from "../a-b"\nconst subtotal = total\n')
    await given('a/.gitignore', 'hidden.ts\n')
    await given('a/hidden.ts', 'total')
    await given('dist/out.js', 'total')
    await given('keep.log', 'total')
    await given('x.log', 'total')
    await given('node_modules/m/index.ts', 'total')
    await given('.git/HEAD', 'total')
    await given('image.bin', Buffer.from('total\0'))
  })

  it('lists sorted, down to a depth', async () => {
    const { entries } = await call('fs.list', { path: '', depth: 2 })
    expect(entries.map(({ path, type }) => `${path} ${type}`)).toEqual([
      '.gitignore file',
      'a directory',
      'a-b.ts file',
      'a/.gitignore file',
      'a/b.ts file',
      'a/hidden.ts file',
      'dist directory',
      'dist/out.js file',
      'image.bin file',
      'keep.log file',
      'node_modules directory',
      'x.log file',
    ])
    expect((await call('fs.list', { path: 'a' })).entries.map(({ path }) => path)).toEqual(['a/.gitignore', 'a/b.ts', 'a/hidden.ts'])
    expect(await code('fs.list', { path: 'a/b.ts' })).toBe('fs.not-a-directory')
  })

  it('finds files by pattern, in the order of paths', async () => {
    expect(await call('fs.glob', { pattern: '**/*.{ts,js}' })).toEqual({
      paths: ['a-b.ts', 'a/b.ts', 'a/hidden.ts', 'dist/out.js'],
      truncated: false,
    })
    expect(await call('fs.glob', { pattern: './a/*', limit: 2 })).toEqual({ paths: ['a/.gitignore', 'a/b.ts'], truncated: true })
  })

  it('finds text, words and patterns in unignored text files', async () => {
    const places = async (args: Parameters<typeof call<'code.search'>>[1]): Promise<string[]> =>
      (await call('code.search', args)).hits.map(({ path, line, column }) => `${path}:${line}:${column}`)
    const all = ['a-b.ts:1:13', 'a-b.ts:1:26', 'a/b.ts:1:9', 'a/b.ts:2:9', 'a/b.ts:2:17', 'keep.log:1:0']
    expect(await places({ query: 'total', limit: 100 })).toEqual(all)
    expect(await places({ query: 'total', wholeWord: true, limit: 100 })).toEqual(all.filter((place) => place !== 'a/b.ts:2:9'))
    expect(await places({ query: 'sub\\w+|^import', regex: true, limit: 100 })).toEqual(['a/b.ts:1:0', 'a/b.ts:2:6'])
    expect(await places({ query: 'total', glob: 'a/**', limit: 100 })).toEqual(['a/b.ts:1:9', 'a/b.ts:2:9', 'a/b.ts:2:17'])
    expect(await call('code.search', { query: 'total', limit: 1 })).toMatchObject({
      hits: [{ path: 'a-b.ts', line: 1, column: 13, text: 'export const total = 1 // total' }],
      truncated: true,
    })
    expect(await code('code.search', { query: '(', regex: true, limit: 1 })).toBe('search.bad-pattern')
  })

  it('ends a search whose pattern does not end', async () => {
    await given('evil.txt', `${'a'.repeat(60)}!`)
    expect(await code('code.search', { query: '^(?=x?)(a+)+$', regex: true, limit: 1 })).toBe('search.timed-out')
    expect(await call('fs.stat', { path: 'evil.txt' })).toMatchObject({ type: 'file' })
  }, 40_000)
})

describe('writing', () => {
  it('makes files and directories, and keeps mode, mark and line ending of what it replaces', async () => {
    expect(await call('fs.write', { path: 'new/deep/a.txt', text: 'x\n' })).toMatchObject({ path: 'new/deep/a.txt', created: true })
    await given('run.sh', '\ufeffone\r\ntwo\r\n')
    await chmod(file('run.sh'), 0o751)
    const { version } = await call('fs.write', { path: 'run.sh', text: 'three\nfour\n' })
    expect(await readFile(file('run.sh'), 'utf8')).toBe('\ufeffthree\r\nfour\r\n')
    expect((await stat(file('run.sh'))).mode & 0o777).toBe(0o751)
    expect(await call('fs.stat', { path: 'run.sh' })).toMatchObject({ version })
    await call('fs.replace', { path: 'run.sh', oldText: 'three\nfour', newText: '3\n4' })
    expect(await readFile(file('run.sh'), 'utf8')).toBe('\ufeff3\r\n4\r\n')
    expect(await readdir(file('.'))).toEqual(['new', 'run.sh'])
  })

  it('writes through a link and leaves the link', async () => {
    await given('target.txt', 'old')
    await symlink('target.txt', file('link'))
    await call('fs.write', { path: 'link', text: 'new' })
    expect(await readFile(file('target.txt'), 'utf8')).toBe('new')
    expect(await call('fs.stat', { path: 'link' })).toMatchObject({ type: 'symlink' })
  })

  it('refuses a version that is not there any more, with what changed', async () => {
    await given('a.txt', 'one\ntwo\n')
    const { version } = await call('fs.read', { path: 'a.txt' })
    await given('a.txt', 'one\n2\n')
    const failure = await failureOf(call('fs.write', { path: 'a.txt', text: 'mine', expectedVersion: version }))
    expect(failure.failure).toMatchObject({ code: 'fs.stale-version', details: { path: 'a.txt', expected: version } })
    expect(failure.failure.details?.['diff']).toContain('-two\n+2\n')
    expect(await code('fs.replace', { path: 'a.txt', oldText: '2', newText: '3', expectedVersion: version })).toBe('fs.stale-version')
    expect(await readFile(file('a.txt'), 'utf8')).toBe('one\n2\n')
    expect(await code('fs.write', { path: 'gone.txt', text: 'x', expectedVersion: version })).toBe('fs.not-found')
  })

  it('replaces exactly one occurrence', async () => {
    await given('a.txt', 'x = 1\ny = 1\nz = 2\n')
    expect(await code('fs.replace', { path: 'a.txt', oldText: 'absent', newText: '' })).toBe('fs.no-match')
    const failure = await failureOf(call('fs.replace', { path: 'a.txt', oldText: '= 1', newText: '' }))
    expect(failure.failure).toMatchObject({ code: 'fs.ambiguous-match', details: { count: 2, lines: [1, 2] } })
    await call('fs.replace', { path: 'a.txt', oldText: 'z = 2', newText: 'z = $&' })
    expect(await readFile(file('a.txt'), 'utf8')).toBe('x = 1\ny = 1\nz = $&\n')
  })

  it('moves and removes files, links and directories', async () => {
    await given('d/a', '1')
    await given('d/e/b', '2')
    await symlink('/etc', file('d/out'))
    expect(await call('fs.move', { from: 'd', to: 'moved/here' })).toEqual({ moved: 3 })
    expect(await readFile(file('moved/here/e/b'), 'utf8')).toBe('2')
    expect(await code('fs.move', { from: 'moved', to: 'moved/into' })).toBe('fs.bad-path')
    await given('taken', '')
    expect(await code('fs.move', { from: 'moved', to: 'taken' })).toBe('fs.exists')
    expect(await call('fs.remove', { path: 'moved' })).toEqual({ removed: 3 })
    expect(await code('fs.remove', { path: 'moved' })).toBe('fs.not-found')
    expect(await code('fs.remove', { path: '.' })).toBe('fs.bad-path')
    expect((await stat('/etc/passwd')).isFile()).toBe(true)
  })

  it('keeps handles over capture and restore, and marks what others changed', async () => {
    await given('a.txt', '1\n2\n')
    await call('fs.read', { path: 'a.txt', startLine: 2 })
    await call('fs.write', { path: 'b.txt', text: 'b' })
    await driver.filesChanged(['b.txt'])
    await call('fs.move', { from: 'a.txt', to: 'c.txt' })
    const captured: unknown = JSON.parse(JSON.stringify(await driver.capture()))
    expect(captured).toMatchObject({
      handles: [
        { path: 'b.txt', cursorLine: 1, stale: true },
        { path: 'c.txt', cursorLine: 2, stale: false },
      ],
    })
    await driver.restore(null, sandbox)
    expect(await driver.capture()).toBeNull()
    await driver.restore(captured, sandbox)
    expect(await driver.capture()).toEqual(captured)
    expect((await failureOf(driver.restore({ handles: 'no' }, sandbox))).code).toBe('fs.bad-capture')
  })
})

describe('fs.applyEdit', () => {
  const nothing = { files: [], create: [], move: [], remove: [] }
  const insert = (line: number, column: number, newText: string) => ({
    startLine: line,
    startColumn: column,
    endLine: line,
    endColumn: column,
    newText,
  })

  it('edits, creates, moves and removes in one step', async () => {
    await given('a.ts', 'const a = "🙂" + b\n')
    await given('old.ts', 'old\n')
    await given('gone.ts', 'gone\n')
    const { versions } = await call('fs.applyEdit', {
      files: [
        {
          path: 'a.ts',
          version: null,
          edits: [{ startLine: 1, startColumn: 17, endLine: 1, endColumn: 18, newText: 'c' }, insert(2, 0, 'end\n')],
        },
        { path: 'old.ts', version: null, edits: [insert(1, 0, '// ')] },
      ],
      create: [{ path: 'made/new.ts', text: 'new\n' }],
      move: [{ from: 'old.ts', to: 'made/moved.ts' }],
      remove: ['gone.ts'],
    })
    expect(await readFile(file('a.ts'), 'utf8')).toBe('const a = "🙂" + c\nend\n')
    expect(await readFile(file('made/moved.ts'), 'utf8')).toBe('// old\n')
    expect(await readdir(file('.'))).toEqual(['a.ts', 'made'])
    expect(versions.map(({ path, version }) => `${path} ${version === null ? 'gone' : 'there'}`)).toEqual([
      'a.ts there',
      'made/moved.ts there',
      'made/new.ts there',
      'old.ts gone',
      'gone.ts gone',
    ])
  })

  it('changes nothing when any part of it cannot be done', async () => {
    await given('a.txt', 'one\n')
    await given('b.txt', 'two\n')
    await given('c.txt', '🙂')
    const edit = { path: 'a.txt', version: null, edits: [insert(1, 0, 'x')] }
    const refused: [string, Parameters<typeof call<'fs.applyEdit'>>[1]][] = [
      ['fs.bad-range', { ...nothing, files: [edit, { path: 'b.txt', version: null, edits: [insert(1, 4, 'x')] }] }],
      ['fs.bad-range', { ...nothing, files: [edit, { path: 'b.txt', version: null, edits: [insert(4, 0, 'x')] }] }],
      ['fs.bad-range', { ...nothing, files: [edit, { path: 'c.txt', version: null, edits: [insert(1, 1, 'x')] }] }],
      ['fs.encoding', { ...nothing, files: [edit, { path: 'b.txt', version: null, edits: [insert(1, 1, '\ud83d')] }] }],
      ['fs.stale-version', { ...nothing, files: [edit, { path: 'b.txt', version: 'a'.repeat(64), edits: [] }] }],
      [
        'fs.overlapping-edits',
        { ...nothing, files: [edit, { path: 'b.txt', version: null, edits: [{ ...insert(1, 0, ''), endColumn: 2 }, insert(1, 1, 'x')] }] },
      ],
      ['fs.exists', { ...nothing, files: [edit], create: [{ path: 'b.txt', text: '' }] }],
      ['fs.not-found', { ...nothing, files: [edit], remove: ['d.txt'] }],
      ['fs.bad-edit', { ...nothing, files: [edit], remove: ['a.txt'] }],
      ['fs.bad-edit', { ...nothing, files: [edit, edit] }],
      [
        'fs.bad-edit',
        {
          ...nothing,
          files: [edit],
          create: [
            { path: 'n', text: '' },
            { path: 'n/m', text: '' },
          ],
        },
      ],
      // Only found out while it is done: the file is in the way of the directory.
      [
        'fs.not-a-directory',
        {
          ...nothing,
          files: [edit],
          create: [
            { path: 'made/x', text: '' },
            { path: 'b.txt/x', text: '' },
          ],
        },
      ],
    ]
    for (const [expected, args] of refused) expect(await code('fs.applyEdit', args)).toBe(expected)
    expect(await readFile(file('a.txt'), 'utf8')).toBe('one\n')
    expect(await readFile(file('b.txt'), 'utf8')).toBe('two\n')
    expect(await readdir(file('.'))).toEqual(['a.txt', 'b.txt', 'c.txt'])
  })

  it('gives what applying the edits from the last to the first gives', async () => {
    const texts = fc.array(fc.constantFrom('a', 'é', '🙂', ' ', '\n', '\r\n', 'word'), { maxLength: 40 }).map((parts) => parts.join(''))
    const cuts = fc.array(fc.tuple(fc.nat(), fc.nat(6), fc.constantFrom('', 'X', 'new\n', '🙂')), { maxLength: 6 })
    await fc.assert(
      fc.asyncProperty(texts, cuts, fc.nat(), async (text, raw, shuffle) => {
        const { edits, expected } = reference(text, raw)
        const turned = [...edits.slice(shuffle % (edits.length + 1)), ...edits.slice(0, shuffle % (edits.length + 1))]
        await given('p.txt', text)
        await call('fs.close', { path: 'p.txt' })
        await call('fs.applyEdit', { ...nothing, files: [{ path: 'p.txt', version: null, edits: turned }] })
        expect(await readFile(file('p.txt'), 'utf8')).toBe(expected)
      }),
      { numRuns: 150 },
    )
  })

  it('needs no more than a handful of milliseconds per call', async () => {
    await given('a.txt', 'a\n')
    await call('fs.read', { path: 'a.txt' })
    const before = performance.now()
    for (let round = 0; round < 50; round += 1) await call('fs.read', { path: 'a.txt' })
    expect((performance.now() - before) / 50).toBeLessThan(20)
  })
})

describe('the process inside', () => {
  it('is started again when it died', async () => {
    await given('a.txt', 'a')
    await call('fs.read', { path: 'a.txt' })
    for (const guest of sandbox.children()) guest.kill()
    expect(await call('fs.read', { path: 'a.txt' })).toMatchObject({ text: 'a' })
  })

  it('is not believed: broken answers are failures', async () => {
    for (const answer of [
      'not json',
      '{"id":1,"result":{"path":7}}',
      '{"id":99,"result":{}}',
      '{"id":1,"error":{"code":"evil","message":""}}',
    ]) {
      await given(
        'liar.mjs',
        `process.stdin.once('data', () => process.stdout.write(${JSON.stringify(`${answer}\n`)})); setTimeout(() => {}, 5000)`,
      )
      const other = createFilesystemDriver({ guestNode: process.execPath, guestScript: file('liar.mjs') })
      expect((await failureOf(callTool(other, sandbox, 'fs.read', { path: 'a.txt' }))).code).toBe('fs.guest-broken')
      await other.dispose()
    }
  })

  it('says how it ended when it cannot run', async () => {
    const other = createFilesystemDriver({ guestNode: process.execPath, guestScript: '/nowhere.mjs' })
    const failure = await failureOf(callTool(other, sandbox, 'fs.read', { path: 'a.txt' }))
    expect(failure.code).toBe('fs.guest-ended')
    expect(failure.failure.details?.['stderr']).toContain('/nowhere.mjs')
    await other.dispose()
  })
})

/** Edits at distinct places of a text, and the text with them applied one by one from the end. */
function reference(text: string, raw: readonly (readonly [number, number, string])[]) {
  const eol = /\r\n/.test(text) ? (/(^|[^\r])\n/.test(text) ? 'mixed' : 'crlf') : 'lf'
  const position = (offset: number) => {
    const lines = text.slice(0, offset).split(/\r\n|\n/)
    return { line: lines.length, column: lines.at(-1)?.length ?? 0 }
  }
  const boundaries = [...Array(text.length + 1).keys()].filter(
    (at) => !/^(\r\n|[\ud800-\udbff][\udc00-\udfff])$/.test(text.slice(Math.max(0, at - 1), at + 1)),
  )
  let expected = text
  let limit = boundaries.length
  const edits = []
  for (const [at, length, newText] of [...raw].sort((a, b) => (b[0] % boundaries.length) - (a[0] % boundaries.length))) {
    const first = at % boundaries.length
    const last = Math.min(first + length, boundaries.length - 1)
    if (last >= limit) continue
    limit = first
    const [start = 0, end = 0] = [boundaries[first], boundaries[last]]
    expected = expected.slice(0, start) + (eol === 'crlf' ? newText.replaceAll('\n', '\r\n') : newText) + expected.slice(end)
    const [from, to] = [position(start), position(end)]
    edits.push({ startLine: from.line, startColumn: from.column, endLine: to.line, endColumn: to.column, newText })
  }
  return { edits, expected }
}
