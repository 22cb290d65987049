import { execFileSync } from 'node:child_process'
import {
  appendFileSync,
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { writeFiles } from '../testing/git-repository'
import { MemoryContentStore } from '../testing/memory-content-store'
import { createFileStore, type WorkspaceFileStore } from './file-store'
import { removeTree } from './remove-tree'

const owner = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 }
let dir: string
let root: string

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'keyframe-freeze-'))
  root = join(dir, 'repo')
  writeFiles(root, { '.gitignore': 'node_modules\n', 'a.ts': 'a', 'src/b.ts': 'b', 'node_modules/x/i.js': '' })
})
afterEach(() => removeTree(dir))

function open(dataDir = join(dir, 'data'), as = owner): WorkspaceFileStore {
  return createFileStore({ root, dataDir, content: new MemoryContentStore(), owner: as, nodePath: process.execPath })
}
/** Times of a file are trusted once they are older than a step of the kernel's clock. */
const settle = () => new Promise((resolve) => setTimeout(resolve, 60))

it('gives the same base while nothing changes, also after a restart, and shares unchanged files afterwards', async () => {
  await settle()
  const first = await open().freezeBase({})
  expect(first.dependencies).toEqual([{ path: 'node_modules', liveDir: join(root, 'node_modules') }])
  expect(readdirSync(join(first.dir, 'node_modules'))).toEqual([])
  const store = open()
  const inode = statSync(join(first.dir, 'a.ts')).ino
  expect((await store.freezeBase({})).id).toBe(first.id)
  appendFileSync(join(root, 'src/b.ts'), '!')
  const second = await store.freezeBase({})
  expect(second.id).not.toBe(first.id)
  expect(statSync(join(second.dir, 'a.ts')).ino).toBe(inode)
  expect((await store.at(second, null).read('src/b.ts')).text).toBe('b!')
  expect((await store.at(await store.findBase(first.id), null).read('src/b.ts')).text).toBe('b')
  chmodSync(join(root, 'a.ts'), 0o755)
  renameSync(join(root, 'src'), join(root, 'lib'))
  const third = await store.freezeBase({})
  expect(statSync(join(third.dir, 'a.ts')).mode & 0o777).toBe(0o755)
  expect(statSync(join(first.dir, 'a.ts')).mode & 0o777).toBe(0o644)
  expect(readdirSync(third.dir).sort()).toEqual(['.gitignore', 'a.ts', 'lib', 'node_modules'])
})

it('says what to do when a base is gone', async () => {
  const store = open()
  const base = await store.freezeBase({})
  rmSync(join(dir, 'data/bases', base.id), { recursive: true })
  await expect(store.findBase(base.id)).rejects.toMatchObject({ code: 'base.missing' })
  expect((await store.freezeBase({})).id).toBe(base.id)
})

it('notices a file that changes while it is copied', async () => {
  const big = join(root, 'big.log')
  writeFileSync(big, Buffer.alloc(32 * 1024 * 1024))
  let open_ = true
  const churn = (): void => {
    appendFileSync(big, 'x')
    if (open_) setImmediate(churn)
  }
  churn()
  const store = open()
  const base = await store.freezeBase({})
  open_ = false
  expect(base.notices).toContain('big.log kept changing while it was copied.')
  await settle()
  expect((await store.freezeBase({})).notices).toEqual([])
})

it('stops when it is told to and leaves nothing behind', async () => {
  for (let i = 0; i < 2000; i++) writeFileSync(join(root, `f${i}`), String(i))
  const controller = new AbortController()
  const onProgress = (): void => controller.abort()
  await expect(open().freezeBase({ signal: controller.signal, onProgress })).rejects.toMatchObject({ name: 'AbortError' })
  expect(readdirSync(join(dir, 'data/bases'))).toEqual([])
})

it.runIf(owner.uid === 0)('says that the disk is full, removes the partial copy, and works again with space', async () => {
  const disk = join(dir, 'disk')
  mkdirSync(disk)
  writeFileSync(join(root, 'large'), Buffer.alloc(3 * 1024 * 1024, 1))
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', disk])
  try {
    const store = open(disk)
    await expect(store.freezeBase({})).rejects.toMatchObject({ code: 'base.disk-full', failure: { retryable: true } })
    expect(readdirSync(join(disk, 'bases'))).toEqual([])
    rmSync(join(root, 'large'))
    expect((await store.freezeBase({})).files).toBe(3)
    await store.collect(new Set())
  } finally {
    execFileSync('umount', ['-l', disk])
  }
})

it.runIf(owner.uid === 0)('gives bases and layers to the guest', async () => {
  const store = open(join(dir, 'data'), { uid: 4321, gid: 4321 })
  const base = await store.freezeBase({})
  for (const path of ['', 'a.ts', 'src', 'src/b.ts', 'node_modules']) expect(lstatSync(join(base.dir, path)).uid).toBe(4321)
  const upper = join(dir, 'upper')
  writeFiles(upper, { 'n/x': 'x' })
  const { manifest } = await store.track(upper, null, base).capture()
  const layer = await store.materialise(manifest ?? base.id)
  for (const path of ['', 'n', 'n/x']) expect(lstatSync(join(layer, path)).uid).toBe(4321)
  await store.collect(new Set(manifest === null ? [] : [manifest]))
  expect(existsSync(layer)).toBe(true)
  await store.collect(new Set())
  expect(existsSync(layer)).toBe(false)
})
