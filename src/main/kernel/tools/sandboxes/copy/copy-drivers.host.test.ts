import { lstatSync, mkdtempSync, readFileSync, realpathSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { z } from 'zod'
import { removeTree } from '../../../checkpoints/remove-tree'
import { callTool } from '../../../testing/driver-harness'
import { treeHash, writeOwned } from '../../../testing/overlay-fixture'
import { createFilesystemDriver, type FilesystemDriver } from '../../drivers/filesystem/filesystem-driver'
import { createSearchDriver } from '../../drivers/search/search-driver'
import { createShellDriver, type ShellDriver } from '../../drivers/shell/shell-driver'
import { FILE_GUEST_SCRIPT, fileGuestBinds, shellGuestBinds } from '../../guest/guest-binds'
import type { ToolName, ToolSchemas } from '../../schemas'
import { GUEST_NODE } from '../guest-view'
import { DEFAULT_LIMITS, type Sandbox } from '../sandbox'
import { createCopyProvider } from './copy-provider'

const appRoot = resolve(import.meta.dirname, '../../../../../..')
const binds = [...fileGuestBinds(appRoot), ...shellGuestBinds(appRoot)]
let root: string
let baseDir: string
let before: string
let sandbox: Sandbox
let files: FilesystemDriver
let shell: ShellDriver
const sandboxes: Sandbox[] = []

async function open(): Promise<Sandbox> {
  const provider = createCopyProvider({ nodePath: realpathSync(process.execPath) })
  const dir = join(root, `b${sandboxes.length}`)
  const opened = await provider.open({ dir, baseDir, layerDir: null, dependencies: [], binds, limits: DEFAULT_LIMITS })
  sandboxes.push(opened)
  return opened
}

const call = <Name extends ToolName>(name: Name, args: z.input<(typeof ToolSchemas)[Name]['input']>) =>
  callTool(name.startsWith('fs.') ? files : createSearchDriver(files), sandbox, name, args)
const run = (command: string, timeoutMs = 30_000) => callTool(shell, sandbox, 'shell.run', { command, timeoutMs })

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'keyframe-copy-drivers-'))
  baseDir = join(root, 'base')
  writeOwned(baseDir, { 'README.md': 'read me\n', 'src/a.ts': 'export const a = 1\n', 'src/deep/b.ts': 'import { a } from "../a"\n' })
  before = treeHash(baseDir)
  sandbox = await open()
  files = createFilesystemDriver({ guestNode: GUEST_NODE, guestScript: FILE_GUEST_SCRIPT })
  shell = createShellDriver({ onTerminalData: () => undefined })
})
afterEach(async () => {
  await files.dispose()
  await shell.dispose()
  for (const opened of sandboxes.splice(0)) await opened.dispose()
  expect(treeHash(baseDir)).toBe(before)
  await removeTree(root)
})

it('reads, writes, moves and searches files through the filesystem driver', async () => {
  const { version, text } = await call('fs.read', { path: 'src/a.ts' })
  expect(text).toBe('export const a = 1\n')
  await call('fs.write', { path: 'src/a.ts', text: 'export const a = 2\n', expectedVersion: version })
  expect(readFileSync(join(sandbox.upperDir, 'src/a.ts'), 'utf8')).toBe('export const a = 2\n')
  expect(await call('fs.move', { from: 'src', to: 'lib/source' })).toEqual({ moved: 2 })
  expect(lstatSync(join(sandbox.upperDir, 'src'), { throwIfNoEntry: false })).toBeUndefined()
  await expect(call('fs.read', { path: '../outside' })).rejects.toThrow()
})

it('keeps a shell, and makes it again in the copy of a fork', async () => {
  expect(await run('mkdir made; cd made; word=kept; export A=1; pwd')).toMatchObject({
    exitCode: 0,
    output: `${sandbox.guest.workspace}/made\n`,
  })
  expect(await run('echo $word; sleep 60 &')).toMatchObject({ output: expect.stringMatching(/^kept\n/) as string })
  expect((await run('jobs; kill %1; wait %1')).output).toMatch(/Running +sleep 60 &/)
  expect(await run('sleep 30', 300)).toMatchObject({ timedOut: true, exitCode: 130 })
  expect(await run(`bash -c 'trap "" INT; while :; do sleep 0.1; done'`, 300)).toMatchObject({ timedOut: true, exitCode: 137 })
  expect((await run('echo $word')).output).toBe('kept\n')
  const captured: unknown = JSON.parse(JSON.stringify(await shell.capture()))
  const fork = await open()
  await fork.run({ argv: ['mkdir', 'made'] }, { timeoutMs: 10_000 })
  const other = createShellDriver({ onTerminalData: () => undefined })
  expect(await other.restore(captured, fork)).toEqual({ notRestored: [] })
  const result = await callTool(other, fork, 'shell.run', { command: 'pwd; echo $word $A' })
  expect(result.output).toBe(`${fork.guest.workspace}/made\nkept 1\n`)
  await other.dispose()
})
