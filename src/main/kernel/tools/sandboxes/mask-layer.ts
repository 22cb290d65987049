import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, chownSync, existsSync, linkSync, lstatSync, mkdirSync, renameSync, utimesSync, type Stats } from 'node:fs'
import { dirname, join } from 'node:path'
import { KeyframeError } from '../../../../shared/failure'
import { removeTree } from '../../checkpoints/remove-tree'
import { Slices } from '../../workspace/slices'
import { guestOwner, mustDropRoot } from './guest-owner'
import { relativePath } from './guest-view'
import type { HostPrograms } from './host-programs'

/** ext4 allows 65,000 names of one file. */
const NAMES_EACH = 50_000

let builds = 0

/**
 * A layer of whiteouts between the base and what lies above it: files and folders of the base that a role may not read do not
 * exist for it. Nothing of it can reach an upper directory, so what a capture sees is not disturbed: a file that an agent makes
 * under such a name is a change of that file, and none is deleted by not being seen. Made once for each base and list, in
 * `cacheDir`. Null when none of the paths is in the base. Throws `sandbox.no-mask` where the system makes no whiteouts.
 */
export async function maskLayer(
  baseDir: string,
  masked: readonly string[],
  cacheDir: string,
  programs: HostPrograms,
): Promise<string | null> {
  const paths = await presentIn(baseDir, outermost(masked.map(relativePath)))
  if (paths.length === 0) return null
  const key = createHash('sha256')
    .update(JSON.stringify([baseDir, paths]))
    .digest('hex')
    .slice(0, 32)
  const layer = join(cacheDir, key)
  if (existsSync(layer)) return layer
  mkdirSync(cacheDir, { recursive: true, mode: 0o711 })
  builds += 1
  const building = `${layer}.${process.pid}.${builds}`
  mkdirSync(building)
  adoptAttributes(building, lstatSync(baseDir))
  await placeWhiteouts(building, baseDir, paths, programs)
  try {
    renameSync(building, layer)
  } catch (thrown) {
    const code = (thrown as NodeJS.ErrnoException).code
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw thrown
    // Another sandbox was made with the same mask meanwhile.
    await removeTree(building)
  }
  return layer
}

/** A folder takes with it what lies in it. */
function outermost(paths: readonly string[]): string[] {
  const kept = new Set<string>()
  // A folder's name comes before those of what lies in it.
  for (const path of [...new Set(paths)].sort()) if (path !== '' && !parentsOf(path).some((folder) => kept.has(folder))) kept.add(path)
  return [...kept]
}

/** Those that the base has. A name behind a link is not a name of the base. */
async function presentIn(baseDir: string, paths: readonly string[]): Promise<string[]> {
  const slices = new Slices()
  const folders = new Map<string, boolean>()
  const isFolder = (path: string): boolean => {
    const known = folders.get(path) ?? lstatSync(join(baseDir, path), { throwIfNoEntry: false })?.isDirectory() === true
    folders.set(path, known)
    return known
  }
  const present: string[] = []
  for (const path of paths) {
    if (slices.due()) await slices.rest()
    if (parentsOf(path).every(isFolder) && lstatSync(join(baseDir, path), { throwIfNoEntry: false }) !== undefined) present.push(path)
  }
  return present
}

async function placeWhiteouts(layer: string, baseDir: string, paths: readonly string[], programs: HostPrograms): Promise<void> {
  const slices = new Slices()
  const folders: string[] = []
  let first = ''
  for (const [index, path] of paths.entries()) {
    if (slices.due()) await slices.rest()
    for (const folder of parentsOf(path)) {
      if (existsSync(join(layer, folder))) continue
      mkdirSync(join(layer, folder))
      folders.push(folder)
    }
    const target = join(layer, path)
    if (index % NAMES_EACH === 0) {
      await makeWhiteout(target, programs)
      first = target
    } else linkSync(first, target)
  }
  // Overlayfs shows the attributes of the uppermost layer that has a folder. Innermost first, for the sake of the times.
  for (const folder of folders.toReversed()) adoptAttributes(join(layer, folder), lstatSync(join(baseDir, folder)))
  adoptAttributes(layer, lstatSync(baseDir))
}

function parentsOf(path: string): string[] {
  const found: string[] = []
  for (let folder = dirname(path); folder !== '.'; folder = dirname(folder)) found.unshift(folder)
  return found
}

function adoptAttributes(path: string, of: Stats): void {
  if (mustDropRoot()) chownSync(path, of.uid, of.gid)
  chmodSync(path, of.mode & 0o7777)
  utimesSync(path, of.atimeMs / 1000, of.mtimeMs / 1000)
}

/** A character device 0:0, which needs no privilege since Linux 5.8. */
async function makeWhiteout(path: string, programs: HostPrograms): Promise<void> {
  const complaint = await new Promise<string | null>((resolve) => {
    execFile(programs.mknod, [path, 'c', '0', '0'], { env: {}, cwd: '/' }, (error, _stdout, stderr) =>
      resolve(error ? stderr.trim() || error.message : null),
    )
  })
  if (complaint !== null) {
    throw new KeyframeError({
      code: 'sandbox.no-mask',
      message: `Files that the role may not read cannot be hidden: ${complaint}`,
      action: 'Choose a role that may read the whole workspace, or put the data folder on a local file system.',
    })
  }
  if (mustDropRoot()) chownSync(path, guestOwner().uid, guestOwner().gid)
}
