import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { MemoryContentStore } from '../testing/memory-content-store'
import { OverlayMount } from '../testing/overlay-mount'
import { comparable, LIST_TREE } from '../testing/tree-truth'
import { makeCopy } from '../tools/sandboxes/copy/copy-workspace'
import { createFileStore, type WorkspaceFileStore } from './file-store'
import type { Base } from './files'
import { removeTree } from './remove-tree'

let dir: string
let store: WorkspaceFileStore
let base: Base
let content: MemoryContentStore
let made = 0
const mounts: OverlayMount[] = []

const OLD = new Date('2001-02-03T04:05:06.789Z')
const FILES = ['a/a/a', 'a/a/b', 'a/b/a', 'a/c', 'b/a', 'b/c/c', 'c/a', 'top', 'tool.sh']

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'keyframe-copy-tracker-'))
  const root = join(dir, 'repo')
  for (const file of FILES) {
    mkdirSync(join(root, file, '..'), { recursive: true })
    writeFileSync(join(root, file), `${file}\n`, { mode: file.endsWith('.sh') ? 0o755 : 0o644 })
    utimesSync(join(root, file), OLD, OLD)
  }
  symlinkSync('a/c', join(root, 'link'))
  content = new MemoryContentStore()
  const owner = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 }
  store = createFileStore({ root, dataDir: join(dir, 'data'), content, owner, nodePath: process.execPath })
  base = await store.freezeBase({})
})
afterEach(async () => {
  for (const mount of mounts.splice(0)) await mount.close()
  await removeTree(dir)
})

async function copyOf(layerDir: string | null): Promise<string> {
  const to = join(dir, `copy-${(made += 1)}`)
  await makeCopy({ to, baseDir: base.dir, layerDir, mounts: [], masked: [], readOnly: false })
  return to
}

async function overlayOf(layerDir: string | null): Promise<OverlayMount> {
  const overlay = await OverlayMount.open(join(dir, `overlay-${(made += 1)}`), layerDir === null ? [base.dir] : [layerDir, base.dir])
  mounts.push(overlay)
  return overlay
}

const sh = (cwd: string, script: string): string => execFileSync('sh', ['-c', script], { cwd, encoding: 'utf8' })
/** Both trackers keep times: what a script writes gets the same one wherever it runs. */
const dated = (script: string): string => `${script}\nfind . -type f -newermt 2020-01-01 -exec touch -d @1700000000.25 {} +`

/** Each of them is done in a branch, captured, forked, and the next one done in the fork. */
const SCRIPTS: Readonly<Record<string, string>> = {
  'edits and creations': 'echo more >> a/a/a; echo new > new; mkdir -p deep/er; echo x > deep/er/file; mkdir empty',
  'bits and links': 'chmod 600 b/a; chmod +x new; ln -sfn nowhere link; ln -s a dirlink; ln new hard',
  deletions: 'rm -r a/a; rm top; rmdir empty; rm deep/er/file',
  'a folder in the place of another': 'rm -r b; mkdir b; echo in > b/a; mkdir a/a; chmod 700 a/a',
  'a file in the place of a folder and back': 'rm -r c; echo file > c; rm tool.sh; mkdir tool.sh; echo x > tool.sh/y',
  'back again': 'rm c; mkdir c; echo other > c/b; rm -r tool.sh; echo "#!/bin/sh" > tool.sh; echo top > top',
  moves: 'mv deep moved; mv a/c a/d; mv b/a a/c; cp -a a a2',
  'odd names': "echo 1 > 'sp ace'; echo 2 > $(printf 'new\\nline'); echo 3 > $(printf 'lat\\351n'); mkdir '\\x41'; echo 4 > '\\x41/b'",
  'what is not kept': 'mkfifo pipe; rm link; mkfifo link; mkfifo a/e',
  nothing: 'true',
}

