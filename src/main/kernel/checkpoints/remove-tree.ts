import { chmodSync, lstatSync, readdirSync, rmdirSync, unlinkSync } from 'node:fs'
import { expectFsError } from '../workspace/fs-errors'
import { fsPath, nameFromBytes } from '../workspace/path-bytes'
import { Slices } from '../workspace/slices'

/**
 * Deletes a tree that an agent may have shaped: folders without permissions (and overlay's `work/work`, mode 000) are opened up
 * first, links are removed and never followed. Gives the event loop its turns; idempotent.
 */
export async function removeTree(path: string, slices = new Slices()): Promise<void> {
  const at = fsPath(path)
  try {
    const stat = lstatSync(at)
    if (!stat.isDirectory()) {
      unlinkSync(at)
      return
    }
    if ((stat.mode & 0o700) !== 0o700) chmodSync(at, 0o700)
    for (const raw of readdirSync(at, { encoding: 'latin1' })) {
      if (slices.due()) await slices.rest()
      await removeTree(`${path}/${nameFromBytes(raw)}`, slices)
    }
    rmdirSync(at)
  } catch (thrown) {
    expectFsError(thrown, 'ENOENT')
  }
}
