import { existsSync, mkdirSync, mkdtempSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { MemoryContentStore } from '../testing/memory-content-store'
import { startFromSource } from '../testing/start-from-source'
import { OverlayMount } from '../testing/overlay-mount'
import { comparable, LIST_TREE } from '../testing/tree-truth'
import { createFileStore } from './file-store'
import { MemoryFolder, removeMemoryLeftovers } from './memory-folder'
import { removeTree } from './remove-tree'

const offered = MemoryFolder.open()
await offered?.dispose()

describe.skipIf(offered === null)(
  'layers in memory',
  { meta: { reason: '/dev/shm has less than 1 GiB free, or is not in memory' } },
  () => {
    let dir: string
    let memory: MemoryFolder
    const mounts: OverlayMount[] = []

    beforeEach(() => {
      dir = mkdtempSync(join(tmpdir(), 'keyframe-memory-folder-'))
      const opened = MemoryFolder.open()
      if (opened === null) throw new Error('no memory')
      memory = opened
    })

    afterEach(async () => {
      for (const overlay of mounts.splice(0)) await overlay.close()
      await memory.dispose()
      await removeTree(dir)
    })

    async function mounted(name: string, lower: readonly string[]): Promise<OverlayMount> {
      const overlay = await OverlayMount.open(join(dir, name), [...lower])
      mounts.push(overlay)
      return overlay
    }

    async function changed(script: string) {
      const root = join(dir, 'repo')
      mkdirSync(join(root, 'src'), { recursive: true })
      for (const name of ['src/a.ts', 'src/b.ts', 'gone.txt']) writeFileSync(join(root, name), `${name}\n`)
      const owner = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 }
      const content = new MemoryContentStore()
      const places = { root, content, owner, nodePath: process.execPath }
      const store = createFileStore({ ...places, dataDir: join(dir, 'data'), memoryFolder: memory })
      const base = await store.freezeBase({})
      const overlay = await mounted('first', [base.dir])
      overlay.run(script)
      const { manifest } = await store.track(overlay.upperDir, null, base).capture()
      if (manifest === null) throw new Error('nothing was captured')
      return { store, base, overlay, manifest }
    }

    it('show the same tree, deletions included, and go when they are collected', async () => {
      const { store, base, overlay, manifest } = await changed(
        'rm gone.txt; rm -r src; mkdir src; echo new > src/c; chmod 600 src/c; ln -s c src/l',
      )
      const layer = await store.materialise(manifest)
      expect(dirname(layer)).toBe(memory.path)
      expect(await store.materialise(manifest)).toBe(layer)
      const again = await mounted('second', [layer, base.dir])
      const [now, before] = comparable(again.run(LIST_TREE), overlay.run(LIST_TREE))
      expect(now).toEqual(before)
      await again.close()
      mounts.pop()
      await store.collect(new Set([manifest]))
      expect(existsSync(layer)).toBe(true)
      await store.collect(new Set())
      expect(readdirSync(memory.path).filter((name) => !name.startsWith('.'))).toEqual([])
    })

    it('lie on the disk when they are large', async () => {
      const { store, manifest } = await changed('truncate -s 70M large')
      const layer = await store.materialise(manifest)
      expect(layer).toBe(join(dir, 'data/layers', manifest))
      expect(statSync(join(layer, 'large')).size).toBe(70 * 1024 ** 2)
    })

    it('give up no more than their share', () => {
      const large = memory.take([200 * 1024 ** 2])
      expect(large).toBeGreaterThanOrEqual(200 * 1024 ** 2)
      expect(memory.take([100 * 1024 ** 2])).toBeNull()
      memory.giveBack(large ?? 0)
      expect(memory.take([100 * 1024 ** 2])).not.toBeNull()
    })

    it('are removed when their kernel is no more, and not otherwise', async () => {
      const process = startFromSource('memory-folder-process.ts', [])
      let left = ''
      process.stdout?.on('data', (chunk: Buffer) => (left += chunk.toString()))
      await new Promise((resolve) => process.once('close', resolve))
      expect([process.signalCode, existsSync(left)]).toEqual(['SIGKILL', true])
      await removeMemoryLeftovers()
      expect([existsSync(left), existsSync(memory.path)]).toEqual([false, true])
    })
  },
)
