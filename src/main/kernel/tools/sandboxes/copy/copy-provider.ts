import { chmodSync, constants, copyFileSync, existsSync, linkSync, mkdirSync, statSync, symlinkSync } from 'node:fs'
import { randomBytes } from 'node:crypto'
import { basename, dirname, join } from 'node:path'
import { KeyframeError } from '../../../../../shared/failure'
import { removeTree } from '../../../checkpoints/remove-tree'
import { expectFsError, fsCode } from '../../../workspace/fs-errors'
import { proxyVariables } from '../egress/proxy-variables'
import { startLoopbackProxy } from '../egress/egress-proxy'
import { mustDropRoot } from '../guest-owner'
import { GUEST_NODE, relativePath } from '../guest-view'
import {
  DEFAULT_PROFILE,
  type EgressGate,
  type GuestPaths,
  type Sandbox,
  type SandboxProvider,
  type SandboxSpec,
  type ToolBind,
} from '../sandbox'
import { findToolchains, isWorldReadable, type Toolchains } from '../toolchains'
import { startGuard } from './branch-guard'
import { CopyBranch } from './copy-branch'
import { copyDependencies } from './copy-dependencies'
import { COPY_GUARANTEES } from './copy-guarantees'
import { CopyLaunch } from './copy-launch'
import { CopyLimitWatch } from './copy-limit-watch'
import { isReachable, preparePlace, type CopyPlace } from './copy-place'
import { makeCopy, TreeCopier } from './copy-workspace'

let opened = 0

const NO_NETWORK: EgressGate = () => ({ allowed: false, reason: 'The role may not use the network.' })

/**
 * Branches as plain copies, with commands that run directly on the host: for systems without namespaces. Nothing but good manners
 * keeps a program inside, which is why a person has to consent to it for each run. `nodePath` is the Node program that commands
 * find as `node` when they have no other. `open` throws `sandbox.missing-program`, `sandbox.copy-failed`.
 */
export function createCopyProvider(options: { nodePath: string }): SandboxProvider {
  const toolchains = reachable(findToolchains(process.env['PATH'] ?? ''))
  return { level: 'copy', guarantees: COPY_GUARANTEES, open: (spec) => openCopy(spec, options.nodePath, toolchains) }
}

/** Without what only the application's user may enter. */
function reachable({ folders, path, env }: Toolchains): Toolchains {
  const isOpen = (folder: string): boolean => !mustDropRoot() || (existsSync(folder) && isReachable(folder))
  return { folders, path: path.filter(isOpen), env: Object.fromEntries(Object.entries(env).filter(([, folder]) => isOpen(folder))) }
}

async function openCopy(spec: SandboxSpec, nodePath: string, toolchains: Toolchains): Promise<Sandbox> {
  const profile = spec.profile ?? DEFAULT_PROFILE
  const readOnly = profile.workspace === 'read-only'
  opened += 1
  const mark = `${process.pid}-${opened}`
  const launch = new CopyLaunch(mark, spec.limits)
  const place = await preparePlace(spec.dir)
  // What programs do by themselves cannot be decided here; what they ask the proxy for is, as on the other levels.
  const password = randomBytes(18).toString('base64url')
  const proxy = await startLoopbackProxy({ gate: profile.egress ?? NO_NETWORK, password })
  const proxyUrl = `http://keyframe:${password}@127.0.0.1:${proxy.port}`
  const dispose = async (): Promise<void> => {
    await proxy.close()
    if (place.isElsewhere) await removeTree(place.root)
  }
  try {
    const mounts = spec.dependencies.map(({ path }) => relativePath(path))
    const { baseDir, layerDir } = spec
    await makeCopy({ to: place.workspace, baseDir, layerDir, mounts, masked: profile.masked, readOnly })
    const notices = await copyDependencies(place.workspace, spec)
    if (!launch.isLimited) notices.push('There is no prlimit here: processor time and open files are not limited.')
    if (!profile.executable)
      notices.push('Programs that lie in the workspace can be executed, which the role may not: only tools are held back.')
    const guest = await guestPaths(place, spec.binds, nodePath)
    const watch = new CopyLimitWatch(spec.limits, place.root)
    await watch.begin()
    const guard = await startGuard(mark)
    return new CopyBranch({
      place,
      guest,
      notices,
      launch,
      watch,
      guard,
      environment: (term) => ({ ...environmentOf(spec, place, toolchains, term), ...proxyVariables(proxyUrl) }),
      requests: () => proxy.drain(),
      close: dispose,
    })
  } catch (thrown) {
    await dispose()
    await removeTree(place.workspace)
    if (fsCode(thrown) === 'ENOSPC' || fsCode(thrown) === 'EDQUOT') throw diskFull(place.workspace, thrown)
    throw thrown
  }
}

