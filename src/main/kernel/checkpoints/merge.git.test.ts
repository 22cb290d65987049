import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { ContentHash } from '../../../shared/ids'
import { MemoryContentStore } from '../testing/memory-content-store'
import { writeFiles } from '../testing/git-repository'
import { createFileStore, type WorkspaceFileStore } from './file-store'
import type { Base } from './files'
import { removeTree } from './remove-tree'

let dir: string
let root: string
let upper: string
let store: WorkspaceFileStore
let base: Base
const numbered = (change: Record<number, string> = {}): string =>
  Array.from({ length: 40 }, (_, i) => `${change[i + 1] ?? `line ${i + 1}`}\n`).join('')

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'keyframe-merge-'))
  root = join(dir, 'repo')
  upper = join(dir, 'upper')
  mkdirSync(upper)
  writeFiles(root, { 'a.txt': numbered(), 'crlf.txt': 'one\r\ntwo\r\nthree\r\nfour\r\n', 'deep/er/b.txt': 'b\n', bin: 'a\0b' })
  const owner = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 }
  store = createFileStore({ root, dataDir: join(dir, 'data'), content: new MemoryContentStore(), owner, nodePath: process.execPath })
  base = await store.freezeBase({})
})
afterEach(() => removeTree(dir))

async function capture(): Promise<ContentHash | null> {
  return (await store.track(upper, null, base).capture()).manifest
}
const merge = (manifest: ContentHash | null, selection: Record<string, string[]> | null = null, journal = 'journal') =>
  store.merge(base, manifest, selection, [], join(dir, journal))
const live = (path: string): string => readFileSync(join(root, path), 'utf8')

it('keeps only the chosen hunks, and leaves out files without any', async () => {
  writeFiles(upper, { 'a.txt': numbered({ 2: 'TWO', 20: 'TWENTY', 39: 'LAST' }), 'new.txt': 'n\n' })
  const manifest = await capture()
  const [diff] = await store.at(base, manifest).diff('base')
  expect(diff?.hunks.map((hunk) => [hunk.oldStart, hunk.oldLines, hunk.newStart, hunk.newLines])).toEqual([
    [1, 5, 1, 5],
    [17, 7, 17, 7],
    [36, 5, 36, 5],
  ])
  const outcome = await merge(manifest, { 'a.txt': [diff?.hunks[1]?.id ?? ''], 'new.txt': [] })
  expect(outcome).toEqual({ applied: [{ path: 'a.txt', change: 'changed', hunks: 1 }], conflicts: [], skipped: ['new.txt'] })
  expect(live('a.txt')).toBe(numbered({ 20: 'TWENTY' }))
})

it('merges around a live edit, keeps line ends, and leaves conflicts alone', async () => {
  writeFiles(upper, { 'a.txt': numbered({ 2: 'branch' }), 'crlf.txt': 'one\ntwo\nthree\nFOUR\n', bin: 'a\0c' })
  const manifest = await capture()
  writeFiles(root, { 'a.txt': numbered({ 2: 'mine' }), 'crlf.txt': 'ONE\r\ntwo\r\nthree\r\nfour\r\n', bin: 'a\0d' })
  const outcome = await merge(manifest)
  expect(outcome.conflicts.map((conflict) => conflict.path)).toEqual(['a.txt', 'bin'])
  expect(outcome.applied.map((applied) => applied.path)).toEqual(['crlf.txt'])
  expect(live('a.txt')).toBe(numbered({ 2: 'mine' }))
  expect(live('bin')).toBe('a\0d')
  // Only the branch changed the line ends, so its are taken.
  expect(live('crlf.txt')).toBe('ONE\ntwo\nthree\nFOUR\n')
})

it('conflicts where one side deleted what the other changed, and removes folders that became empty', async () => {
  const { execFileSync } = await import('node:child_process')
  execFileSync('mknod', [join(upper, 'deep'), 'c', '0', '0'])
  writeFiles(upper, { 'a.txt': numbered({ 1: 'x' }) })
  const manifest = await capture()
  rmSync(join(root, 'a.txt'))
  const outcome = await merge(manifest)
  expect(outcome.applied).toEqual([{ path: 'deep/er/b.txt', change: 'deleted', hunks: 1 }])
  expect(outcome.conflicts).toEqual([{ path: 'a.txt', reason: 'you deleted it and the branch changed it' }])
  expect(() => statSync(join(root, 'deep'))).toThrow('ENOENT')
})

it('never writes through a symbolic link, keeps modes', async () => {
  writeFiles(upper, { 'deep/er/b.txt': 'evil\n', 'a.txt': numbered({ 5: 'five' }) })
  const manifest = await capture()
  const outside = join(dir, 'outside')
  writeFiles(outside, { 'er/b.txt': 'b\n' })
  rmSync(join(root, 'deep'), { recursive: true })
  symlinkSync(outside, join(root, 'deep'))
  chmodSync(join(root, 'a.txt'), 0o750)
  const outcome = await merge(manifest)
  expect(outcome.conflicts).toEqual([{ path: 'deep/er/b.txt', reason: 'it is reached through a symbolic link' }])
  expect(readFileSync(join(outside, 'er/b.txt'), 'utf8')).toBe('b\n')
  expect(statSync(join(root, 'a.txt')).mode & 0o777).toBe(0o750)
})

it('an edit made after the merge was planned is a conflict, never lost', async () => {
  writeFiles(upper, { 'a.txt': numbered({ 5: 'five' }), 'n.txt': 'n\n' })
  const manifest = await capture()
  // No bubblewrap: the merge is planned and journalled, then stops.
  const path = process.env['PATH']
  process.env['PATH'] = join(dir, 'nothing')
  await expect(merge(manifest)).rejects.toMatchObject({ code: 'merge.no-jail' })
  process.env['PATH'] = path
  expect(live('a.txt')).toBe(numbered())
  writeFiles(root, { 'a.txt': numbered({ 30: 'mine' }), 'n.txt': 'mine\n' })
  const outcome = await merge(manifest)
  expect(outcome.applied).toEqual([])
  expect(outcome.conflicts.map((conflict) => conflict.path)).toEqual(['a.txt', 'n.txt'])
  expect(live('a.txt')).toBe(numbered({ 30: 'mine' }))
  expect(live('n.txt')).toBe('mine\n')
  await expect(merge(manifest, { 'a.txt': [] })).rejects.toMatchObject({ code: 'merge.other-arguments' })
})

it.runIf(process.getuid?.() === 0)('as root, leaves the owner of the repository the owner of what was merged', async () => {
  const { execFileSync } = await import('node:child_process')
  execFileSync('chown', ['-R', '1234:1234', root])
  writeFiles(upper, { 'a.txt': numbered({ 5: 'five' }), 'added/x/n.txt': 'n\n' })
  await merge(await capture())
  for (const path of ['a.txt', 'added', 'added/x', 'added/x/n.txt']) {
    const { uid, gid } = statSync(join(root, path))
    expect([path, uid, gid]).toEqual([path, 1234, 1234])
  }
})
