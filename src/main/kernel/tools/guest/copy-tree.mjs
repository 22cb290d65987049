// Runs inside the sandbox. Moving what rename(2) cannot move.
import {
  chmodSync,
  constants,
  copyFileSync,
  lchownSync,
  lutimesSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { onDisk, textOfBytes } from './path-bytes.mjs'
import { temporaryName } from './text-files.mjs'
import { GuestFailure, lstatOrNull } from './workspace-paths.mjs'

/**
 * rename(2) of a directory that lies in a lower layer of an overlay fails with EXDEV: it is copied under a temporary name, put in its
 * place in one step and only then removed where it was, so that at every moment all of it is there. The target must not exist.
 */
export function moveEntry(from, to) {
  if (lstatOrNull(to) !== null) throw Object.assign(new Error('exists'), { code: 'EEXIST' })
  mkdirSync(onDisk(dirname(to)), { recursive: true })
  try {
    renameSync(onDisk(from), onDisk(to))
    return
  } catch (error) {
    if (error.code !== 'EXDEV') throw error
  }
  const copy = join(dirname(to), temporaryName(basename(to)))
  try {
    copyTree(from, copy)
    renameSync(onDisk(copy), onDisk(to))
  } catch (error) {
    rmSync(onDisk(copy), { recursive: true, force: true })
    throw error
  }
  try {
    rmSync(onDisk(from), { recursive: true })
  } catch (error) {
    // Part of the source may be gone by now, so the copy stays: it is whole.
    throw new GuestFailure('fs.half-moved', `It was copied to its new place, but the old one could not be removed (${error.code}).`, {
      copied: true,
    })
  }
}

function copyTree(from, to) {
  const stat = lstatOrNull(from)
  if (stat === null) throw Object.assign(new Error('gone'), { code: 'ENOENT' })
  if (stat.isSymbolicLink()) symlinkSync(readlinkSync(onDisk(from), 'buffer'), onDisk(to))
  else if (stat.isFile()) copyFileSync(onDisk(from), onDisk(to), constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE)
  else if (stat.isDirectory()) {
    mkdirSync(onDisk(to), { mode: 0o700 })
    for (const name of readdirSync(onDisk(from), 'buffer')) copyTree(`${from}/${textOfBytes(name)}`, `${to}/${textOfBytes(name)}`)
  } else throw new GuestFailure('fs.not-a-file', `${basename(from)} is a pipe, socket or device, which cannot be moved across layers.`)
  if (!stat.isSymbolicLink()) chmodSync(onDisk(to), stat.mode & 0o7777)
  keepOwner(to, stat)
  lutimesSync(onDisk(to), stat.atime, stat.mtime)
}

function keepOwner(to, stat) {
  if (lstatOrNull(to)?.gid === stat.gid) return
  try {
    lchownSync(onDisk(to), -1, stat.gid)
  } catch (error) {
    // Who may not give a file to a group could not have kept it by any other way either.
    if (error.code !== 'EPERM' && error.code !== 'EINVAL') throw error
  }
}