it('finds the manifest that a capture of an overlay finds for the same changes', async () => {
  let layer = null as Parameters<WorkspaceFileStore['track']>[1]
  for (const [name, script] of Object.entries(SCRIPTS)) {
    const layerDir = layer === null ? null : await store.materialise(layer)
    const [overlay, copy] = [await overlayOf(layerDir), await copyOf(layerDir)]
    const [shown, copied] = comparable(overlay.run(LIST_TREE), sh(copy, LIST_TREE))
    expect({ before: name, copied }).toEqual({ before: name, copied: shown })
    overlay.run(`{ ${dated(script)}\n}`)
    sh(copy, dated(script))
    const wanted = await store.track(overlay.upperDir, layer, base).capture()
    const found = await store.trackCopy(copy, layer, base).capture()
    expect({ name, changes: found.changes }).toEqual({ name, changes: wanted.changes })
    expect({ name, notices: [...found.notices].sort() }).toEqual({ name, notices: [...wanted.notices].sort() })
    expect({ name, manifest: found.manifest }).toEqual({ name, manifest: wanted.manifest })
    // The same without what is known of the copy's files.
    rmSync(`${copy}.origin`)
    const { manifest } = await store.trackCopy(copy, layer, base).capture()
    expect({ name, manifest }).toEqual({ name, manifest: wanted.manifest })
    layer = wanted.manifest
  }
})

it('reads only what was touched, and follows one capture with the next', async () => {
  const copy = await copyOf(null)
  const tracker = store.trackCopy(copy, null, base)
  expect(await tracker.capture()).toEqual({ manifest: null, changes: [], notices: [] })
  expect(content.bytesWritten).toBe(0)
  writeFileSync(join(copy, 'a/c'), 'changed')
  const first = await tracker.capture()
  expect(first.changes).toEqual([{ path: 'a/c', change: 'changed', sizeBytes: 7 }])
  const written = content.bytesWritten
  writeFileSync(join(copy, 'b/a'), 'changed too')
  rmSync(join(copy, 'top'))
  const second = await tracker.capture()
  expect(second.changes.map(({ path, change }) => `${change} ${path}`)).toEqual(['changed b/a', 'deleted top'])
  expect(content.bytesWritten - written).toBeLessThan(2000)
  expect((await tracker.capture()).changes).toEqual([])
  // Put back as it was, time and all: no difference is left.
  for (const name of ['a/c', 'b/a', 'top']) {
    writeFileSync(join(copy, name), `${name}\n`)
    utimesSync(join(copy, name), OLD, OLD)
  }
  expect((await tracker.capture()).manifest).toBeNull()
})

it('sees a change that keeps size and time', async () => {
  const copy = await copyOf(null)
  writeFileSync(join(copy, 'a/c'), 'A/C\n')
  utimesSync(join(copy, 'a/c'), OLD, OLD)
  const { manifest } = await store.trackCopy(copy, null, base).capture()
  expect((await store.at(base, manifest).read('a/c')).text).toBe('A/C\n')
})

it('follows no link and waits for no pipe; a device or whiteout that somebody made is none of ours', async () => {
  const copy = await copyOf(null)
  rmSync(join(copy, 'a'), { recursive: true })
  symlinkSync('/etc', join(copy, 'a'))
  execFileSync('mkfifo', [join(copy, 'pipe')])
  execFileSync('mknod', [join(copy, 'whiteout'), 'c', '0', '0'])
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(join(copy, 'socket'), resolve))
  const { manifest, changes, notices } = await store.trackCopy(copy, null, base).capture()
  server.close()
  expect(changes.map(({ path, change }) => `${change} ${path}`)).toEqual([
    'created a',
    ...['a/a/a', 'a/a/b', 'a/b/a', 'a/c'].map((path) => `deleted ${path}`),
  ])
  expect(notices.map((notice) => notice.replace(/ and is.*/, '')).sort()).toEqual([
    'pipe is a pipe',
    'socket is a socket',
    'whiteout is a device',
  ])
  expect((await store.at(base, manifest).read('a')).text).toBe('/etc')
})

it('copies and captures what an agent made unreadable, and leaves the layer as it was', async () => {
  const first = await copyOf(null)
  sh(first, 'chmod 000 a/c; mkdir new; echo x > new/in; chmod 600 new; chmod 644 a/a; chmod 300 b')
  const { manifest } = await store.trackCopy(first, null, base).capture()
  if (manifest === null) expect.unreachable()
  const layerDir = await store.materialise(manifest)
  const modes = (folder: string): string => sh(folder, `stat -c '%n %a' a/c new a/a b`)
  const before = modes(layerDir)
  const copies = await Promise.all([copyOf(layerDir), copyOf(layerDir)])
  expect([modes(layerDir), ...copies.map(modes)]).toEqual([before, before, before])
  for (const copy of copies) expect((await store.trackCopy(copy, manifest, base).capture()).manifest).toBe(manifest)
})

