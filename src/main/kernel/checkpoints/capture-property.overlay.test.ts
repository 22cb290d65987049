import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { MemoryContentStore } from '../testing/memory-content-store'
import { OverlayMount } from '../testing/overlay-mount'
import { comparable, LIST_TREE } from '../testing/tree-truth'
import { createFileStore } from './file-store'
import { removeTree } from './remove-tree'

const NAMES = ['a', 'b', 'c', "d'é\n"]
const path = fc.array(fc.constantFrom(...NAMES), { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'))
const quote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`
const dirname = (text: string): string => (text.includes('/') ? text.slice(0, text.lastIndexOf('/')) : '.')

/** Shell commands that a user might type; those that make no sense where they are run fail and change nothing. */
const operation = fc.oneof(
  fc.tuple(path, fc.nat(99)).map(([at, n]) => `mkdir -p ${quote(dirname(at))}; echo ${n} > ${quote(at)}`),
  fc.tuple(path, fc.nat(99)).map(([at, n]) => `echo ${n} >> ${quote(at)}`),
  path.map((at) => `rm -rf ${quote(at)}`),
  path.map((at) => `rm -rf ${quote(at)}; mkdir ${quote(at)}`),
  path.map((at) => `rm -rf ${quote(at)}; mkdir ${quote(at)}; echo in > ${quote(`${at}/a`)}`),
  path.map((at) => `mkdir -p ${quote(at)}`),
  path.map((at) => `rmdir ${quote(at)}`),
  fc.tuple(path, path).map(([from, to]) => `mv -T ${quote(from)} ${quote(to)}`),
  fc.tuple(path, path).map(([from, to]) => `rm -rf ${quote(to)}; mv -T ${quote(from)} ${quote(to)}`),
  fc.tuple(path, path).map(([from, to]) => `cp -a ${quote(from)} ${quote(to)}`),
  fc.tuple(path, path).map(([target, at]) => `ln -sfn ${quote(target)} ${quote(at)}`),
  fc.tuple(path, path).map(([from, to]) => `ln ${quote(from)} ${quote(to)}`),
  fc.tuple(path, fc.constantFrom('700', '755', '644', '600')).map(([at, mode]) => `test -L ${quote(at)} || chmod ${mode} ${quote(at)}`),
)
const script = fc
  .array(operation, { minLength: 1, maxLength: 10 })
  .map((lines) => lines.map((line) => `{ ${line}; } 2>/dev/null`).join('\n'))

function changedPaths(before: Map<string, string>, after: Map<string, string>): string[] {
  return [...new Set([...before.keys(), ...after.keys()])].filter((at) => before.get(at) !== after.get(at)).sort()
}
/** Files and links of a mount with type, mode, content, by path; NUL-separated because names may hold newlines. */
function leaves(overlay: OverlayMount): Map<string, string> {
  const found = new Map<string, string>()
  const items = overlay
    .run(`find . -mindepth 1 ! -type d -printf '%P\\0%y %m %l\\0' -exec sh -c 'test -L "$1" || cat "$1"' _ {} \\; -printf '\\0'`)
    .split('\0')
  for (let i = 0; i + 2 < items.length; i += 3) found.set(items[i] ?? '', `${items[i + 1]} ${items[i + 2]}`)
  return found
}

it('whatever is done in a branch: capture, materialise and mount again gives the same tree, and the changes are the difference', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'keyframe-property-'))
  const root = join(dir, 'repo')
  for (const folder of ['a/a', 'a/b', 'b/c', 'c']) mkdirSync(join(root, folder), { recursive: true })
  for (const file of ['a/a/a', 'a/a/b', 'a/b/a', 'a/c', 'b/a', 'b/c/c', 'c/a']) writeFileSync(join(root, file), `${file}\n`)
  const owner = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 }
  const content = new MemoryContentStore()
  const store = createFileStore({ root, dataDir: join(dir, 'data'), content, owner, nodePath: process.execPath })
  const base = await store.freezeBase({})
  let number = 0
  const open: OverlayMount[] = []
  const mount = async (layer: string | null): Promise<OverlayMount> => {
    const overlay = await OverlayMount.open(join(dir, 'branches', String(number++)), layer === null ? [base.dir] : [layer, base.dir])
    open.push(overlay)
    return overlay
  }
  try {
    await fc.assert(
      fc.asyncProperty(script, script, script, async (one, two, three) => {
        const first = await mount(null)
        const tracker = store.track(first.upperDir, null, base)
        let before = leaves(first)
        for (const text of [one, two]) {
          first.run(`{ ${text}\n} ; true`)
          const { changes } = await tracker.capture()
          const after = leaves(first)
          expect(changes.map((change) => change.path).sort()).toEqual(changedPaths(before, after))
          before = after
        }
        const { manifest, changes } = await tracker.capture()
        expect(changes).toEqual([])
        // A second tracker without the first one's caches finds the same.
        expect((await store.track(first.upperDir, null, base).capture()).manifest).toBe(manifest)
        const second = await mount(manifest === null ? null : await store.materialise(manifest))
        const [restored, original] = comparable(second.run(LIST_TREE), first.run(LIST_TREE))
        expect(restored).toEqual(original)
        second.run(`{ ${three}\n} ; true`)
        const next = await store.track(second.upperDir, manifest, base).capture()
        const third = await mount(next.manifest === null ? null : await store.materialise(next.manifest))
        const [again, edited] = comparable(third.run(LIST_TREE), second.run(LIST_TREE))
        expect(again).toEqual(edited)
        const listed = (await store.at(base, next.manifest).tree()).filter(
          (entry) => entry.status !== 'deleted' && entry.type !== 'directory',
        )
        expect(listed.map((entry) => entry.path).sort()).toEqual([...leaves(third).keys()].sort())
        for (const overlay of open.splice(0)) {
          await overlay.close()
          await removeTree(overlay.dir)
        }
      }),
      { numRuns: Number(process.env['KEYFRAME_PROPERTY_RUNS'] ?? 20), endOnFailure: true },
    )
  } finally {
    for (const overlay of open) await overlay.close()
    await removeTree(dir)
  }
})
