import { constants, lstatSync, readdirSync, rmdirSync, rmSync, symlinkSync, unlinkSync } from 'node:fs'
import { copyFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { expectFsError, fsCode } from '../../../workspace/fs-errors'
import { fsPath, nameFromBytes } from '../../../workspace/path-bytes'
import { Slices } from '../../../workspace/slices'
import { hasChangedSinceBase } from '../dependency-fingerprint'
import type { SandboxSpec } from '../sandbox'
import { isReachable } from './copy-place'
import { TreeCopier } from './copy-workspace'

/** What is still copied byte by byte where blocks cannot be shared: about five seconds of work. */
const MAX_COPIED_FILES = 50_000
const MAX_COPIED_BYTES = 2 * 1024 ** 3

/** What the live folders looked like when the run began, shared by its branches beside their folders. */
const FINGERPRINTS = '.fingerprints'

/**
 * Puts the live dependency folders into a copy. A copy of its own each, so that nothing done in the branch reaches the user's: by
 * shared blocks where the file system can, byte by byte up to a size. Beyond that a link to the live folder, of which a notice
 * warns. Returns the notices.
 */
export async function copyDependencies(workspace: string, { dir, baseDir, dependencies }: SandboxSpec): Promise<string[]> {
  const notices: string[] = []
  // Parents before what lies in them.
  for (const { path, liveDir } of [...dependencies].sort((a, b) => a.path.split('/').length - b.path.split('/').length)) {
    const to = join(workspace, path)
    // Where the mount point is missing, the agent took it away together with its folder.
    if (lstatSync(to, { throwIfNoEntry: false })?.isDirectory() !== true) continue
    if (lstatSync(liveDir, { throwIfNoEntry: false })?.isDirectory() !== true) {
      notices.push(`${path} is not in the repository any more and was left out.`)
      continue
    }
    if (await hasChangedSinceBase(liveDir, baseDir, join(dirname(dir), FINGERPRINTS))) {
      notices.push(`${path} was changed in the repository since the run began: earlier frames saw other dependencies.`)
    }
    if ((await sharesBlocks(liveDir, to)) || (await isSmall(liveDir))) {
      const unreadable = await copyTree(liveDir, to)
      if (unreadable > 0) notices.push(`${unreadable} entries of ${path} cannot be read and were left out.`)
    } else if (isReachable(liveDir)) {
      rmdirSync(to)
      symlinkSync(liveDir, to)
      notices.push(`${path} is too large to be copied: it is the live folder itself, and what is written to it is written there.`)
    } else {
      notices.push(`${path} is too large to be copied and was left out: its folder is not open to other users.`)
    }
  }
  return notices
}

/** Tried on the first file that is found. */
async function sharesBlocks(from: string, to: string): Promise<boolean> {
  const probe = join(to, '.keyframe-probe')
  const file = firstFile(from)
  if (file === null) return true
  try {
    await copyFile(fsPath(file), probe, constants.COPYFILE_FICLONE_FORCE)
    unlinkSync(probe)
    return true
  } catch (thrown) {
    if (fsCode(thrown) === null) throw thrown
    rmSync(probe, { force: true })
    return false
  }
}

function firstFile(folder: string): string | null {
  const queue = [folder]
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    for (const { name, path } of entries(next)) {
      const stat = lstatSync(fsPath(path), { throwIfNoEntry: false })
      if (stat?.isFile() === true) return path
      if (stat?.isDirectory() === true && name !== '.cache') queue.push(path)
    }
  }
  return null
}

async function isSmall(folder: string): Promise<boolean> {
  const slices = new Slices()
  const queue = [folder]
  let files = 0
  let bytes = 0
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    for (const { path } of entries(next)) {
      if (slices.due()) await slices.rest()
      const stat = lstatSync(fsPath(path), { throwIfNoEntry: false })
      if (stat?.isDirectory() === true) queue.push(path)
      files += 1
      bytes += stat?.size ?? 0
      if (files > MAX_COPIED_FILES || bytes > MAX_COPIED_BYTES) return false
    }
  }
  return true
}

/** Into a folder that is there. Returns how many entries could not be read. */
async function copyTree(from: string, to: string): Promise<number> {
  const copier = new TreeCopier(false)
  await copier.whole(() => copier.copyEntries(from, to))
  return copier.unreadable
}

/** None of a folder that cannot be read. */
function entries(folder: string): { name: string; path: string }[] {
  try {
    return readdirSync(fsPath(folder), { encoding: 'latin1' }).map((raw) => {
      const name = nameFromBytes(raw)
      return { name, path: `${folder}/${name}` }
    })
  } catch (thrown) {
    expectFsError(thrown, 'EACCES', 'ENOENT')
    return []
  }
}