it('takes nothing for deleted that was left out of the copy, and nothing from a copy that is not to be changed', async () => {
  const masked = join(dir, 'masked')
  await makeCopy({ to: masked, baseDir: base.dir, layerDir: null, mounts: [], masked: ['a', 'top'], readOnly: false })
  writeFileSync(join(masked, 'new'), 'new')
  expect((await store.trackCopy(masked, null, base).capture()).changes).toEqual([{ path: 'new', change: 'created', sizeBytes: 3 }])
  // What the branch itself made in a masked folder is shown, and what of the base stays hidden there is not taken for deleted.
  const made = await copyOf(null)
  sh(made, 'echo own > a/own; echo mine > a/c')
  const { manifest } = await store.trackCopy(made, null, base).capture()
  if (manifest === null) expect.unreachable()
  const again = join(dir, 'again')
  const layerDir = await store.materialise(manifest)
  await makeCopy({ to: again, baseDir: base.dir, layerDir, mounts: [], masked: ['a', 'top'], readOnly: false })
  expect(sh(again, 'find a -type f | sort')).toBe('a/c\na/own\n')
  expect((await store.trackCopy(again, manifest, base).capture()).manifest).toBe(manifest)
  const fixed = join(dir, 'fixed')
  await makeCopy({ to: fixed, baseDir: base.dir, layerDir: null, mounts: [], masked: [], readOnly: true })
  sh(fixed, 'chmod -R u+w .; echo x > top; rm -r a')
  expect(await store.trackCopy(fixed, null, base).capture()).toEqual({ manifest: null, changes: [], notices: [] })
})

const NAMES = ['a', 'b', 'c', "d'é\n"]
const path = fc.array(fc.constantFrom(...NAMES), { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'))
const quote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`
const operation = fc.oneof(
  fc.tuple(path, fc.nat(99)).map(([at, n]) => `mkdir -p $(dirname ${quote(at)}); echo ${n} > ${quote(at)}`),
  path.map((at) => `rm -rf ${quote(at)}`),
  path.map((at) => `rm -rf ${quote(at)}; mkdir ${quote(at)}`),
  fc.tuple(path, path).map(([from, to]) => `mv -T ${quote(from)} ${quote(to)}`),
  fc.tuple(path, path).map(([from, to]) => `cp -a ${quote(from)} ${quote(to)}`),
  fc.tuple(path, path).map(([target, at]) => `ln -sfn ${quote(target)} ${quote(at)}`),
  fc.tuple(path, fc.constantFrom('700', '755', '750')).map(([at, mode]) => `test -L ${quote(at)} || chmod ${mode} ${quote(at)}`),
)
const script = fc
  .array(operation, { minLength: 1, maxLength: 8 })
  .map((lines) => lines.map((line) => `{ ${line}; } 2>/dev/null`).join('\n'))

it('whatever is done in a copy: capture, materialise and copy again gives the same tree', async () => {
  await fc.assert(
    fc.asyncProperty(script, script, async (one, two) => {
      const first = await copyOf(null)
      sh(first, `${one}\ntrue`)
      const { manifest } = await store.trackCopy(first, null, base).capture()
      const second = await copyOf(manifest === null ? null : await store.materialise(manifest))
      const [restored, original] = comparable(sh(second, LIST_TREE), sh(first, LIST_TREE))
      expect(restored).toEqual(original)
      expect((await store.trackCopy(second, manifest, base).capture()).manifest).toBe(manifest)
      sh(second, `${two}\ntrue`)
      const next = await store.trackCopy(second, manifest, base).capture()
      const third = await copyOf(next.manifest === null ? null : await store.materialise(next.manifest))
      const [again, edited] = comparable(sh(third, LIST_TREE), sh(second, LIST_TREE))
      expect(again).toEqual(edited)
      for (const copy of [first, second, third]) await removeTree(copy)
    }),
    { numRuns: Number(process.env['KEYFRAME_PROPERTY_RUNS'] ?? 10), endOnFailure: true },
  )
})
