import { execFile } from 'node:child_process'
import {
  chmodSync,
  closeSync,
  existsSync,
  fchmodSync,
  fchownSync,
  futimesSync,
  lchownSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { mkdtemp, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { ContentHash } from '../../../shared/ids'
import type { ContentStore } from '../journal/content-store'
import { expectFsError } from '../workspace/fs-errors'
import { bytesOfPath, fsPath } from '../workspace/path-bytes'
import { Slices } from '../workspace/slices'
import type { Owner } from './freeze-base'
import type { ManifestEntry, TreeReader } from './manifest'
import type { MemoryFolder } from './memory-folder'
import { namesIn } from './names-in'
import { removeTree } from './remove-tree'

/** Layers with more than this lie on the disk. */
const MAX_IN_MEMORY_BYTES = 64 * 1024 ** 2

/**
 * Layers of one workspace: `layers/<manifest>`, made whole under another name and renamed. They are caches: they are not synced to
 * the disk, so those of an earlier boot of the machine are thrown away. Small ones lie in memory where there is room for them.
 */
export class LayerMaker {
  readonly folder: string
  readonly #making = new Map<ContentHash, Promise<string>>()
  /** In memory: where, and what it takes. */
  readonly #inMemory = new Map<ContentHash, { readonly path: string; readonly bytes: number }>()
  #ready = false
  #whiteout = 0

  constructor(
    dataDir: string,
    private readonly content: ContentStore,
    private readonly trees: TreeReader,
    private readonly owner: Owner,
    private readonly memory: MemoryFolder | null,
  ) {
    this.folder = join(dataDir, 'layers')
  }

  /** Made once; callers at the same time share the work. Throws `content.missing`. */
  materialise(manifest: ContentHash): Promise<string> {
    const running = this.#making.get(manifest)
    if (running !== undefined) return running
    const made = this.#make(manifest).finally(() => this.#making.delete(manifest))
    this.#making.set(manifest, made)
    return made
  }

  /** Removes those of other manifests. Nobody may use them. */
  async collect(live: ReadonlySet<string>): Promise<void> {
    for (const [manifest, { path, bytes }] of this.#inMemory) {
      if (live.has(manifest)) continue
      this.#inMemory.delete(manifest)
      await removeTree(path)
      this.memory?.giveBack(bytes)
    }
    for (const name of namesIn(this.folder)) {
      if (/^[0-9a-f]{64}$/.test(name) && !live.has(name)) await removeTree(join(this.folder, name))
    }
  }

  async #make(manifest: ContentHash): Promise<string> {
    this.#prepare()
    const inMemory = this.#inMemory.get(manifest)
    if (inMemory !== undefined) return inMemory.path
    const target = join(this.folder, manifest)
    if (existsSync(target)) return target
    const bytes = this.#roomInMemory(manifest)
    if (this.memory === null || bytes === null) return this.#makeIn(this.folder, target, manifest)
    const path = join(this.memory.path, manifest)
    try {
      await this.#makeIn(this.memory.path, path, manifest)
    } catch (thrown) {
      this.memory.giveBack(bytes)
      // Others take memory too: then the disk has it.
      expectFsError(thrown, 'ENOSPC')
      return this.#makeIn(this.folder, target, manifest)
    }
    this.#inMemory.set(manifest, { path, bytes })
    return path
  }

  /** Bytes that were taken for the layer; null when it does not go into memory. */
  #roomInMemory(manifest: ContentHash): number | null {
    if (this.memory === null) return null
    const sizes = [...this.#sizes(manifest)]
    return sizes.reduce((sum, size) => sum + size, 0) > MAX_IN_MEMORY_BYTES ? null : this.memory.take(sizes)
  }

  *#sizes(id: ContentHash | null): Generator<number> {
    for (const entry of this.trees.read(id).values()) {
      yield entry.t === 'f' ? entry.s : 0
      if (entry.t === 'd') yield* this.#sizes(entry.h)
    }
  }

  async #makeIn(folder: string, target: string, manifest: ContentHash): Promise<string> {
    const staging = await mkdtemp(join(folder, '.staging-'))
    try {
      chmodSync(staging, 0o755)
      this.#own(staging)
      await this.#fill(staging, manifest, new Slices(), folder)
      await rename(staging, target)
    } catch (thrown) {
      await removeTree(staging)
      throw thrown
    }
    return target
  }

  #prepare(): void {
    if (this.#ready) return
    const bootFile = join(this.folder, '.boot')
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8')
    if (existsSync(this.folder) && readIfThere(bootFile) !== boot)
      renameSync(this.folder, `${this.folder}.stale-${process.pid}-${Date.now()}`)
    mkdirSync(this.folder, { recursive: true, mode: 0o755 })
    writeFileSync(bootFile, boot)
    this.#ready = true
  }

  async #fill(dir: string, id: ContentHash | null, slices: Slices, folder: string): Promise<void> {
    for (const [name, entry] of this.trees.read(id)) {
      if (slices.due()) await slices.rest()
      const path = `${dir}/${name}`
      await this.#write(path, entry, folder)
      if (entry.t === 'd') {
        await this.#fill(path, entry.h, slices, folder)
        chmodSync(fsPath(path), entry.m)
        this.#own(path)
      }
    }
  }

  async #write(path: string, entry: ManifestEntry, folder: string): Promise<void> {
    const at = fsPath(path)
    switch (entry.t) {
      case 'd':
        mkdirSync(at, 0o700)
        return
      case 'l':
        symlinkSync(bytesOfPath(entry.to), at)
        this.#own(path)
        return
      case 'f': {
        const fd = openSync(at, 'wx', 0o600)
        try {
          for (const part of entry.c ?? [entry.h]) {
            const bytes = this.content.get(part)
            for (let done = 0; done < bytes.length;) done += writeSync(fd, bytes, done)
          }
          fchmodSync(fd, entry.m)
          futimesSync(fd, entry.u / 1e6, entry.u / 1e6)
          if (this.#gives()) fchownSync(fd, this.owner.uid, this.owner.gid)
        } finally {
          closeSync(fd)
        }
        return
      }
      // What is not kept must not show the base's entry either.
      case 'x':
      case 'w':
        await this.#linkWhiteout(at, folder)
    }
  }

  /**
   * A whiteout is a character device 0:0, which any user may make; Node cannot, so one is made by `mknod` and the others are links
   * to it, as overlayfs itself does. `folder` holds that one: it is on the file system of the layer.
   */
  async #linkWhiteout(at: string | Buffer, folder: string): Promise<void> {
    for (;;) {
      const source = join(folder, `.whiteout-${this.#whiteout}`)
      try {
        linkSync(source, at)
        return
      } catch (thrown) {
        expectFsError(thrown, 'ENOENT', 'EMLINK')
        if (existsSync(source)) this.#whiteout++
        else await promisify(execFile)('mknod', [source, 'c', '0', '0'])
      }
    }
  }

  #gives(): boolean {
    return process.getuid?.() === 0 && this.owner.uid !== 0
  }

  #own(path: string): void {
    if (this.#gives()) lchownSync(fsPath(path), this.owner.uid, this.owner.gid)
  }
}

function readIfThere(file: string): string | null {
  try {
    return readFileSync(file, 'utf8')
  } catch (thrown) {
    expectFsError(thrown, 'ENOENT')
    return null
  }
}
