import { createHash } from 'node:crypto'
import { chown, mkdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { dependencyFingerprint, folderNames } from './dependency-fingerprint'
import { guestOwner } from './guest-owner'

/** A folder tree beyond this is not a dependency folder that a skeleton helps with. */
const MAX_FOLDERS = 200_000

/**
 * A layer of empty folders that belong to the guest, put between a branch's upper and a live dependency folder whose files
 * belong to somebody else (the application is root, the guest is not). Overlayfs takes the attributes of a merged folder
 * from the uppermost layer that has it, so new files can be made in existing folders (node_modules/.vite and other caches).
 * What still fails, because overlayfs would have to copy a file up under an owner that the guest's namespace does not know:
 * writing to, renaming or changing the mode of an existing file of the live folder (EOVERFLOW, or before that EACCES and EPERM
 * for a file that is not the guest's). Deleting one and putting another in its place works.
 *
 * Made once for each live folder and state of its first two levels, in `cacheDir`; a folder that appears deeper later is
 * only read-only until then. Null when the live folder belongs to the guest anyway.
 */
export async function dependencySkeleton(liveDir: string, cacheDir: string): Promise<string | null> {
  const owner = guestOwner()
  const live = await stat(liveDir)
  if (live.uid === owner.uid) return null
  const name = createHash('sha256')
    .update(`${liveDir}\0${await dependencyFingerprint(liveDir)}`)
    .digest('hex')
  const folder = join(cacheDir, name.slice(0, 32))
  const complete = await stat(folder).then(
    () => true,
    (thrown: NodeJS.ErrnoException) => {
      if (thrown.code === 'ENOENT') return false
      throw thrown
    },
  )
  if (complete) return folder
  await mkdir(cacheDir, { recursive: true, mode: 0o711 })
  const building = `${folder}.${process.pid}`
  await rm(building, { recursive: true, force: true })
  await copyFolders(liveDir, building, owner)
  // Two sandboxes may build the same one at once: the first rename wins, the other's work is thrown away.
  try {
    await rename(building, folder)
  } catch (thrown) {
    const code = (thrown as NodeJS.ErrnoException).code
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw thrown
    await rm(building, { recursive: true, force: true })
  }
  return folder
}

async function copyFolders(from: string, to: string, owner: { uid: number; gid: number }): Promise<void> {
  const queue = ['']
  let made = 0
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    const target = join(to, next)
    await mkdir(target)
    await chown(target, owner.uid, owner.gid)
    made += 1
    if (made > MAX_FOLDERS) return
    for (const name of await folderNames(join(from, next))) queue.push(join(next, name))
  }
}
