import { createHash } from 'node:crypto'
import { chmodSync, chownSync, lstatSync, mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { KeyframeError } from '../../../../shared/failure'
import { hasChangedSinceBase } from './dependency-fingerprint'
import { dependencySkeleton } from './dependency-skeleton'
import { guestOwner, mustDropRoot } from './guest-owner'
import { relativePath } from './guest-view'
import type { OverlayMount } from './holder'
import type { HostPrograms } from './host-programs'
import { maskLayer } from './mask-layer'
import type { SandboxProfile, SandboxSpec } from './sandbox'

/** Of the branch's own folders those that its commands can fill, next to the dependencies' uppers. */
const FILLABLE_FOLDERS = ['upper', 'tmp', 'home', 'exchange']

/** Private folder of the proxy's socket, below the branch's. */
export const EGRESS_FOLDER = 'egress'

/** Caches that the branches of a run share, beside their folders. */
export const CACHES = { skeletons: '.skeletons', masks: '.masks', fingerprints: '.fingerprints' } as const

export interface BranchFolders {
  readonly overlays: readonly OverlayMount[]
  /** What the disk limit counts. Relative to the branch's folder. */
  readonly fillable: readonly string[]
  readonly notices: readonly string[]
}

/** Makes the folders of a branch and says what is to be mounted from them. What is there already is kept. */
export async function makeBranchFolders(spec: SandboxSpec, profile: SandboxProfile, programs: HostPrograms): Promise<BranchFolders> {
  makePassage(spec.dir)
  makeOwned(join(spec.dir, 'upper'), 0o755)
  makeOwned(join(spec.dir, 'work'), 0o700)
  makeOwned(join(spec.dir, 'exchange'), 0o700)
  makeOwned(join(spec.dir, 'tmp'), 0o1777)
  makeOwned(join(spec.dir, 'home'), 0o700)
  makePassage(join(spec.dir, 'dependencies'))
  makePassage(join(spec.dir, EGRESS_FOLDER))
  const shared = dirname(spec.dir)
  const mask = await maskLayer(spec.baseDir, profile.masked, join(shared, CACHES.masks), programs)
  const lowers = [...(spec.layerDir === null ? [] : [spec.layerDir]), ...(mask === null ? [] : [mask]), spec.baseDir]
  const overlays: OverlayMount[] = [{ at: '', lowers, upper: 'upper', work: 'work' }]
  const notices: string[] = []
  // Parents before what lies in them.
  const dependencies = [...spec.dependencies].sort((a, b) => a.path.split('/').length - b.path.split('/').length)
  for (const dependency of dependencies) {
    const at = relativePath(dependency.path)
    // The base always has it; where it is missing in the merged view, the agent took it away and the mount is left out.
    if (!lstatSync(join(spec.baseDir, at), { throwIfNoEntry: false })?.isDirectory()) {
      throw new KeyframeError({ code: 'sandbox.no-mount-point', message: `The base has no folder ${at} to mount the dependencies on.` })
    }
    if (!lstatSync(dependency.liveDir, { throwIfNoEntry: false })?.isDirectory()) {
      notices.push(`${at} is not mounted: the repository has no such folder any more.`)
      continue
    }
    const name = `dependencies/${createHash('sha256').update(at).digest('hex').slice(0, 16)}`
    makePassage(join(spec.dir, name))
    makeOwned(join(spec.dir, name, 'upper'), 0o755)
    makeOwned(join(spec.dir, name, 'work'), 0o700)
    const skeleton = await dependencySkeleton(dependency.liveDir, join(shared, CACHES.skeletons))
    const layers = [...(skeleton === null ? [] : [skeleton]), dependency.liveDir]
    overlays.push({ at, lowers: layers, upper: `${name}/upper`, work: `${name}/work` })
    if (await hasChangedSinceBase(dependency.liveDir, spec.baseDir, join(shared, CACHES.fingerprints))) {
      notices.push(`${at} was changed in the repository since the run began: earlier frames saw other dependencies.`)
    }
  }
  const fillable = [...FILLABLE_FOLDERS, ...overlays.slice(1).map((overlay) => overlay.upper)]
  return { overlays, fillable, notices }
}

function makeOwned(path: string, mode: number): void {
  const { uid, gid } = guestOwner()
  mkdirSync(path, { recursive: true })
  if (mustDropRoot()) chownSync(path, uid, gid)
  chmodSync(path, mode)
}

/** Stays the application's own; the guest's group only passes through to what belongs to the guest, and nobody else. */
function makePassage(path: string): void {
  mkdirSync(path, { recursive: true })
  if (mustDropRoot()) chownSync(path, 0, guestOwner().gid)
  chmodSync(path, mustDropRoot() ? 0o710 : 0o700)
}
