import { chmodSync, lstatSync, mkdtempSync, statfsSync } from 'node:fs'
import { join } from 'node:path'
import { isAliveMark, kernelMark } from '../tools/sandboxes/kernel-mark'
import { expectFsError } from '../workspace/fs-errors'
import { namesIn } from './names-in'
import { removeTree } from './remove-tree'

const PLACE = '/dev/shm'
const TMPFS = 0x01021994
/** Taken only where there is plenty: what lies there is the machine's memory. */
const LEAST_FREE_BYTES = 1024 ** 3
const MAX_BYTES = 256 * 1024 ** 2
const PAGE_BYTES = 4096
/** A dash and what mkdtemp puts behind it. */
const SUFFIX_CHARS = 7

/**
 * A folder in memory for what is made again when it is gone: creating a thousand small files there takes a tenth of the time that a
 * disk's file system takes. Ends with `dispose`; what killed kernels left is removed by the next.
 */
export class MemoryFolder {
  readonly path: string
  #usedBytes = 0

  private constructor(path: string) {
    this.path = path
  }

  /** Null where there is no such place, or too little memory. */
  static open(): MemoryFolder | null {
    if (process.platform !== 'linux') return null
    try {
      const found = statfsSync(PLACE)
      if (found.type !== TMPFS || found.bavail * found.bsize < LEAST_FREE_BYTES) return null
      const folder = mkdtempSync(join(PLACE, `${prefix()}${kernelMark().replaceAll(':', '_')}-`))
      // Sandboxes of another user look into layers by their names, and cannot list them.
      chmodSync(folder, 0o711)
      return new MemoryFolder(folder)
    } catch (thrown) {
      expectFsError(thrown, 'ENOENT', 'EACCES', 'EPERM', 'EROFS', 'ENOSPC')
      return null
    }
  }

  /** Room for files of these sizes, and whether there is any; what was taken is given back by `giveBack`. */
  take(sizes: Iterable<number>): number | null {
    let bytes = 0
    for (const size of sizes) bytes += (Math.ceil(size / PAGE_BYTES) + 1) * PAGE_BYTES
    if (this.#usedBytes + bytes > MAX_BYTES) return null
    this.#usedBytes += bytes
    return bytes
  }

  giveBack(bytes: number): void {
    this.#usedBytes -= bytes
  }

  dispose(): Promise<void> {
    return removeTree(this.path)
  }
}

/** Colons separate the layers of a mount, so a mark is written without them. */
const prefix = (): string => `keyframe-${process.getuid?.()}-`

/** Removes the folders in memory of kernels of this user that are no more. */
export async function removeMemoryLeftovers(): Promise<void> {
  for (const name of process.platform === 'linux' ? namesIn(PLACE) : []) {
    if (!name.startsWith(prefix()) || isAliveMark(name.slice(prefix().length, -SUFFIX_CHARS).replaceAll('_', ':'))) continue
    const path = join(PLACE, name)
    const found = lstatSync(path, { throwIfNoEntry: false })
    if (found?.isDirectory() === true && found.uid === process.getuid?.()) await removeTree(path)
  }
}
