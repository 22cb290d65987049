import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, statSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { MemoryContentStore } from '../testing/memory-content-store'
import { createFileStore, type WorkspaceFileStore } from './file-store'
import type { Base } from './files'
import { removeTree } from './remove-tree'
import { PART_BYTES } from './capture-content'

let dir: string
let upper: string
let store: WorkspaceFileStore
let base: Base
let content: MemoryContentStore

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'keyframe-hostile-'))
  upper = join(dir, 'upper')
  const root = join(dir, 'repo')
  mkdirSync(upper)
  mkdirSync(join(root, 'src'), { recursive: true })
  writeFileSync(join(root, 'src/a'), 'a\n')
  writeFileSync(join(root, 'package.json'), '{"scripts":{"test":"x"}}')
  content = new MemoryContentStore()
  const owner = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 }
  store = createFileStore({ root, dataDir: join(dir, 'data'), content, owner, nodePath: process.execPath })
  base = await store.freezeBase({})
})
afterEach(() => removeTree(dir))

it('skips pipes, sockets and sparse giants with a notice, and follows no link', async () => {
  execFileSync('mkfifo', [join(upper, 'pipe')])
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(join(upper, 'socket'), resolve))
  writeFileSync(join(upper, 'giant'), '')
  truncateSync(join(upper, 'giant'), 2 ** 40)
  symlinkSync('/etc', join(upper, 'src'))
  symlinkSync('/etc/passwd', join(upper, 'passwd'))
  const capture = await store.track(upper, null, base).capture()
  server.close()
  expect(capture.changes.map(({ path, change }) => `${change} ${path}`)).toEqual(['created passwd', 'created src', 'deleted src/a'])
  expect([...capture.notices].sort()).toEqual([
    'giant is too large (1099511627776 bytes) and is not part of checkpoints.',
    'pipe is a pipe and is not part of checkpoints.',
    'socket is a socket and is not part of checkpoints.',
  ])
  expect((await store.at(base, capture.manifest).read('passwd')).text).toBe('/etc/passwd')
  await expect(store.at(base, capture.manifest).read('pipe')).rejects.toMatchObject({ code: 'files.not-found' })
})

it('keeps large files in parts, so that an append costs the last one', async () => {
  writeFileSync(join(upper, 'log'), Buffer.alloc(PART_BYTES * 2 + 10, 'x'))
  const tracker = store.track(upper, null, base)
  await tracker.capture()
  const before = content.bytesWritten
  writeFileSync(join(upper, 'log'), 'end', { flag: 'a' })
  const { manifest } = await tracker.capture()
  expect(content.bytesWritten - before).toBeLessThan(2000)
  const layer = await store.materialise(manifest ?? base.id)
  expect(statSync(join(layer, 'log')).size).toBe(PART_BYTES * 2 + 13)
  expect((await store.at(base, manifest).readBytes('log')).length).toBe(PART_BYTES * 2 + 13)
})

it('sees every change within one clock step', async () => {
  const tracker = store.track(upper, null, base)
  for (let i = 0; i < 50; i++) {
    writeFileSync(join(upper, 'same-size'), String(1000 + i))
    const { manifest } = await tracker.capture()
    expect((await store.at(base, manifest).read('same-size')).text).toBe(String(1000 + i))
  }
})

it('drops set-id bits, refuses paths that lead out, marks what would run code', async () => {
  for (const folder of ['.vscode', '.github/workflows', '.GIT', 'ok/.husky']) mkdirSync(join(upper, folder), { recursive: true })
  writeFileSync(join(upper, 'setuid'), 'x')
  execFileSync('chmod', ['6755', join(upper, 'setuid')])
  for (const path of [
    '.vscode/tasks.json',
    '.github/workflows/x.yml',
    '.GIT/config',
    'ok/.husky/pre-commit',
    'CLAUDE.md',
    '.mcp.json',
    'Makefile',
  ])
    writeFileSync(join(upper, path), '{}')
  writeFileSync(join(upper, 'package.json'), '{"scripts":{"test":"x","postinstall":"evil"}}')
  const { manifest } = await store.track(upper, null, base).capture()
  const files = store.at(base, manifest)
  expect((await files.read('setuid')).mode).toBe(0o755)
  for (const path of ['../x', '/etc/passwd', 'a/../../b', '.GIT/config', 'git~1/config', 'a\0b'])
    await expect(files.read(path)).rejects.toMatchObject({ code: 'files.bad-path' })
  const preview = await store.previewMerge(base, manifest)
  expect(preview.needsApproval).toEqual([
    '.github/workflows/x.yml',
    '.mcp.json',
    '.vscode/tasks.json',
    'ok/.husky/pre-commit',
    'package.json',
  ])
  expect(preview.conflicts).toEqual([{ path: '.GIT/config', reason: 'the repository’s own .git is never merged into' }])
  const outcome = await store.merge(base, manifest, null, ['.mcp.json'], join(dir, 'journal'))
  expect(outcome.applied.map((file) => file.path)).toEqual(['.mcp.json', 'CLAUDE.md', 'Makefile', 'setuid'])
  expect(outcome.conflicts.map((file) => file.path)).toEqual([
    '.GIT/config',
    '.github/workflows/x.yml',
    '.vscode/tasks.json',
    'ok/.husky/pre-commit',
    'package.json',
  ])
})
