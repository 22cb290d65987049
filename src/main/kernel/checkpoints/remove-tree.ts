import { randomUUID } from 'node:crypto'
import { chmodSync, lstatSync, readdirSync, renameSync, rmdirSync, unlinkSync } from 'node:fs'
import { expectFsError } from '../workspace/fs-errors'
import { fsPath, isKeptPath, nameFromBytes } from '../workspace/path-bytes'
import { Slices } from '../workspace/slices'

/** A folder of somebody else's (an engine's `work/work`) cannot be opened up; an empty one can be removed all the same. */
function openUp(folder: string | Buffer): void {
  try {
    chmodSync(folder, 0o700)
  } catch (thrown) {
    expectFsError(thrown, 'EPERM')
    rmdirSync(folder)
  }
}

/**
 * Deletes a tree that an agent may have shaped: folders without permissions (and overlay's `work/work`, mode 000) are opened up
 * first, links are removed and never followed. Gives the event loop its turns; idempotent.
 */
export async function removeTree(path: string, slices = new Slices(), top = path): Promise<void> {
  const at = fsPath(path)
  if (path !== top && !isKeptPath(path)) {
    // Deeper than a path may be long: it is moved to where its name is short.
    const higher = `${top}/.deep-${randomUUID()}`
    renameSync(at, fsPath(higher))
    return removeTree(higher, slices, top)
  }
  try {
    const stat = lstatSync(at)
    if (!stat.isDirectory()) {
      unlinkSync(at)
      return
    }
    if ((stat.mode & 0o700) !== 0o700) openUp(at)
    for (const raw of readdirSync(at, { encoding: 'latin1' })) {
      if (slices.due()) await slices.rest()
      await removeTree(`${path}/${nameFromBytes(raw)}`, slices, top)
    }
    rmdirSync(at)
  } catch (thrown) {
    expectFsError(thrown, 'ENOENT')
  }
}
