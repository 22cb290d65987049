import { lstatSync, readdirSync, renameSync, type Dirent } from 'node:fs'
import { join } from 'node:path'
import { removeTree } from '../../checkpoints/remove-tree'
import { expectFsError } from '../../workspace/fs-errors'
import { CACHES } from './branch-folders'

/** `<branch>.<process>.<number>`: the folder of one opened sandbox. */
const SANDBOX_FOLDER = /^.+\.\d+\.\d+$/

export interface Collected {
  readonly removed: number
  /** Folders that could not be removed, with what the system said. They are tried again the next time. */
  readonly problems: readonly string[]
}

/**
 * Removes the folders of sandboxes that a killed kernel left in the folders of its runs, and the caches that only they used.
 * `isLive` is asked, with the whole path, for each folder that has the name of a sandbox's: it must answer true for those that are open
 * or being opened. What agents left there is data: links are removed and never followed. Gives the event loop its turns.
 */
export async function collectSandboxFolders(runsDir: string, isLive: (dir: string) => boolean): Promise<Collected> {
  let removed = 0
  const problems: string[] = []
  for (const run of foldersIn(runsDir)) {
    let hasLive = false
    for (const name of foldersIn(join(runsDir, run)).filter((folder) => SANDBOX_FOLDER.test(folder))) {
      const dir = join(runsDir, run, name)
      if (isLive(dir)) {
        hasLive = true
        continue
      }
      if (await tryRemove(dir, problems)) removed += 1
    }
    if (hasLive) continue
    // The fingerprints stay: they say what the dependencies were when the run began.
    for (const cache of [CACHES.skeletons, CACHES.masks]) {
      const unused = setAside(join(runsDir, run, cache))
      if (unused !== null) await tryRemove(unused, problems)
    }
  }
  return { removed, problems }
}

/** At once under another name, so that a sandbox which is opened meanwhile makes its own anew instead of losing it. */
function setAside(cache: string): string | null {
  const unused = `${cache}.unused`
  try {
    renameSync(cache, unused)
    return unused
  } catch (thrown) {
    expectFsError(thrown, 'ENOENT', 'ENOTEMPTY', 'EEXIST')
    return lstatSync(unused, { throwIfNoEntry: false }) === undefined ? null : unused
  }
}

async function tryRemove(dir: string, problems: string[]): Promise<boolean> {
  try {
    await removeTree(dir)
    return lstatSync(dir, { throwIfNoEntry: false }) === undefined
  } catch (thrown) {
    if (!(thrown instanceof Error)) throw thrown
    problems.push(`${dir}: ${thrown.message}`)
    return false
  }
}

/** Names of real folders; a link to one is none. */
function foldersIn(path: string): string[] {
  let entries: Dirent[]
  try {
    entries = readdirSync(path, { withFileTypes: true })
  } catch (thrown) {
    expectFsError(thrown, 'ENOENT')
    return []
  }
  return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name)
}
