import { chmodSync, constants, lchownSync, lstatSync, mkdirSync, readdirSync, readlinkSync, symlinkSync, type Stats } from 'node:fs'
import { copyFile, utimes } from 'node:fs/promises'
import { KeyframeError } from '../../../../../shared/failure'
import { writeCopyOrigin } from '../../../checkpoints/copy-origin'
import type { StatMark } from '../../../checkpoints/live-stats'
import { TaskPool } from '../../../checkpoints/task-pool'
import { expectFsError } from '../../../workspace/fs-errors'
import { fsPath, nameFromBytes } from '../../../workspace/path-bytes'
import { Slices } from '../../../workspace/slices'
import { guestOwner, mustDropRoot } from '../guest-owner'

const CONCURRENCY = 16

export interface CopyPlan {
  readonly to: string
  readonly baseDir: string
  readonly layerDir: string | null
  /** Dependency folders, which are filled by others. */
  readonly mounts: readonly string[]
  /** What the role may not read: it is not copied. */
  readonly masked: readonly string[]
  readonly readOnly: boolean
}

/**
 * The files of base and layer together, as an overlay of them would show: what the layer has counts, a character device 0:0 in it
 * hides the base's entry. Layers are written with one for each name that they hide, so there are no opaque marks to be read.
 * Blocks are shared where the file system can. Remembers how its files look, for captures.
 */
export function makeCopy(plan: CopyPlan): Promise<void> {
  if (plan.layerDir === null || process.getuid?.() === 0) return copyAll(plan)
  // A layer whose permissions are lent to one copy would give them to another.
  const next = lending.then(() => copyAll(plan))
  lending = next.catch(() => undefined)
  return next
}

let lending: Promise<unknown> = Promise.resolve()

async function copyAll(plan: CopyPlan): Promise<void> {
  const copier = new TreeCopier(plan.readOnly)
  const leftOut: string[] = []
  const mounts = new Set(plan.mounts)
  const masked = new Set(plan.masked)
  /** `hidden`: what the base has here may not be read; what an earlier checkpoint of the branch made in its place is shown. */
  const visit = async (path: string, base: string | null, layer: string | null, to: string, hidden: boolean): Promise<void> => {
    const names = new Set([...(base === null ? [] : namesIn(base)), ...(layer === null ? [] : namesIn(layer))])
    for (const name of names) {
      const at = path === '' ? name : `${path}/${name}`
      const inBase = base === null ? null : found(`${base}/${name}`)
      const inLayer = layer === null ? null : found(`${layer}/${name}`)
      const isHidden = hidden || masked.has(at)
      if (isHidden && inLayer === null) {
        leftOut.push(at)
        continue
      }
      const top = inLayer ?? inBase
      if (top === null || (top.stat.isCharacterDevice() && top.stat.rdev === 0)) continue
      if (inLayer !== null) copier.lend(inLayer.path, inLayer.stat)
      if (!top.stat.isDirectory()) {
        await copier.copyLeaf(top.path, top.stat, `${to}/${name}`, at)
        continue
      }
      await copier.makeFolder(`${to}/${name}`, top.stat)
      const below = inBase?.stat.isDirectory() === true ? inBase.path : null
      if (!mounts.has(at)) await visit(at, below, inLayer?.path ?? null, `${to}/${name}`, isHidden)
    }
  }
  await copier.whole(async () => {
    await copier.makeFolder(plan.to, lstatSync(plan.baseDir))
    await visit('', plan.baseDir, plan.layerDir, plan.to, false)
  })
  const { baseDir, layerDir, readOnly } = plan
  if (copier.unreadable > 0) {
    throw new KeyframeError({
      code: 'sandbox.copy-failed',
      message: `${copier.unreadable} files of the frozen repository could not be copied.`,
      action: 'Start a new run: the repository is frozen anew.',
    })
  }
  await writeCopyOrigin(plan.to, { baseDir, layerDir, readOnly, leftOut, stats: copier.marks })
}

/** Copies single entries, giving them to the guest, with their times and permission bits. */
export class TreeCopier {
  /** What the regular files look like now, by the path that they were copied for. */
  readonly marks = new Map<string, StatMark>()
  readonly #readOnly: boolean
  readonly #slices = new Slices()
  readonly #pool = new TaskPool(CONCURRENCY)
  readonly #lent: { path: string; mode: number }[] = []
  #unreadable = 0
  readonly #folders: { to: string; mode: number }[] = []

  /** `readOnly`: nobody but the application may change what is copied (as far as that is another user). */
  constructor(readOnly: boolean) {
    this.#readOnly = readOnly
  }