function environmentOf(spec: SandboxSpec, place: CopyPlace, toolchains: Toolchains, term: string): Record<string, string> {
  const path = spec.pinnedNodeFirst === true ? [place.bin, ...toolchains.path] : [...toolchains.path, place.bin]
  const ports: Record<string, string> =
    spec.ports === undefined
      ? {}
      : { PORT: `${spec.ports.first}`, KEYFRAME_PORT_FIRST: `${spec.ports.first}`, KEYFRAME_PORT_LAST: `${spec.ports.last}` }
  return {
    PATH: path.join(':'),
    HOME: place.home,
    USER: 'agent',
    LOGNAME: 'agent',
    SHELL: '/bin/bash',
    TMPDIR: place.tmp,
    LANG: 'C.UTF-8',
    TERM: term,
    ...ports,
    ...toolchains.env,
  }
}

function diskFull(folder: string, cause: unknown): KeyframeError {
  return new KeyframeError(
    {
      code: 'sandbox.disk-full',
      message: `The disk is full: the workspace could not be copied to ${folder}. The partial copy was removed.`,
      action: 'Free some space there and try again.',
      retryable: true,
    },
    { cause },
  )
}

/** Paths that are chosen elsewhere, as they are here: where they lie on the host, or a copy when the guest's user cannot get there. */
async function guestPaths(place: CopyPlace, binds: readonly ToolBind[], nodePath: string): Promise<GuestPaths> {
  const node = join(place.bin, basename(GUEST_NODE))
  if (isOpenToGuest(nodePath)) symlinkSync(nodePath, node)
  else if (!isLinked(nodePath, node)) {
    copyFileSync(nodePath, node, constants.COPYFILE_FICLONE)
    chmodSync(node, 0o755)
  }
  const places = new Map([[GUEST_NODE, node]])
  for (const { hostPath, guestPath } of binds) places.set(guestPath, await openPath(place, hostPath, guestPath))
  return {
    workspace: place.workspace,
    exchange: place.exchange,
    resolve: (guestPath) => {
      // A bound folder stands for everything in it.
      for (let at = guestPath; at !== dirname(at); at = dirname(at)) {
        const found = places.get(at)
        if (found !== undefined) return found + guestPath.slice(at.length)
      }
      return guestPath
    },
  }
}

/** Another name of the same file, where the guest can reach it: a program is too large to be copied for each branch. */
function isLinked(file: string, name: string): boolean {
  if ((statSync(file).mode & 0o005) !== 0o005) return false
  try {
    linkSync(file, name)
    return true
  } catch (thrown) {
    expectFsError(thrown, 'EXDEV', 'EPERM', 'EMLINK')
    return false
  }
}

function isOpenToGuest(hostPath: string): boolean {
  return !mustDropRoot() || isWorldReadable(hostPath)
}

/** Copies keep their places relative to each other, since scripts import their neighbours. */
async function openPath(place: CopyPlace, hostPath: string, guestPath: string): Promise<string> {
  if (isOpenToGuest(hostPath)) return hostPath
  const to = join(place.bin, 'binds', guestPath)
  mkdirSync(dirname(to), { recursive: true, mode: 0o755 })
  const copier = new TreeCopier(true)
  const found = statSync(hostPath)
  await copier.whole(() => (found.isDirectory() ? copier.copyFolder(hostPath, found, to) : copier.copyLeaf(hostPath, found, to, null)))
  return to
}
