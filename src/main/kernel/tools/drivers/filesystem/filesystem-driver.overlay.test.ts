import { setTimeout } from 'node:timers/promises'
import { lstatSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { z } from 'zod'
import { KeyframeError } from '../../../../../shared/failure'
import { callTool, failureOf } from '../../../testing/driver-harness'
import { type OverlayFixture, overlayFixture, treeHash } from '../../../testing/overlay-fixture'
import { FILE_GUEST_SCRIPT, fileGuestBinds } from '../../guest/guest-binds'
import { GUEST_NODE } from '../../sandboxes/guest-view'
import type { Sandbox, SandboxCommand, SandboxProcess } from '../../sandboxes/sandbox'
import type { ToolName, ToolSchemas } from '../../schemas'
import { createSearchDriver } from '../search/search-driver'
import { createFilesystemDriver, type FilesystemDriver } from './filesystem-driver'

const binds = fileGuestBinds(join(import.meta.dirname, '../../../../../..'))
let fixture: OverlayFixture
let base: string
let sandbox: Sandbox
let driver: FilesystemDriver

const call = <Name extends ToolName>(name: Name, args: z.input<(typeof ToolSchemas)[Name]['input']>) =>
  callTool(name.startsWith('fs.') ? driver : createSearchDriver(driver), sandbox, name, args)
const shell = (script: string) => sandbox.run({ argv: ['sh', '-c', script] }, { timeoutMs: 20_000 })

beforeEach(async () => {
  fixture = overlayFixture({
    'README.md': 'read me\n',
    'src/a.ts': 'export const a = 1\n',
    'src/deep/b.ts': 'import { a } from "../a"\n',
    '.gitignore': 'ignored/\n',
  })
  base = treeHash(fixture.baseDir)
  sandbox = await fixture.open('one', { binds })
  driver = createFilesystemDriver({ guestNode: GUEST_NODE, guestScript: FILE_GUEST_SCRIPT })
})
afterEach(async () => {
  await driver.dispose()
  expect(treeHash(fixture.baseDir)).toBe(base)
  await fixture.dispose()
})

describe('files of an overlay sandbox', () => {
  it('are read from the base and written to the upper, with their mode', async () => {
    const { version, text } = await call('fs.read', { path: 'src/a.ts' })
    expect(text).toBe('export const a = 1\n')
    await call('fs.write', { path: 'src/a.ts', text: 'export const a = 2\n', expectedVersion: version })
    expect(readFileSync(join(sandbox.upperDir, 'src/a.ts'), 'utf8')).toBe('export const a = 2\n')
    expect((await shell('cat src/a.ts; stat -c %a src/a.ts; ls -A src')).stdout).toBe('export const a = 2\n644\na.ts\ndeep\n')
    expect(await call('fs.stat', { path: 'src/a.ts' })).toMatchObject({ type: 'file', sizeBytes: 19 })
  })

  it('are moved with the folder of the base that they lie in, which the kernel refuses to rename', async () => {
    expect((await shell("node -e \"fs.renameSync('src', 'other')\" 2>&1")).stdout).toContain('EXDEV')
    expect(await call('fs.move', { from: 'src', to: 'lib/source' })).toEqual({ moved: 2 })
    expect((await shell('find . -type f | sort; cat lib/source/deep/b.ts')).stdout).toBe(
      './.gitignore\n./README.md\n./lib/source/a.ts\n./lib/source/deep/b.ts\nimport { a } from "../a"\n',
    )
    expect(await call('fs.remove', { path: 'lib' })).toEqual({ removed: 2 })
    expect(lstatSync(join(sandbox.upperDir, 'src')).isCharacterDevice()).toBe(true)
  })

  it('are changed all or none, over moves and removals of folders of the base', async () => {
    const edit = { startLine: 1, startColumn: 13, endLine: 1, endColumn: 14, newText: 'b' }
    const change = {
      files: [{ path: 'src/a.ts', version: null, edits: [edit] }],
      create: [{ path: 'made/x.ts', text: 'x\n' }],
      move: [{ from: 'src/deep', to: 'made/deep' }],
      remove: ['README.md'],
    }
    const before = (await shell('find . | sort; cat src/a.ts README.md src/deep/b.ts')).stdout
    await shell('chmod a-w README.md; mkdir -p stuck/in; touch stuck/in/x; chmod a-w stuck')
    const failure = await failureOf(call('fs.applyEdit', { ...change, remove: ['README.md', 'stuck/in'] }))
    expect(failure.failure).toMatchObject({ code: 'fs.permission', details: { rolledBack: true } })
    await shell('chmod u+w stuck; rm -rf stuck')
    expect((await shell('find . | sort; cat src/a.ts README.md src/deep/b.ts')).stdout).toBe(before)
    await call('fs.applyEdit', change)
    expect((await shell('find . -type f | sort; cat src/a.ts')).stdout).toBe(
      './.gitignore\n./made/deep/b.ts\n./made/x.ts\n./src/a.ts\nexport const b = 1\n',
    )
  })

  it('cannot lead out: links, FIFOs and odd names made by a command', async () => {
    await shell('ln -s /etc/passwd out; ln -s / root; mkfifo pipe; printf x > "new\nline"; mkdir ignored; echo a > ignored/a.ts')
    expect((await failureOf(call('fs.read', { path: 'out' }))).code).toBe('fs.outside-workspace')
    expect((await failureOf(call('fs.write', { path: 'root/workspace/../tmp/x', text: '' }))).code).toBe('fs.bad-path')
    expect((await failureOf(call('fs.read', { path: 'pipe' }))).code).toBe('fs.not-a-file')
    expect(await call('fs.read', { path: 'new\nline' })).toMatchObject({ text: 'x' })
    expect((await call('fs.glob', { pattern: '**/*.ts' })).paths).toEqual(['ignored/a.ts', 'src/a.ts', 'src/deep/b.ts'])
    expect((await call('code.search', { query: 'a', wholeWord: true, limit: 10 })).hits.map(({ path }) => path)).toEqual([
      'src/a.ts',
      'src/deep/b.ts',
      'src/deep/b.ts',
    ])
  })

  it('are edited as the edits say, for any edits', async () => {
    const words = fc.array(fc.constantFrom('alpha', 'β', '🙂', ' ', '\n'), { minLength: 1, maxLength: 30 })
    await fc.assert(
      fc.asyncProperty(words, fc.array(fc.nat(), { maxLength: 5 }), async (parts, picks) => {
        const chosen = new Set(picks.map((pick) => pick % parts.length).filter((index) => parts[index] !== '\n'))
        const edits = [...chosen].map((index) => {
          const lines = parts.slice(0, index).join('').split('\n')
          const startColumn = lines.at(-1)?.length ?? 0
          const endColumn = startColumn + (parts[index]?.length ?? 0)
          return { startLine: lines.length, startColumn, endLine: lines.length, endColumn, newText: `<${index}>` }
        })
        await call('fs.write', { path: 'p.txt', text: parts.join('') })
        await call('fs.applyEdit', { files: [{ path: 'p.txt', version: null, edits }], create: [], move: [], remove: [] })
        const expected = parts.map((part, index) => (chosen.has(index) ? `<${index}>` : part)).join('')
        expect((await call('fs.read', { path: 'p.txt' })).text).toBe(expected)
      }),
      { numRuns: 50 },
    )
  })

  it('are moved whole or not at all, with modes, times, links and odd names', async () => {
    await shell(
      'ln -s a.ts src/link; printf x > "src/$(printf \'odd\\377\')"; chmod 751 src/a.ts; touch -d 2020-01-01 src/a.ts; chmod 750 src/deep',
    )
    expect((await shell("node -e \"fs.renameSync('src', 'other')\" 2>&1")).stdout).toContain('EXDEV')
    expect(await call('fs.move', { from: 'src', to: 'lib' })).toEqual({ moved: 4 })
    const listed = await shell("cd lib && stat -c '%n %a %Y %F' a.ts deep link && readlink link && ls src 2>&1; ls -A . ..")
    expect(listed.stdout).toContain('a.ts 751 1577836800 regular file\ndeep 750')
    expect(listed.stdout).toContain('symbolic link\na.ts\n')
    expect((await call('fs.list', { path: 'lib' })).entries.map(({ path }) => path)).toEqual([
      'lib/a.ts',
      'lib/deep',
      'lib/link',
      'lib/odd\\xff',
    ])
  })

  it('stay where they are when a part of them cannot be moved', async () => {
    await shell('mkfifo src/deep/pipe')
    const before = (await shell('find . | sort')).stdout
    expect((await failureOf(call('fs.move', { from: 'src', to: 'lib/src' }))).code).toBe('fs.not-a-file')
    await shell('rmdir lib 2>/dev/null; true')
    expect((await shell('find . | sort')).stdout).toBe(before)
  })

  it('leave no temporary file of a process that was killed in the middle', async () => {
    const text = 'x'.repeat(4 * 1024 * 1024)
    const started: SandboxProcess[] = []
    const spawn = sandbox.spawn.bind(sandbox)
    Object.assign(sandbox, {
      spawn: async (command: SandboxCommand) => {
        const process = await spawn(command)
        started.push(process)
        return process
      },
    })
    await call('fs.write', { path: 'a.txt', text: 'whole' })
    const outcomes: string[] = []
    for (let round = 0; round < 8; round += 1) {
      const writing = call('fs.write', { path: 'a.txt', text: `${round}${text}` }).then(
        () => 'written',
        (error: unknown) => (error instanceof KeyframeError ? error.code : String(error)),
      )
      await setTimeout(5 + 5 * round)
      started.at(-1)?.kill()
      outcomes.push(await writing)
    }
    expect(outcomes.filter((outcome) => outcome !== 'written' && outcome !== 'fs.guest-ended' && outcome !== 'fs.stale-version')).toEqual(
      [],
    )
    expect(await call('fs.read', { path: 'README.md' })).toMatchObject({ text: 'read me\n' })
    const { stdout } = await shell('ls -A')
    expect(stdout).not.toContain('.keyframe-')
    expect((await shell('head -c 6 a.txt')).stdout).toMatch(/^(whole|[0-7]xxxxx)$/)
  })

  it('lead where they really lead, for the policy', async () => {
    await shell(
      'ln -s /etc/passwd out; ln -s src alias; ln -s /workspace/src/deep deep; ln -s ../outside up; ln -s /proc/self/cwd/src self',
    )
    expect(
      await driver.realPaths(sandbox, [
        'out',
        'alias/a.ts',
        'deep/new.ts',
        'up/x',
        'self/a.ts',
        '/workspace/src',
        'src/../../etc/shadow',
        '/opt/keyframe',
      ]),
    ).toEqual(['/etc/passwd', 'src/a.ts', 'src/deep/new.ts', '/outside/x', 'src/a.ts', 'src', '/etc/shadow', '/opt/keyframe'])
  })

  it('are served by a new process after the sandbox was made again', async () => {
    await call('fs.write', { path: 'x.txt', text: 'x' })
    const old = sandbox
    await old.dispose()
    sandbox = await fixture.open('one', { binds })
    expect(await call('fs.read', { path: 'x.txt' })).toMatchObject({ text: 'x' })
  })
})
