import { closeSync, constants, lstatSync, openSync, unlinkSync } from 'node:fs'
import { basename, dirname } from 'node:path'

/** What fits into `sun_path` of the systems in use, with its final zero. */
const MAX_PATH_BYTES = 103

/**
 * A path to listen on, for a socket at `path`: data folders may be longer than a socket's name may be, in which case it is named
 * through a descriptor of its folder. `release` once it is no longer listened on. Removes a socket that an earlier process left.
 */
export function socketAddress(path: string): { path: string; release(): void } {
  if (lstatSync(path, { throwIfNoEntry: false })?.isSocket() === true) unlinkSync(path)
  if (Buffer.byteLength(path) <= MAX_PATH_BYTES || process.platform !== 'linux') return { path, release: () => undefined }
  const folder = openSync(dirname(path), constants.O_RDONLY | constants.O_DIRECTORY)
  return { path: `/proc/self/fd/${folder}/${basename(path)}`, release: () => closeSync(folder) }
}
