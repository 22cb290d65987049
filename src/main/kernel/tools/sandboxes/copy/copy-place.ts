import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { removeTree } from '../../../checkpoints/remove-tree'
import { fsCode } from '../../../workspace/fs-errors'
import { guestOwner, mustDropRoot } from '../guest-owner'

const PREFIX = 'keyframe-copy-'
/** In a folder elsewhere: the branch's own folder, whose absence says that nobody needs it any more. */
const OWNER_FILE = 'branch'

/** Host paths of a branch's folders, all of which the guest's user can reach. */
export interface CopyPlace {
  readonly root: string
  readonly workspace: string
  readonly exchange: string
  readonly home: string
  readonly tmp: string
  /** Programs that commands find on their PATH. */
  readonly bin: string
  /** Whether it lies elsewhere than in the branch's folder and is to be removed with the sandbox. */
  readonly isElsewhere: boolean
}

/**
 * In the branch's folder where the guest's user can reach that, otherwise (the application is root and keeps its data where nobody
 * else may look) in a folder of the system's temporary one: without a mount namespace a path is either reachable or it is not.
 */
export async function preparePlace(dir: string): Promise<CopyPlace> {
  makePassage(dir)
  const isElsewhere = mustDropRoot() && !isReachable(dirname(dir))
  if (isElsewhere) await sweep()
  const root = isElsewhere ? mkdtempSync(join(tmpdir(), PREFIX)) : dir
  if (isElsewhere) {
    writeFileSync(join(root, OWNER_FILE), dir, { mode: 0o600 })
    makePassage(root)
  }
  const place = { root, isElsewhere, ...foldersOf(root) }
  for (const [name, mode] of Object.entries({ exchange: 0o700, home: 0o700, tmp: 0o700 })) makeOwned(join(root, name), mode)
  makePassage(place.bin)
  return place
}

function foldersOf(root: string): Omit<CopyPlace, 'root' | 'isElsewhere'> {
  const [workspace, exchange, home, tmp, bin] = ['workspace', 'exchange', 'home', 'tmp', 'bin'].map((name) => join(root, name))
  return { workspace: workspace ?? root, exchange: exchange ?? root, home: home ?? root, tmp: tmp ?? root, bin: bin ?? root }
}

/** Stays the application's own; the guest's group only passes through to what belongs to the guest, and nobody else. */
function makePassage(path: string): void {
  mkdirSync(path, { recursive: true })
  if (mustDropRoot()) chownSync(path, 0, guestOwner().gid)
  chmodSync(path, mustDropRoot() ? 0o750 : 0o700)
}

function makeOwned(path: string, mode: number): void {
  mkdirSync(path, { recursive: true })
  chmodSync(path, mode)
  if (mustDropRoot()) chownSync(path, guestOwner().uid, guestOwner().gid)
}

/** Whether the guest's user may pass through every folder on the way. */
export function isReachable(path: string): boolean {
  const owner = guestOwner()
  for (let folder = path; ; folder = dirname(folder)) {
    const found = statSync(folder)
    const bit = found.uid === owner.uid ? 0o100 : found.gid === owner.gid ? 0o010 : 0o001
    if ((found.mode & bit) === 0) return false
    if (folder === dirname(folder)) return true
  }
}

/** Folders whose branch is gone, left by a kernel that was killed. */
async function sweep(): Promise<void> {
  for (const name of readdirSync(tmpdir())) {
    if (!name.startsWith(PREFIX)) continue
    const folder = join(tmpdir(), name)
    // Only root's own: anybody may make folders there.
    const found = lstatSync(folder, { throwIfNoEntry: false })
    if (found?.isDirectory() !== true || found.uid !== 0) continue
    const branch = ownerOf(folder)
    if (branch !== null && !existsSync(branch)) await removeTree(folder)
  }
}

function ownerOf(folder: string): string | null {
  try {
    return readFileSync(join(folder, OWNER_FILE), 'utf8')
  } catch (thrown) {
    // Being made or being removed at this moment.
    if (fsCode(thrown) === 'ENOENT') return null
    throw thrown
  }
}
