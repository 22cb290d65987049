import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { MemoryContentStore } from '../testing/memory-content-store'
import { OverlayMount } from '../testing/overlay-mount'
import { comparable, LIST_TREE } from '../testing/tree-truth'
import { createFileStore, type WorkspaceFileStore } from './file-store'
import type { Base } from './files'
import { removeTree } from './remove-tree'

let dir: string
let root: string
let content: MemoryContentStore
let store: WorkspaceFileStore
let base: Base
const mounts: OverlayMount[] = []

async function mount(name: string, layer: string | null): Promise<OverlayMount> {
  const overlay = await OverlayMount.open(join(dir, 'branches', name), layer === null ? [base.dir] : [layer, base.dir])
  mounts.push(overlay)
  return overlay
}

function expectSameTree(actual: string, expected: string): void {
  const [a, b] = comparable(actual, expected)
  expect(a).toEqual(b)
}

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'keyframe-store-'))
  root = join(dir, 'repo')
  mkdirSync(join(root, 'src/deep'), { recursive: true })
  writeFileSync(join(root, 'src/a.ts'), 'export const a = 1\n')
  writeFileSync(join(root, 'src/deep/b.ts'), 'one\ntwo\nthree\n')
  writeFileSync(join(root, 'run.sh'), '#!/bin/sh\n', { mode: 0o755 })
  writeFileSync(join(root, 'gone.txt'), 'x\n')
  symlinkSync('src/a.ts', join(root, 'link'))
  content = new MemoryContentStore()
  const owner = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 }
  store = createFileStore({ root, dataDir: join(dir, 'data'), content, owner, nodePath: process.execPath })
  base = await store.freezeBase({})
})

afterEach(async () => {
  for (const overlay of mounts.splice(0)) await overlay.close()
  await removeTree(dir)
})

describe('captures of a real overlay', () => {
  it('captures nothing as null, and everything as what changed', async () => {
    const overlay = await mount('one', null)
    const tracker = store.track(overlay.upperDir, null, base)
    expect(await tracker.capture()).toEqual({ manifest: null, changes: [], notices: [] })
    overlay.run('echo 2 > src/a.ts; echo new > src/new.ts; rm gone.txt; chmod 600 run.sh; ln -s x src/l')
    const capture = await tracker.capture()
    expect(capture.changes).toEqual([
      { path: 'gone.txt', change: 'deleted' },
      { path: 'run.sh', change: 'mode', sizeBytes: 10 },
      { path: 'src/a.ts', change: 'changed', sizeBytes: 2 },
      { path: 'src/l', change: 'created', sizeBytes: 1 },
      { path: 'src/new.ts', change: 'created', sizeBytes: 4 },
    ])
    expect(await tracker.capture()).toEqual({ manifest: capture.manifest, changes: [], notices: [] })
    overlay.run('rm src/new.ts src/l; touch tmp; rm tmp')
    expect((await tracker.capture()).changes.map((change) => change.path)).toEqual(['src/l', 'src/new.ts'])
  })

  it('knows a directory that was deleted and made again, and undoing it gives null again', async () => {
    const overlay = await mount('one', null)
    const tracker = store.track(overlay.upperDir, null, base)
    overlay.run('mkdir extra && rmdir extra && chmod 700 src && chmod 755 src')
    expect((await tracker.capture()).manifest).toBeNull()
    overlay.run('rm -rf src && mkdir src && echo n > src/n')
    const capture = await tracker.capture()
    expect(capture.changes).toEqual([
      { path: 'src/a.ts', change: 'deleted' },
      { path: 'src/deep/b.ts', change: 'deleted' },
      { path: 'src/n', change: 'created', sizeBytes: 2 },
    ])
    expect((await store.at(base, capture.manifest).tree()).filter((entry) => entry.status !== 'same').map((entry) => entry.path)).toEqual([
      'src/a.ts',
      'src/deep/b.ts',
      'src/n',
    ])
  })

  it('materialises a layer that mounts to the same tree, also on top of a layer', async () => {
    const one = await mount('one', null)
    one.run('rm -rf src && mkdir src && echo n > src/n && printf "\\\\x" > "odd\\\\x41" && ln -s nowhere l && chmod 700 run.sh')
    const first = await store.track(one.upperDir, null, base).capture()
    if (first.manifest === null) throw new Error('nothing captured')
    const layer = await store.materialise(first.manifest)
    const two = await mount('two', layer)
    expectSameTree(two.run(LIST_TREE), one.run(LIST_TREE))
    two.run('rm src/n && mkdir -p src/deep && echo z > src/deep/z && rm l && mkdir l && rm gone.txt')
    const second = await store.track(two.upperDir, first.manifest, base).capture()
    if (second.manifest === null) throw new Error('nothing captured')
    const three = await mount('three', await store.materialise(second.manifest))
    expectSameTree(three.run(LIST_TREE), two.run(LIST_TREE))
  })
})

describe('merge', () => {
  it('merges over a live edit elsewhere in the file', async () => {
    const overlay = await mount('one', null)
    overlay.run('sed -i s/one/ONE/ src/deep/b.ts; echo hi > src/added.ts; rm gone.txt')
    const { manifest } = await store.track(overlay.upperDir, null, base).capture()
    writeFileSync(join(root, 'src/deep/b.ts'), 'one\ntwo\nthree\nfour\n')
    const preview = await store.previewMerge(base, manifest)
    expect(preview.conflicts).toEqual([])
    const outcome = await store.merge(base, manifest, null, [], join(dir, 'journal'))
    expect(outcome).toEqual({
      applied: [
        { path: 'gone.txt', change: 'deleted', hunks: 1 },
        { path: 'src/added.ts', change: 'created', hunks: 1 },
        { path: 'src/deep/b.ts', change: 'changed', hunks: 1 },
      ],
      conflicts: [],
      skipped: [],
    })
    expect(readFileSync(join(root, 'src/deep/b.ts'), 'utf8')).toBe('ONE\ntwo\nthree\nfour\n')
    expect(execFileSync('find', ['.', '-type', 'f'], { cwd: root, encoding: 'utf8' }).split('\n').sort()).toEqual(
      ['', './run.sh', './src/a.ts', './src/added.ts', './src/deep/b.ts'].sort(),
    )
    expect(await store.merge(base, manifest, null, [], join(dir, 'journal'))).toEqual(outcome)
  })
})
