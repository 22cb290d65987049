import { execFile } from 'node:child_process'
import { hash } from 'node:crypto'
import { chmodSync, existsSync, lchownSync, lstatSync, mkdirSync, readFileSync, readdirSync, readlinkSync, symlinkSync } from 'node:fs'
import type { Stats } from 'node:fs'
import { link, mkdtemp, rename, rm, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { KeyframeError } from '../../../shared/failure'
import { ContentHash } from '../../../shared/ids'
import { expectFsError, fsCode } from '../workspace/fs-errors'
import { listFiles, type Listing } from '../workspace/list-files'
import { fsPath, textOfBytes } from '../workspace/path-bytes'
import { Slices } from '../workspace/slices'
import { BaseIndexBuilder, findNode, identifyBase, readBaseIndex, writeBaseIndex, type BaseIndex } from './base-index'
import { copyAndHash, permissions } from './copy-file'
import type { Base } from './files'
import { knownStat, looksSame, readLiveStats, writeLiveStats, type KnownStat, type LiveStats } from './live-stats'
import { removeTree } from './remove-tree'
import { TaskPool } from './task-pool'

export interface Owner {
  readonly uid: number
  readonly gid: number
}

export interface FrozenBase extends Base {
  readonly index: BaseIndex
}

export interface FreezeOptions {
  readonly signal?: AbortSignal
  readonly onProgress?: (done: number, total: number) => void
}

const CONCURRENCY = 32

/** Beside the index of a base that came with an exported run, without all of its files. */
export const INCOMPLETE = 'incomplete'

/** Bases of one workspace: `bases/<id>/tree` and `bases/<id>/index`, made whole under another name and then renamed. */
export class BaseFreezer {
  readonly #folder: string
  readonly #statsFile: string
  #live: LiveStats | null = null
  #busy: Promise<unknown> = Promise.resolve()
  #syncing: Promise<void> = Promise.resolve()
  readonly #open = new Map<ContentHash, FrozenBase>()

  constructor(
    private readonly root: string,
    dataDir: string,
    private readonly owner: Owner,
  ) {
    this.#folder = join(dataDir, 'bases')
    this.#statsFile = join(this.#folder, 'live-stats')
  }

  /** One at a time; a second call waits and then usually finds nothing changed. */
  freeze(options: FreezeOptions): Promise<FrozenBase> {
    const next = this.#busy.then(() => this.#freeze(options))
    this.#busy = next.catch(() => undefined)
    return next
  }

  async #freeze(options: FreezeOptions): Promise<FrozenBase> {
    mkdirSync(this.#folder, { recursive: true, mode: 0o755 })
    const listing = await listFiles(this.root, options.signal)
    this.#live ??= await readLiveStats(this.#statsFile)
    const previous = this.#live === null ? null : await this.#openOrNull(this.#live.base)
    const stats = await this.#statAll(listing, options.signal)
    if (previous !== null && this.#live !== null && isUnchanged(listing, stats, previous, this.#live))
      return this.#asBase(previous.id, previous.index)

    const staging = await mkdtemp(join(this.#folder, '.staging-'))
    try {
      chmodSync(staging, 0o755)
      const made = await this.#copyAll(listing, stats, previous, staging, options)
      const id = await identifyBase(made.index)
      const target = join(this.#folder, id)
      if (!(await isTorn(target)) && existsSync(target)) {
        await removeTree(staging)
      } else {
        await writeBaseIndex(join(staging, 'index'), made.index)
        await writeFile(join(staging, UNSYNCED), bootId())
        await rename(staging, target)
        this.#syncing = this.#syncing.then(() => syncBase(target))
      }
      this.#live = { base: id, stats: made.known }
      await writeLiveStats(this.#statsFile, this.#live)
      return this.#asBase(id, made.index)
    } catch (thrown) {
      await removeTree(staging)
      if (fsCode(thrown) === 'ENOSPC' || fsCode(thrown) === 'EDQUOT') throw diskFull(this.#folder, thrown)
      throw thrown
    }
  }

  /** Throws `base.missing`. */
  async find(id: ContentHash): Promise<FrozenBase> {
    const base = await this.#openOrNull(id)
    if (base !== null) return base
    throw new KeyframeError({
      code: 'base.missing',
      message: `The frozen copy ${id.slice(0, 12)} of the repository, which this run started from, is not in the data folder any more.`,
      action: 'Its frames can still be read. Start a new run to work on the repository as it is now.',
      details: { base: id, folder: this.#folder },
    })
  }

  async #openOrNull(id: ContentHash): Promise<FrozenBase | null> {
    const open = this.#open.get(id)
    if (open !== undefined && existsSync(open.dir)) return open
    this.#open.delete(id)
    if (await isTorn(join(this.#folder, id))) return null
    try {
      return this.#asBase(id, await readBaseIndex(join(this.#folder, id, 'index')))
    } catch (thrown) {
      expectFsError(thrown, 'ENOENT')
      return null
    }
  }

  #asBase(id: ContentHash, index: BaseIndex): FrozenBase {
    const base: FrozenBase = {
      id,
      dir: join(this.#folder, id, 'tree'),
      dependencies: index.mounts.map((path) => ({ path, liveDir: join(this.root, path) })),
      notices: index.notices,
      files: index.files,
      isIncomplete: existsSync(join(this.#folder, id, INCOMPLETE)),
      index,
    }
    this.#open.set(id, base)
    return base
  }

  async #statAll(listing: Listing, signal: AbortSignal | undefined): Promise<Map<string, Stats>> {
    const slices = new Slices(signal)
    const stats = new Map<string, Stats>()
    for (const { path } of listing.files) {
      if (slices.due()) await slices.rest()
      try {
        stats.set(path, lstatSync(fsPath(join(this.root, path))))
      } catch (thrown) {
        expectFsError(thrown, 'ENOENT', 'ENOTDIR', 'EACCES')
      }
    }
    return stats
  }

  async #copyAll(listing: Listing, stats: Map<string, Stats>, previous: FrozenBase | null, staging: string, options: FreezeOptions) {
    const tree = join(staging, 'tree')
    const slices = new Slices(options.signal)
    const builder = new BaseIndexBuilder()
    builder.notices.push(...listing.notices)
    const known = new Map<string, KnownStat>()
    mkdirSync(tree)
    this.#own(tree)
    let done = 0
    const gone = new Set<string>()
    const pool = new TaskPool(CONCURRENCY)
    try {
      for (const { path } of listing.files) {
        if (slices.due()) {
          options.onProgress?.(done, listing.files.length)
          await slices.rest()
        }
        done++
        const stat = stats.get(path)
        const slash = path.lastIndexOf('/')
        if (stat === undefined || (slash > 0 && gone.has(path.slice(0, slash)))) {
          gone.add(path)
          continue
        }
        if (stat.isDirectory()) {
          const to = join(tree, path)
          const mode = (stat.mode & 0o777) | 0o700
          mkdirSync(fsPath(to))
          chmodSync(fsPath(to), mode)
          this.#own(to)
          builder.add(path, { type: 'directory', mode, mount: false, children: new Map() })
          continue
        }
        await pool.add(() => this.#copyLeaf(path, stat, previous, tree, builder, known))
      }
      await pool.end()
    } finally {
      // Nobody may still be writing when a failed staging folder is removed.
      await pool.settle()
    }
    for (const { path } of listing.dependencies) {
      if (gone.has(path.slice(0, Math.max(0, path.lastIndexOf('/'))))) continue
      mkdirSync(fsPath(join(tree, path)))
      this.#own(join(tree, path))
      builder.add(path, { type: 'directory', mode: 0o755, mount: true, children: new Map() })
    }
    options.onProgress?.(done, listing.files.length)
    return { index: builder.finish(), known }
  }

  async #copyLeaf(
    path: string,
    stat: Stats,
    previous: FrozenBase | null,
    tree: string,
    builder: BaseIndexBuilder,
    known: Map<string, KnownStat>,
  ): Promise<void> {
    const from = join(this.root, path)
    const to = join(tree, path)
    try {
      if (stat.isSymbolicLink()) {
        const target = readlinkSync(fsPath(from), { encoding: 'buffer' })
        symlinkSync(target, fsPath(to))
        this.#own(to)
        const digest = ContentHash.parse(hash('sha256', target))
        known.set(path, knownStat(stat, Date.now(), digest))
        builder.add(path, { type: 'symlink', target: textOfBytes(target), hash: digest })
        return
      }
      if (!stat.isFile()) return
      const before = this.#live?.stats.get(path)
      if (previous !== null && before !== undefined && looksSame(before, stat) && (await linkFrom(join(previous.dir, path), to, stat))) {
        known.set(path, before)
        builder.add(path, { type: 'file', mode: permissions(stat), sizeBytes: stat.size, hash: before.hash })
        return
      }
      const readAt = Date.now()
      const copied = await copyAndHash(from, to)
      this.#own(to)
      known.set(path, knownStat(copied.stat, copied.steady ? readAt : 0, copied.hash))
      builder.add(path, { type: 'file', mode: permissions(copied.stat), sizeBytes: copied.sizeBytes, hash: copied.hash })
      if (!copied.steady) builder.notices.push(`${path} kept changing while it was copied.`)
    } catch (thrown) {
      // Deleted or replaced since it was listed, or not ours to read.
      expectFsError(thrown, 'ENOENT', 'ENOTDIR', 'ELOOP', 'EACCES', 'EINVAL')
      await rm(fsPath(to), { force: true })
      if (fsCode(thrown) === 'EACCES') builder.notices.push(`${path} cannot be read and was left out.`)
    }
  }

  #own(path: string): void {
    if (process.getuid?.() === 0 && this.owner.uid !== 0) lchownSync(fsPath(path), this.owner.uid, this.owner.gid)
  }

  /** Copies that were cut off by a crash. One kernel per workspace, so nobody else is making one. */
  collectStaging(): Promise<void> {
    const next = this.#busy.then(async () => {
      await this.#syncing
      if (!existsSync(this.#folder)) return
      for (const name of readdirSync(this.#folder)) if (name.startsWith('.staging-')) await removeTree(join(this.#folder, name))
    })
    this.#busy = next.catch(() => undefined)
    return next
  }
}

/** Present until the base's files are known to be on the disk; names the boot of the machine in which they were written. */
const UNSYNCED = 'unsynced'

function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8')
}

/** In the background: a run must not wait for the disk. A base that was not synced when the machine went down is not used again. */
async function syncBase(dir: string): Promise<void> {
  try {
    await promisify(execFile)('sync', ['-f', dir])
    await unlink(join(dir, UNSYNCED))
  } catch (thrown) {
    // No `sync -f` here, or the folder is gone: the mark stays, which is safe.
    if (!(thrown instanceof Error)) throw thrown
  }
}

async function isTorn(dir: string): Promise<boolean> {
  const mark = join(dir, UNSYNCED)
  if (!existsSync(mark) || readFileSync(mark, 'utf8') === bootId()) return false
  await removeTree(dir)
  return true
}

/** Bases are never written, so two of them may share a file, provided that its attributes are the same. */
async function linkFrom(from: string, to: string, wanted: Stats): Promise<boolean> {
  try {
    const stat = lstatSync(fsPath(from))
    if (!stat.isFile() || (stat.mode & 0o777) !== permissions(wanted) || Math.abs(stat.mtimeMs - wanted.mtimeMs) > 0.01) return false
    await link(fsPath(from), fsPath(to))
    return true
  } catch (thrown) {
    expectFsError(thrown, 'ENOENT', 'EMLINK', 'EPERM', 'EXDEV')
    return false
  }
}

function isUnchanged(listing: Listing, stats: Map<string, Stats>, previous: FrozenBase, live: LiveStats): boolean {
  let files = 0
  let folders = 0
  for (const { path } of listing.files) {
    const stat = stats.get(path)
    if (stat === undefined) return false
    if (stat.isDirectory()) {
      const node = findNode(previous.index.root, path)
      if (node?.type !== 'directory' || node.mount || node.mode !== ((stat.mode & 0o777) | 0o700)) return false
      folders++
      continue
    }
    const known = live.stats.get(path)
    if (known === undefined || !looksSame(known, stat)) return false
    files++
  }
  const mounts = listing.dependencies.map((dependency) => dependency.path)
  return (
    files === live.stats.size &&
    folders === previous.index.folders &&
    files === previous.files &&
    mounts.length === previous.index.mounts.length &&
    mounts.every((mount) => previous.index.mounts.includes(mount)) &&
    listing.notices.every((notice) => previous.notices.includes(notice))
  )
}

function diskFull(folder: string, cause: unknown): KeyframeError {
  return new KeyframeError(
    {
      code: 'base.disk-full',
      message: `The disk is full: the repository could not be copied to ${folder}. The partial copy was removed.`,
      action: 'Free some space there, or set KEYFRAME_HOME to a folder on a larger disk, and start the run again.',
      retryable: true,
      details: { folder },
    },
    { cause },
  )
}
