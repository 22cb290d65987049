import { chmodSync, chownSync, lstatSync, mkdirSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { createHash } from 'node:crypto'
import { dirname, join } from 'node:path'
import { KeyframeError } from '../../../../shared/failure'
import { dependencySkeleton } from './dependency-skeleton'
import { GUEST_NODE, guestEtc, guestViewArgs, relativePath } from './guest-view'
import { guestOwner, mustDropRoot } from './guest-owner'
import { startHolder, type HolderPlan, type OverlayMount } from './holder'
import { hostPrograms, type HostPrograms } from './host-programs'
import { OverlayBranch } from './overlay-branch'
import type { Sandbox, SandboxProvider, SandboxSpec } from './sandbox'
import { prepareLaunchDir } from './sandbox-launch'
import { seccompProgram } from './seccomp-program'
import { findToolchains, isWorldReadable, type Toolchains } from './toolchains'

/**
 * Sandboxes of user namespaces, overlayfs and bubblewrap. Nothing is started before `open`, which throws
 * `sandbox.missing-program` or `sandbox.holder-failed` where the system does not allow it; `detectIsolation` says so before.
 * `nodePath` is the Node program that guests find as `node` when they have no other.
 */
export function createOverlayProvider(options: { nodePath: string }): SandboxProvider {
  const toolchains = findToolchains(process.env['PATH'] ?? '')
  const seccomp = seccompProgram({ profile: 'build-tools', trace: false })
  return {
    level: 'overlay',
    guarantees: [],
    open: (spec) => openOverlay(spec, options.nodePath, toolchains, seccomp),
  }
}

async function openOverlay(spec: SandboxSpec, nodePath: string, toolchains: Toolchains, seccomp: Buffer): Promise<Sandbox> {
  const programs: HostPrograms = hostPrograms()
  const owner = guestOwner()
  const makeOwned = (path: string, mode: number): void => {
    mkdirSync(path, { recursive: true })
    chmodSync(path, mode)
    if (mustDropRoot()) chownSync(path, owner.uid, owner.gid)
  }
  /** Stays the application's own; the guest's group only passes through to what belongs to the guest, and nobody else. */
  const makePassage = (path: string): void => {
    mkdirSync(path, { recursive: true })
    if (mustDropRoot()) chownSync(path, 0, owner.gid)
    chmodSync(path, mustDropRoot() ? 0o710 : 0o700)
  }
  makePassage(spec.dir)
  makeOwned(join(spec.dir, 'upper'), 0o755)
  makeOwned(join(spec.dir, 'work'), 0o700)
  makeOwned(join(spec.dir, 'exchange'), 0o700)

  const overlays: OverlayMount[] = [
    { at: '', lowers: [...(spec.layerDir === null ? [] : [spec.layerDir]), spec.baseDir], upper: 'upper', work: 'work' },
  ]
  // Parents before what lies in them.
  const dependencies = [...spec.dependencies].sort((a, b) => a.path.split('/').length - b.path.split('/').length)
  for (const dependency of dependencies) {
    const at = relativePath(dependency.path)
    // The base always has it; where it is missing in the merged view, the agent took it away and the mount is left out.
    if (!lstatSync(join(spec.baseDir, at), { throwIfNoEntry: false })?.isDirectory()) {
      throw new KeyframeError({ code: 'sandbox.no-mount-point', message: `The base has no folder ${at} to mount the dependencies on.` })
    }
    const name = `dependencies/${createHash('sha256').update(at).digest('hex').slice(0, 16)}`
    for (const folder of ['dependencies', name]) makePassage(join(spec.dir, folder))
    makeOwned(join(spec.dir, name, 'upper'), 0o755)
    makeOwned(join(spec.dir, name, 'work'), 0o700)
    const skeleton = await dependencySkeleton(dependency.liveDir, join(dirname(spec.dir), '.skeletons'))
    const lowers = [...(skeleton === null ? [] : [skeleton]), dependency.liveDir]
    overlays.push({ at, lowers, upper: `${name}/upper`, work: `${name}/work` })
  }

  const wanted = [
    { hostPath: nodePath, guestPath: GUEST_NODE },
    ...spec.binds,
    ...toolchains.folders.map((folder) => ({ hostPath: folder, guestPath: folder })),
  ]
  const staged: { hostPath: string; isDirectory: boolean }[] = []
  const places: { to: string; direct: string | null; index: number }[] = []
  for (const bind of wanted) {
    const direct = !mustDropRoot() || isWorldReadable(bind.hostPath)
    places.push({ to: bind.guestPath, direct: direct ? bind.hostPath : null, index: staged.length })
    if (!direct) staged.push({ hostPath: bind.hostPath, isDirectory: (await stat(bind.hostPath)).isDirectory() })
  }
  const directSources = places.flatMap((place) => place.direct ?? [])
  const etc = guestEtc()
  const plan: HolderPlan = { branchDir: spec.dir, overlays, staged, etc, keepVisible: directSources }
  const holder = await startHolder(plan, programs)

  const launchDir = join(spec.dir, 'launch')
  prepareLaunchDir(launchDir)
  const viewArgs = guestViewArgs({
    merged: holder.merged,
    exchange: `${holder.branch}/exchange`,
    etc: { path: holder.etc, contents: etc },
    binds: places.map((place) => ({ from: place.direct ?? holder.stagedPath(place.index), to: place.to })),
    toolchains,
  })
  return new OverlayBranch({ holder, programs, viewArgs, seccomp, limits: spec.limits, launchDir }, pathOf(spec, toolchains), spec.dir)
}

function pathOf(spec: SandboxSpec, toolchains: Toolchains): Toolchains {
  return spec.pinnedNodeFirst === true ? { ...toolchains, path: [dirname(GUEST_NODE), ...toolchains.path] } : toolchains
}
