import { chmodSync, mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { z } from 'zod'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { callTool, failureOf } from '../../../testing/driver-harness'
import { writeFiles } from '../../../testing/git-repository'
import { type LocalSandbox, openLocalSandbox } from '../../../testing/local-sandbox'
import type { Driver } from '../../driver'
import { guestScriptDir, ignoreModuleFile } from '../../guest/guest-binds'
import { findProgram } from '../../sandboxes/host-programs'
import type { Sandbox } from '../../sandboxes/sandbox'
import type { ToolSchemas } from '../../schemas'
import { createFilesystemDriver, type FilesystemDriver } from '../filesystem/filesystem-driver'
import { createSearchDriver } from './search-driver'

type Query = z.input<(typeof ToolSchemas)['code.search']['input']>

const appRoot = join(import.meta.dirname, '../../../../../..')
const hasRipgrep = findProgram('rg') !== null
const reason = hasRipgrep ? {} : { meta: { reason: 'ripgrep is not installed' } }
let sandbox: LocalSandbox
let filesystem: FilesystemDriver
let driver: Driver

/** The same sandbox as one without ripgrep on its PATH. */
function withoutRipgrep(): Sandbox {
  return { ...sandbox, spawn: (command) => sandbox.spawn({ ...command, env: { PATH: '/nonexistent' } }) }
}

const engines: [string, () => Sandbox, boolean][] = [
  ['ripgrep', () => sandbox, hasRipgrep],
  ['built-in', withoutRipgrep, true],
]

beforeEach(async () => {
  sandbox = await openLocalSandbox()
  filesystem = createFilesystemDriver({
    guestNode: process.execPath,
    guestScript: join(guestScriptDir(appRoot), 'file-guest.mjs'),
    ignoreModule: ignoreModuleFile(appRoot),
  })
  driver = createSearchDriver(filesystem)
})
afterEach(async () => {
  await filesystem.dispose()
  await sandbox.dispose()
})

describe.each(engines)('code.search by %s', (engine, sandboxOf, present) => {
  const search = (query: Query) => callTool(driver, sandboxOf(), 'code.search', query)
  const places = async (query: Query): Promise<string[]> =>
    (await search(query)).hits.map(({ path, line, column, endLine, endColumn }) => `${path}:${line}:${column}-${endLine}:${endColumn}`)
  const options = present ? {} : reason

  it.skipIf(!present)('finds the same places in the order of paths', options, async () => {
    writeFiles(sandbox.workspaceDir, {
      '.gitignore': 'out/\n*.log\n!keep.log\n',
      'a-b.ts': 'let Total = total\r\n',
      'a/b.ts': 'é🙂 total $total subtotal\n',
      'a/.hidden/c.ts': 'total',
      'keep.log': 'TOTAL\n',
      'x.log': 'total',
      'out/o.js': 'total',
      'node_modules/m/i.js': 'total',
      '.git/HEAD': 'total',
      'image.bin': 'total\0',
      'big.txt': 'total',
    })
    truncateSync(join(sandbox.workspaceDir, 'big.txt'), 3 * 1024 * 1024)
    writeFileSync(join(sandbox.workspaceDir, 'latin.txt'), Buffer.from('caf\u00e9 total', 'latin1'))
    symlinkSync('/etc', join(sandbox.workspaceDir, 'etc'))
    symlinkSync('a', join(sandbox.workspaceDir, 'linked'))
    expect(await places({ query: 'total', limit: 100 })).toEqual([
      'a-b.ts:1:12-1:17',
      'a/.hidden/c.ts:1:0-1:5',
      'a/b.ts:1:4-1:9',
      'a/b.ts:1:11-1:16',
      'a/b.ts:1:20-1:25',
      'latin.txt:1:5-1:10',
    ])
    expect(await search({ query: 'total', limit: 100 })).toMatchObject({
      engine,
      truncated: false,
      files: 4,
      skipped: { tooLarge: 1, binary: 1 },
    })
    expect(await places({ query: 'total', wholeWord: true, limit: 100 })).toEqual([
      'a-b.ts:1:12-1:17',
      'a/.hidden/c.ts:1:0-1:5',
      'a/b.ts:1:4-1:9',
      'latin.txt:1:5-1:10',
    ])
    expect(await places({ query: 'total', case: 'insensitive', globs: ['*.ts', '*.log'], limit: 100 })).toEqual([
      'a-b.ts:1:4-1:9',
      'a-b.ts:1:12-1:17',
      'keep.log:1:0-1:5',
    ])
    expect(await places({ query: 'Total', case: 'smart', limit: 100 })).toEqual(['a-b.ts:1:4-1:9'])
    expect(await places({ query: 'total$', regex: true, exclude: ['latin*'], limit: 100 })).toEqual([
      'a-b.ts:1:12-1:17',
      'a/.hidden/c.ts:1:0-1:5',
      'a/b.ts:1:20-1:25',
    ])
    expect(await places({ query: 'total', path: 'a', hidden: false, maxPerFile: 1, limit: 100 })).toEqual(['a/b.ts:1:4-1:9'])
    expect(await places({ query: 'total', includeIgnored: true, globs: ['**/*.{js,log}'], limit: 100 })).toEqual(
      ['node_modules/m/i.js:1:0-1:5', 'out/o.js:1:0-1:5', 'x.log:1:0-1:5'].filter(
        (place) => engine === 'ripgrep' || !place.startsWith('node_modules'),
      ),
    )
    const cut = await search({ query: 'total', limit: 2 })
    expect([cut.hits.map(({ path }) => path), cut.truncated]).toEqual([['a-b.ts', 'a/.hidden/c.ts'], true])
    expect((await search({ query: 'tot(a|b)l (?=x)|nothing', regex: true, limit: 1 })).hits).toEqual([])
  })

  it.skipIf(!present)('says what is wrong with a question', options, async () => {
    writeFiles(sandbox.workspaceDir, { 'a.txt': `${'a'.repeat(60)}!\n` })
    const code = async (query: Query): Promise<string> => (await failureOf(search(query))).code
    expect(await code({ query: '(', regex: true, limit: 1 })).toBe('search.bad-pattern')
    expect(await code({ query: 'x', path: '../..', limit: 1 })).toBe('fs.bad-path')
    expect(await code({ query: 'x', path: '/etc', limit: 1 })).toBe('fs.bad-path')
    expect(await code({ query: 'x', path: 'none', limit: 1 })).toBe('fs.not-found')
    expect((await search({ query: 'x', glob: 'none/**', limit: 1 })).hits).toEqual([])
    expect((await search({ query: '--files', limit: 1 })).hits).toEqual([])
  })
})

describe('ripgrep', () => {
  const search = (query: Query) => callTool(driver, sandbox, 'code.search', query)

  it.skipIf(!hasRipgrep)('knows types, context and matches over several lines', reason, async () => {
    writeFiles(sandbox.workspaceDir, { 'a.py': 'one\ntwo\nthree\nfour\ntwo\n', 'a.ts': 'two\r\nthree\r\n', 'b.rs': 'fn f(\n  a: u8,\n)\n' })
    expect((await search({ query: 'two', types: ['py'], contextLines: 1, limit: 10 })).hits).toMatchObject([
      { path: 'a.py', line: 2, before: ['one'], after: ['three'] },
      { path: 'a.py', line: 5, before: ['four'], after: [] },
    ])
    expect((await search({ query: 'two', excludeTypes: ['py'], limit: 10 })).hits.map(({ path }) => path)).toEqual(['a.ts'])
    expect((await search({ query: 'two\nthree', limit: 10 })).hits).toMatchObject([
      { path: 'a.py', line: 2, column: 0, endLine: 3, endColumn: 5 },
      { path: 'a.ts', line: 1, column: 0, endLine: 2, endColumn: 5 },
    ])
    expect((await search({ query: 'f\\([^)]*\\)', regex: true, multiline: true, limit: 10 })).hits).toMatchObject([
      { path: 'b.rs', line: 1, column: 3, endLine: 3, endColumn: 1 },
    ])
    expect((await failureOf(search({ query: 'x', types: ['nothing'], limit: 1 }))).code).toBe('search.bad-type')
  })

  it.skipIf(!hasRipgrep)(
    'reads no settings of the workspace or the agent, and leaves look-around to the built-in search',
    reason,
    async () => {
      writeFiles(sandbox.workspaceDir, {
        'a.txt': 'foobar\nfoo\n',
        '.ripgreprc': '--files\n',
        '.ignore': 'a.txt\n',
      })
      const agents: Sandbox = {
        ...sandbox,
        spawn: (command) => sandbox.spawn({ ...command, env: { RIPGREP_CONFIG_PATH: join(sandbox.workspaceDir, '.ripgreprc') } }),
      }
      expect((await callTool(driver, agents, 'code.search', { query: 'foo', limit: 10 })).hits).toHaveLength(2)
      const found = await search({ query: 'foo(?!bar)', regex: true, limit: 10 })
      expect(found).toMatchObject({ hits: [{ line: 2 }], engine: 'built-in', note: expect.stringContaining('ripgrep') })
    },
  )

  it.skipIf(!hasRipgrep)('is not stopped by what cannot be read, and tells odd names', reason, async () => {
    writeFiles(sandbox.workspaceDir, { 'a.txt': 'here', 'closed/b.txt': 'here', 'new\nline.txt': 'here' })
    writeFileSync(Buffer.concat([Buffer.from(join(sandbox.workspaceDir, 'odd-')), Buffer.from([0xff])]), 'here')
    mkdirSync(join(sandbox.workspaceDir, 'empty'))
    chmodSync(join(sandbox.workspaceDir, 'closed'), 0o000)
    const found = await search({ query: 'here', globs: ['*'], limit: 10 })
    chmodSync(join(sandbox.workspaceDir, 'closed'), 0o755)
    expect(found.hits.map(({ path }) => path)).toEqual(['a.txt', 'new\nline.txt'])
    expect(found.unsearched).toEqual(['odd-\\xff'])
  })
})

describe.each(engines)('search.files by %s', (_engine, sandboxOf, present) => {
  it.skipIf(!present)('ranks names, then paths, then scattered letters', present ? {} : reason, async () => {
    writeFiles(sandbox.workspaceDir, {
      '.gitignore': 'out\n',
      'src/user-service.ts': '',
      'src/user/index.ts': '',
      'src/user.ts': '',
      'src/unused-server.ts': '',
      'out/user.ts': '',
      'node_modules/user/user.ts': '',
    })
    const find = (query: string) => callTool(driver, sandboxOf(), 'search.files', { query })
    expect((await find('user')).files.map(({ path }) => path)).toEqual([
      'src/user.ts',
      'src/user-service.ts',
      'src/user/index.ts',
      'src/unused-server.ts',
    ])
    expect((await find('user.ts')).files[0]).toEqual({ path: 'src/user.ts', score: 1000 })
    expect((await find('usse')).files.map(({ path }) => path)).toEqual(['src/user-service.ts', 'src/unused-server.ts'])
    expect((await find('index src')).files.map(({ path }) => path)).toEqual(['src/user/index.ts'])
    const cut = await callTool(driver, sandboxOf(), 'search.files', { query: 's', limit: 1 })
    expect([cut.files.length, cut.total, cut.truncated]).toEqual([1, 4, true])
    expect((await callTool(driver, sandboxOf(), 'search.files', { query: 'user.ts', includeIgnored: true })).total).toBeGreaterThan(2)
  })
})
