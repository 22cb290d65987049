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
import { removeTree } from './remove-tree'

/**
 * Layers of one workspace: `layers/<manifest>`, made whole under another name and renamed. They are caches: they are not synced to
 * the disk, so those of an earlier boot of the machine are thrown away.
 */
export class LayerMaker {
  readonly folder: string
  readonly #making = new Map<ContentHash, Promise<string>>()
  #ready = false
  #whiteout = 0

  constructor(
    dataDir: string,
    private readonly content: ContentStore,
    private readonly trees: TreeReader,
    private readonly owner: Owner,
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

  async #make(manifest: ContentHash): Promise<string> {
    this.#prepare()
    const target = join(this.folder, manifest)
    if (existsSync(target)) return target
    const staging = await mkdtemp(join(this.folder, '.staging-'))
    try {
      chmodSync(staging, 0o755)
      this.#own(staging)
      await this.#fill(staging, manifest, new Slices())
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

  async #fill(dir: string, id: ContentHash | null, slices: Slices): Promise<void> {
    for (const [name, entry] of this.trees.read(id)) {
      if (slices.due()) await slices.rest()
      const path = `${dir}/${name}`
      await this.#write(path, entry)
      if (entry.t === 'd') {
        await this.#fill(path, entry.h, slices)
        chmodSync(fsPath(path), entry.m)
        this.#own(path)
      }
    }
  }

  async #write(path: string, entry: ManifestEntry): Promise<void> {
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
        await this.#linkWhiteout(at)
    }
  }

  /**
   * A whiteout is a character device 0:0, which any user may make; Node cannot, so one is made by `mknod` and the others are links
   * to it, as overlayfs itself does.
   */
  async #linkWhiteout(at: string | Buffer): Promise<void> {
    for (;;) {
      const source = join(this.folder, `.whiteout-${this.#whiteout}`)
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
