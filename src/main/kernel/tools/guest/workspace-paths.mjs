// Runs inside the sandbox. Paths of a branch: relative to the workspace, which is the directory this process was started in. Absolute
// paths in here are texts in which odd bytes are escaped (path-bytes.mjs); `onDisk` is put around them where `fs` is called.
import { lstatSync, realpathSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { onDisk, textOfBytes } from './path-bytes.mjs'

/** An expected failure; its code and details reach the caller as they are. */
export class GuestFailure extends Error {
  constructor(code, message, details) {
    super(message)
    this.code = code
    this.details = details
  }
}

export const workspaceRoot = realOf(process.cwd())

const MAX_LINKED_PARENTS = 256

function realOf(absolute) {
  return textOfBytes(realpathSync.native(onDisk(absolute), 'buffer'))
}

/** `/`-separated parts without empty ones and `.`; refuses what could leave the workspace or reach `.git`. */
export function normalisePath(path) {
  if (path.startsWith('/')) throw new GuestFailure('fs.bad-path', `${path} is absolute: paths are relative to the workspace.`)
  if (path.includes('\0') || path.includes('\\x00')) throw new GuestFailure('fs.bad-path', 'A path cannot hold a NUL character.')
  if (/\\x2[ef]/.test(path)) throw new GuestFailure('fs.bad-path', `${path} escapes a character that is plain text.`)
  const parts = path.split('/').filter((part) => part !== '' && part !== '.')
  if (parts.includes('..')) throw new GuestFailure('fs.bad-path', `${path} goes up with "..": paths are relative to the workspace.`)
  refuseGit(parts, path)
  return parts.join('/')
}

function refuseGit(parts, path) {
  if (parts.some((part) => Buffer.from(onDisk(part)).toString('latin1').toLowerCase() === '.git')) {
    throw new GuestFailure('fs.protected', `${path} is inside .git, which file tools do not touch.`)
  }
}

/**
 * The path on disk. `follow` resolves a link at the end as well (reading and writing go through links), otherwise only links
 * in its parents (moving and removing act on the link). What it resolves to must be inside the workspace. `links` false: a path
 * with any link on it is refused.
 */
export function resolvePath(path, { follow = true, links = true } = {}) {
  const relative = normalisePath(path)
  const wanted = join(workspaceRoot, relative)
  const absolute =
    relative === '' ? workspaceRoot : follow ? realOrWanted(wanted, path) : join(realOrWanted(dirname(wanted), path), basename(wanted))
  if (!links && absolute !== wanted) throw new GuestFailure('fs.is-link', `${path} leads through a link, which was not to be followed.`)
  checkInside(absolute, path)
  return { relative, absolute }
}

function checkInside(absolute, path) {
  if (absolute === workspaceRoot) return
  if (!absolute.startsWith(`${workspaceRoot}/`)) {
    throw new GuestFailure('fs.outside-workspace', `${path} leads out of the workspace through a link.`)
  }
  refuseGit(absolute.slice(workspaceRoot.length + 1).split('/'), path)
}

/** Real path of the longest part that exists, plus the rest. A link whose target is missing is refused: writing would make it anywhere. */
function realOrWanted(wanted, path) {
  let existing = wanted
  const missing = []
  for (let depth = 0; depth < MAX_LINKED_PARENTS; depth += 1) {
    try {
      return join(realOf(existing), ...missing)
    } catch (error) {
      if (error.code !== 'ENOENT') throw error
    }
    if (lstatOrNull(existing) !== null) throw new GuestFailure('fs.dangling-link', `${path} is a link to something that is not there.`)
    missing.unshift(basename(existing))
    existing = dirname(existing)
  }
  throw new GuestFailure('fs.bad-path', `${path} has too many parts.`)
}

/** lstat, or null when there is nothing. */
export function lstatOrNull(absolute, options) {
  try {
    return lstatSync(onDisk(absolute), options)
  } catch (error) {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return null
    throw error
  }
}

export function typeOf(stat) {
  if (stat === null) return 'absent'
  if (stat.isFile()) return 'file'
  if (stat.isDirectory()) return 'directory'
  return stat.isSymbolicLink() ? 'symlink' : 'other'
}

const FAILURES = {
  ENOENT: ['fs.not-found', 'is not there'],
  ENOTDIR: ['fs.not-a-directory', 'has a file where a directory is needed'],
  EISDIR: ['fs.is-directory', 'is a directory'],
  EEXIST: ['fs.exists', 'is already there'],
  ENOTEMPTY: ['fs.exists', 'is already there'],
  ELOOP: ['fs.link-loop', 'is a link that leads in a circle'],
  ENAMETOOLONG: ['fs.bad-path', 'has a name that is too long'],
  EACCES: ['fs.permission', 'may not be used this way'],
  EPERM: ['fs.permission', 'may not be used this way'],
  EROFS: ['fs.permission', 'is on a read-only file system'],
  EOVERFLOW: ['fs.permission', 'belongs to a user that is not known in the sandbox'],
  ENOSPC: ['fs.no-space', 'could not be written: the disk is full'],
  EDQUOT: ['fs.no-space', 'could not be written: the disk is full'],
}

/** What to answer for whatever was thrown while `path` was worked on. */
export function failureOf(error, path) {
  if (error instanceof GuestFailure) return { code: error.code, message: error.message, details: error.details }
  const known = FAILURES[error?.code]
  if (known) return { code: known[0], message: `${path} ${known[1]}.` }
  return { code: 'fs.failed', message: `${path}: ${error instanceof Error ? error.message : String(error)}` }
}
