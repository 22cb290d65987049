import { chmodSync, closeSync, constants, fstatSync, openSync } from 'node:fs'
import type { Stats } from 'node:fs'
import { fsCode } from '../workspace/fs-errors'

export interface GuardedFile {
  readonly fd: number
  /** Closes it and puts back permission bits that had to be lent. */
  close(): void
}

/** Linux has it, Node does not name it: a handle to an object that gives no access to its content. */
const O_PATH = 0o10000000

/**
 * Opens what an agent left, never following a link and never waiting for a pipe's other end. When its owner (this user) took
 * the permission to read it away, the permission is lent through a handle to the very same object. Throws the file system's errors.
 */
export function guardedOpen(at: string | Buffer, stat: Stats, kind: 'file' | 'folder'): GuardedFile {
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK | (kind === 'folder' ? constants.O_DIRECTORY : 0)
  const needed = kind === 'folder' ? 0o500 : 0o400
  if ((stat.mode & needed) === needed || process.getuid?.() === 0 || stat.uid !== process.getuid?.()) {
    const fd = openSync(at, flags)
    return { fd, close: () => closeSync(fd) }
  }
  const handle = openSync(at, O_PATH | constants.O_NOFOLLOW)
  try {
    const found = fstatSync(handle)
    if (found.ino !== stat.ino || found.isSymbolicLink()) throw Object.assign(new Error('replaced while it was read'), { code: 'ELOOP' })
    const path = `/proc/self/fd/${handle}`
    chmodSync(path, (stat.mode & 0o7777) | needed)
    try {
      const fd = openSync(path, flags & ~constants.O_NOFOLLOW)
      return {
        fd,
        close: () => {
          chmodSync(path, stat.mode & 0o7777)
          closeSync(fd)
          closeSync(handle)
        },
      }
    } catch (thrown) {
      chmodSync(path, stat.mode & 0o7777)
      throw thrown
    }
  } catch (thrown) {
    closeSync(handle)
    throw thrown
  }
}

/** True for what a hostile or hurried tree can cause: unreadable, gone, replaced by a link, a device without a driver. */
export function isUnreadable(thrown: unknown): boolean {
  const code = fsCode(thrown)
  return code !== null && ['EACCES', 'EPERM', 'ENOENT', 'ELOOP', 'ENXIO', 'ENOTDIR', 'EIO', 'EOVERFLOW'].includes(code)
}