  /** Files that were not copied, since they went away or may not be read. */
  get unreadable(): number {
    return this.#unreadable
  }

  /** Does all of it, waits for the last file, and closes the folders that are to be closed. */
  async whole(copy: () => Promise<void>): Promise<void> {
    try {
      await copy()
      await this.#pool.end()
    } finally {
      await this.#pool.settle()
      for (const { path, mode } of this.#lent.toReversed()) chmodSync(fsPath(path), mode)
    }
    for (const { to, mode } of this.#folders.toReversed()) {
      if (this.#slices.due()) await this.#slices.rest()
      this.#give(to, mode)
    }
  }

  /** Makes an original of the application's own readable to it, which an agent may have forbidden, until all is copied. */
  lend(path: string, stat: Stats): void {
    const needed = stat.isDirectory() ? 0o500 : stat.isFile() ? 0o400 : 0
    if ((stat.mode & needed) === needed || process.getuid?.() !== stat.uid || stat.uid === 0) return
    this.#lent.push({ path, mode: stat.mode & 0o7777 })
    chmodSync(fsPath(path), (stat.mode & 0o7777) | needed)
  }

  /** Open to the application until everything is in it. */
  async makeFolder(to: string, like: Stats): Promise<void> {
    if (this.#slices.due()) await this.#slices.rest()
    mkdirSync(fsPath(to), { mode: 0o700 })
    this.#folders.push({ to, mode: like.mode & 0o777 })
  }

  /** A folder and everything in it. What may not be read is left out. */
  async copyFolder(from: string, like: Stats, to: string): Promise<void> {
    await this.makeFolder(to, like)
    await this.copyEntries(from, to)
  }

  /** Into a folder that is there. */
  async copyEntries(from: string, to: string): Promise<void> {
    for (const name of this.#namesIn(from)) {
      const entry = found(`${from}/${name}`)
      if (entry === null) continue
      if (entry.stat.isDirectory()) await this.copyFolder(entry.path, entry.stat, `${to}/${name}`)
      else await this.copyLeaf(entry.path, entry.stat, `${to}/${name}`, null)
    }
  }

  /** Of files and links; nothing else is copied. `at`: its name among the marks; null keeps none. */
  async copyLeaf(from: string, stat: Stats, to: string, at: string | null): Promise<void> {
    if (this.#slices.due()) await this.#slices.rest()
    if (stat.isSymbolicLink()) {
      symlinkSync(readlinkSync(fsPath(from), { encoding: 'buffer' }), fsPath(to))
      if (mustDropRoot()) lchownSync(fsPath(to), guestOwner().uid, guestOwner().gid)
      return
    }
    if (!stat.isFile()) return
    await this.#pool.add(async () => {
      if (!(await this.#copyBytes(from, to))) return
      this.#give(to, stat.mode & 0o777)
      await utimes(fsPath(to), stat.atimeMs / 1000, stat.mtimeMs / 1000)
      if (at === null) return
      const now = lstatSync(fsPath(to))
      this.marks.set(at, { ino: now.ino, sizeBytes: now.size, mtimeMs: now.mtimeMs, ctimeMs: now.ctimeMs, mode: now.mode })
    })
  }

  #namesIn(folder: string): string[] {
    try {
      return namesIn(folder)
    } catch (thrown) {
      expectFsError(thrown, 'EACCES', 'ENOENT')
      this.#unreadable += 1
      return []
    }
  }

  async #copyBytes(from: string, to: string): Promise<boolean> {
    try {
      await copyFile(fsPath(from), fsPath(to), constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL)
      return true
    } catch (thrown) {
      expectFsError(thrown, 'EACCES', 'ENOENT')
      this.#unreadable += 1
      return false
    }
  }

  #give(to: string, mode: number): void {
    const owner = guestOwner()
    if (!this.#readOnly) {
      chmodSync(fsPath(to), mode)
      if (mustDropRoot()) lchownSync(fsPath(to), owner.uid, owner.gid)
      return
    }
    // Root's own, for the guest's group to read: what the owner of the original may do but write.
    const readable = mode & 0o555
    chmodSync(fsPath(to), mustDropRoot() ? readable | ((readable & 0o500) >> 3) : readable)
    if (mustDropRoot()) lchownSync(fsPath(to), 0, owner.gid)
  }
}

function namesIn(folder: string): string[] {
  return readdirSync(fsPath(folder), { encoding: 'latin1' }).map(nameFromBytes)
}

function found(path: string): { path: string; stat: Stats } | null {
  const stat = lstatSync(fsPath(path), { throwIfNoEntry: false })
  return stat === undefined ? null : { path, stat }
}
