import { stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { EGRESS_RELAY } from '../guest/guest-binds'
import { BranchEgress, PROXY_VARIABLES } from './branch-egress'
import { makeBranchFolders } from './branch-folders'
import { BranchCgroup, delegatedCgroup } from './cgroups'
import { mustDropRoot } from './guest-owner'
import { GUEST_NODE, guestEtc, guestViewArgs } from './guest-view'
import { startHolder, type Holder, type HolderPlan } from './holder'
import { findProgram, hostPrograms } from './host-programs'
import { OverlayBranch } from './overlay-branch'
import { overlayGuarantees } from './overlay-guarantees'
import { DEFAULT_PROFILE, type Sandbox, type SandboxProfile, type SandboxProvider, type SandboxSpec } from './sandbox'
import { prepareLaunchDir, type LaunchContext } from './sandbox-launch'
import { seccompProgram } from './seccomp-program'
import { findToolchains, isWorldReadable, type Toolchains } from './toolchains'

/**
 * Sandboxes of user namespaces, overlayfs and bubblewrap. Nothing is started before `open`, which throws
 * `sandbox.missing-program` or `sandbox.holder-failed` where the system does not allow it; `detectIsolation` says so before.
 * `nodePath` is the Node program that guests find as `node` when they have no other.
 */
export function createOverlayProvider(options: { nodePath: string }): SandboxProvider {
  const toolchains = findToolchains(process.env['PATH'] ?? '')
  return {
    level: 'overlay',
    get guarantees() {
      return overlayGuarantees()
    },
    open: (spec) => openOverlay(spec, options.nodePath, toolchains),
  }
}

/** Host paths as a guest sees them: where they are, or through the stage when the guest's user cannot get there. */
interface Places {
  readonly places: readonly { readonly to: string; readonly direct: string | null; readonly index: number }[]
  readonly staged: HolderPlan['staged']
}

async function openOverlay(spec: SandboxSpec, nodePath: string, toolchains: Toolchains): Promise<Sandbox> {
  const programs = hostPrograms()
  const ip = findProgram('ip')
  const profile = spec.profile ?? DEFAULT_PROFILE
  const seccomp = seccompProgram({ profile: profile.seccomp, trace: profile.trace })
  const folders = await makeBranchFolders(spec, profile, programs)
  const { places, staged } = await placeBinds(spec, nodePath, toolchains)
  const etc = guestEtc()
  const keepVisible = places.flatMap((place) => place.direct ?? [])
  const network = networkOf(spec, profile, ip)
  const egress = network.gate === null ? null : await BranchEgress.open(spec.dir, network.gate)
  const undo: (() => Promise<void>)[] = egress === null ? [] : [() => egress.close()]
  try {
    const plan: HolderPlan = {
      branchDir: spec.dir,
      overlays: folders.overlays,
      staged,
      etc,
      keepVisible,
      executable: profile.executable,
      ip,
    }
    const holder = await startHolder(plan, programs)
    undo.push(async () => {
      holder.kill()
      await holder.exited
    })
    const launchDir = join(spec.dir, 'launch')
    prepareLaunchDir(launchDir)
    const viewArgs = guestViewArgs({
      merged: holder.merged,
      isReadOnly: profile.workspace === 'read-only',
      exchange: `${holder.branch}/exchange`,
      tmp: `${holder.branch}/tmp`,
      home: `${holder.branch}/home`,
      shm: holder.shm,
      hasNetwork: holder.hasNetwork,
      proxySocket: egress === null ? null : `${holder.branch}/${BranchEgress.socket}`,
      etc: { path: holder.etc, contents: etc },
      binds: places.map((place) => ({ from: place.direct ?? holder.stagedPath(place.index), to: place.to })),
      toolchains,
    })
    const root = await delegatedCgroup()
    const cgroup = root === null ? null : BranchCgroup.make(root, spec.limits)
    const { limits } = spec
    const context: LaunchContext = { holder, programs, viewArgs, seccomp, limits, launchDir, fillable: folders.fillable, cgroup }
    // Whoever starts a command waits for it, and is told when it does not come up.
    egress?.ensureRelay(context).catch(() => undefined)
    return new OverlayBranch(context, {
      toolchains: pathOf(spec, toolchains),
      dir: spec.dir,
      env: { ...portVariables(spec), ...(egress === null ? {} : PROXY_VARIABLES) },
      notices: [...network.notices, ...folders.notices, ...skippedNotices(holder, folders.overlays)],
      egress,
    })
  } catch (cause) {
    for (const step of undo) await step()
    throw cause
  }
}

async function placeBinds(spec: SandboxSpec, nodePath: string, toolchains: Toolchains): Promise<Places> {
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
  return { places, staged }
}

/** What of the role's network can be given, and why not the rest. */
function networkOf(
  spec: SandboxSpec,
  profile: SandboxProfile,
  ip: string | null,
): { gate: SandboxProfile['egress']; notices: readonly string[] } {
  const alone =
    'Each command has a network of its own, because the program ip (iproute2) is missing: a server that one starts is not reached by the next.'
  const notices = ip === null ? [alone] : []
  if (profile.egress === null) return { gate: null, notices }
  const without = (why: string): { gate: null; notices: string[] } => ({
    gate: null,
    notices: [...notices, `There is no network: ${why}.`],
  })
  if (profile.seccomp === 'read-only') return without('the system call filter of this role has no internet sockets')
  if (ip === null) return without('its proxy needs a network of the branch')
  const hasRelay = spec.binds.some(({ guestPath }) => guestPath === EGRESS_RELAY || guestPath === dirname(EGRESS_RELAY))
  return hasRelay ? { gate: profile.egress, notices } : without('the sandbox was opened without the relay of its proxy')
}

function skippedNotices(holder: Holder, overlays: HolderPlan['overlays']): string[] {
  return holder.skipped.flatMap((index) => {
    const at = overlays[index]?.at
    return at === undefined ? [] : [`${at} is not mounted: the branch has no folder there any more.`]
  })
}

function portVariables({ ports }: SandboxSpec): Record<string, string> {
  if (ports === undefined) return {}
  return { PORT: `${ports.first}`, KEYFRAME_PORT_FIRST: `${ports.first}`, KEYFRAME_PORT_LAST: `${ports.last}` }
}

function pathOf(spec: SandboxSpec, toolchains: Toolchains): Toolchains {
  return spec.pinnedNodeFirst === true ? { ...toolchains, path: [dirname(GUEST_NODE), ...toolchains.path] } : toolchains
}
