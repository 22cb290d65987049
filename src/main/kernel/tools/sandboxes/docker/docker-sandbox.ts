import { chmodSync, chownSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { KeyframeError } from '../../../../../shared/failure'
import { makeBranchFolders } from '../branch-folders'
import { PROXY_VARIABLES } from '../branch-egress'
import { guestOwner, mustDropRoot } from '../guest-owner'
import { GUEST_NODE, GUEST_PROXY_SOCKET, GUEST_WORKSPACE } from '../guest-view'
import { findProgram, type HostPrograms } from '../host-programs'
import { DEFAULT_PROFILE, MOUNTED_GUEST, type Sandbox, type SandboxProvider, type SandboxSpec } from '../sandbox'
import { seccompProgram } from '../seccomp-program'
import type { Toolchains } from '../toolchains'
import { commandLauncher } from './command-launcher'
import { LAUNCHER, startContainer } from './container'
import { ContainerEgress } from './container-egress'
import { inspectImage, type ContainerImage } from './container-image'
import { bindMount, hasFolder, memoryMount, overlayMount } from './container-mounts'
import { containerCounters } from './container-usage'
import { ContainerWatch } from './container-watch'
import { DockerBranch } from './docker-branch'
import { DOCKER_GUARANTEES } from './docker-guarantees'
import { EngineClient } from './engine-client'
import { EngineInfo } from './engine-shapes'
import { findEngineSocket } from './find-engine'
import { KERNEL_LABEL, kernelMark } from '../kernel-mark'
import { removeLeftovers } from './leftovers'
import { removeWorkFolders } from './work-folders'
import { workspaceImage } from './workspace-image'

/** Debian with compilers, git, Python and Node: what most repositories can be worked on in. */
export const DEFAULT_IMAGE = 'node:24-bookworm'
/** Asks for the workspace's own Dockerfile or development container. */
export const WORKSPACE_IMAGE = 'auto'

export interface DockerOptions {
  /** The Docker command line, for its contexts and for building images. */
  readonly dockerPath: string
  /** Default: DOCKER_HOST, then the current context, then the usual socket. */
  readonly host?: string
  /** Name of an image that the engine has, or `auto`. Default `DEFAULT_IMAGE`. */
  readonly image?: string
  /** With `auto`: whether instructions of the workspace's Dockerfile may use the network. Default false. */
  readonly buildWithNetwork?: boolean
  readonly nodePath: string
}

/** A provider whose engine and image can be looked at before anything is opened. */
export interface DockerProvider extends SandboxProvider {
  /** Throws `docker.unreachable`, `docker.not-here` or `docker.unsupported` where containers cannot be sandboxes. */
  engine(): Promise<EngineInfo>
  /** Throws `sandbox.no-image` or `sandbox.unsuitable-image`. */
  image(baseDir: string): Promise<ContainerImage>
}

/**
 * Sandboxes of containers, one for each branch, over the same layers as the overlay level's. Nothing is asked of the engine before
 * `open`. The first one removes what kernels that are no more left in the engine.
 */
export function createDockerProvider(options: DockerOptions): DockerProvider {
  let connecting: Promise<{ client: EngineClient; info: EngineInfo }> | null = null
  const connected = (): Promise<{ client: EngineClient; info: EngineInfo }> => {
    connecting ??= connect(options).catch((cause: unknown) => {
      // An engine that was not there is looked for again.
      connecting = null
      throw cause
    })
    return connecting
  }
  const images = new Map<string, Promise<ContainerImage>>()
  const image = async (baseDir: string): Promise<ContainerImage> => {
    const { client } = await connected()
    const wanted = options.image ?? DEFAULT_IMAGE
    const key = wanted === WORKSPACE_IMAGE ? baseDir : ''
    const known = images.get(key)
    if (known !== undefined) return known
    const finding = resolveImage(client, wanted, baseDir, options)
    images.set(key, finding)
    finding.catch(() => images.delete(key))
    return finding
  }
  return {
    level: 'docker',
    guarantees: DOCKER_GUARANTEES,
    engine: async () => (await connected()).info,
    image,
    open: async (spec) => {
      const { client, info } = await connected()
      return openContainer(spec, { client, info, image: await image(spec.baseDir), nodePath: options.nodePath })
    },
  }
}

async function connect(options: DockerOptions): Promise<{ client: EngineClient; info: EngineInfo }> {
  const client = new EngineClient(
    await findEngineSocket({
      dockerPath: options.dockerPath,
      ...(options.host === undefined ? {} : { host: options.host }),
      env: process.env,
    }),
  )
  const info = await client.get(EngineInfo, '/info')
  const unfit = info.OSType !== 'linux' ? `runs ${info.OSType} containers` : isRootless(info) ? 'runs without root' : null
  if (unfit !== null) {
    throw new KeyframeError({
      code: 'docker.unsupported',
      message: `The Docker engine ${unfit}, so it cannot mount a branch's layers under its owner.`,
      action: 'Where an engine can run without root, the overlay level can too: see what it misses with `npm run -s keyframe -- doctor`.',
    })
  }
  await removeLeftovers(client)
  return { client, info }
}

const isRootless = (info: EngineInfo): boolean => (info.SecurityOptions ?? []).some((option) => option.startsWith('name=rootless'))

async function resolveImage(client: EngineClient, wanted: string, baseDir: string, options: DockerOptions): Promise<ContainerImage> {
  if (wanted !== WORKSPACE_IMAGE) return inspectImage(client, wanted)
  const own = await workspaceImage({
    baseDir,
    dockerPath: options.dockerPath,
    socketPath: client.socketPath,
    hasNetwork: options.buildWithNetwork ?? false,
    isThere: async (tag) => (await client.send('GET', `/images/${encodeURIComponent(tag)}/json`)).status === 200,
  })
  const image = await inspectImage(client, own?.name ?? DEFAULT_IMAGE)
  return { ...image, notices: own?.notices ?? [] }
}

interface OpenParts {
  readonly client: EngineClient
  readonly info: EngineInfo
  readonly image: ContainerImage
  readonly nodePath: string
}

const SHM_BYTES = 256 * 1024 ** 2
/** For each folder that an image declares as a volume. */
const DECLARED_BYTES = 256 * 1024 ** 2
const GUEST_HOME = '/home/agent'
/** The first process and its child are not a command's. */
const OWN_PROCESSES = 2
const OWN_FOLDER = 'container'

async function openContainer(spec: SandboxSpec, parts: OpenParts): Promise<Sandbox> {
  const profile = spec.profile ?? DEFAULT_PROFILE
  const { limits } = spec
  const { overlays, fillable, notices } = await makeBranchFolders(spec, profile, maskPrograms())
  const own = join(spec.dir, OWN_FOLDER)
  const files = ownFiles(own, parts.image, seccompProgram({ profile: profile.seccomp, trace: profile.trace }))
  const egress = profile.egress === null ? null : await ContainerEgress.open(spec.dir, profile.egress)
  try {
    const labels = { [KERNEL_LABEL]: kernelMark() }
    const layers = overlays[0]?.lowers ?? []
    const mounted = overlays.filter((overlay) => overlay.at === '' || hasFolder(layers, overlay.at))
    const workDirs = mounted.map((overlay) => join(spec.dir, overlay.work))
    const skipped = overlays.filter((overlay) => !mounted.includes(overlay))
    const volumes = mounted.map((overlay) => {
      const target = overlay.at === '' ? GUEST_WORKSPACE : `${GUEST_WORKSPACE}/${overlay.at}`
      const folders = { lowers: overlay.lowers, upperDir: join(spec.dir, overlay.upper), workDir: join(spec.dir, overlay.work) }
      const isReadOnly = overlay.at === '' && profile.workspace === 'read-only'
      return overlayMount({ target, ...folders, readOnly: isReadOnly, executable: overlay.at !== '' || profile.executable }, labels)
    })
    const binds = [
      ...spec.binds.map((bind) => bindMount(bind.hostPath, bind.guestPath, true)),
      bindMount(parts.nodePath, GUEST_NODE, true),
      bindMount(files.launcher, LAUNCHER, true),
      bindMount(files.passwd, '/etc/passwd', true),
      bindMount(files.group, '/etc/group', true),
      bindMount(join(spec.dir, 'tmp'), '/tmp', false),
      bindMount(join(spec.dir, 'home'), GUEST_HOME, false),
      bindMount(join(spec.dir, 'exchange'), MOUNTED_GUEST.exchange, false),
      ...(egress === null ? [] : [bindMount(egress.socketPath, GUEST_PROXY_SOCKET, true)]),
    ]
    const taken = new Set([GUEST_WORKSPACE, ...binds.map((bind) => bind['Target'])])
    const declared = parts.image.volumes.filter((path) => !taken.has(path)).map((path) => memoryMount(path, DECLARED_BYTES))
    const { uid, gid } = guestOwner()
    const container = await startContainer(parts.client, {
      Image: parts.image.id,
      User: `${uid}:${gid}`,
      Hostname: 'keyframe',
      WorkingDir: GUEST_WORKSPACE,
      Env: Object.entries(branchVariables(spec, egress !== null)).map(([name, value]) => `${name}=${value}`),
      Labels: labels,
      NetworkDisabled: true,
      Healthcheck: { Test: ['NONE'] },
      HostConfig: {
        AutoRemove: true,
        NetworkMode: 'none',
        IpcMode: 'private',
        // Files must belong to the guest's owner outside too, whatever the engine maps others to.
        UsernsMode: 'host',
        ReadonlyRootfs: true,
        CapDrop: ['ALL'],
        SecurityOpt: ['no-new-privileges:true'],
        PidsLimit: limits.maxProcesses + OWN_PROCESSES,
        Memory: limits.maxMemoryBytes,
        MemorySwap: limits.maxMemoryBytes,
        Ulimits: [
          { Name: 'nofile', Soft: limits.maxOpenFiles, Hard: limits.maxOpenFiles },
          { Name: 'cpu', Soft: limits.maxCpuSeconds, Hard: limits.maxCpuSeconds + 5 },
          { Name: 'core', Soft: 0, Hard: 0 },
        ],
        ShmSize: SHM_BYTES,
        LogConfig: { Type: 'none', Config: {} },
        Mounts: [...volumes, ...binds, ...declared],
      },
    })
    let branch: DockerBranch | null = null
    const watch = new ContainerWatch({
      counters: containerCounters(container.pid),
      limits,
      dir: spec.dir,
      fillable,
      onFull: () => branch?.endAll('disk'),
    })
    branch = new DockerBranch({
      engine: parts.client,
      container,
      watch,
      egress,
      toolchains: toolchainsOf(spec, parts.image),
      limits,
      dir: spec.dir,
      cleanUp: () => removeWorkFolders(parts.client, { imageId: parts.image.id, volumes, workDirs }),
      notices: [
        ...parts.image.notices,
        ...notices,
        ...skipped.map(({ at }) => `${at} is not mounted: the branch has no folder there any more.`),
      ],
    })
    return branch
  } catch (thrown) {
    await egress?.close()
    throw thrown
  }
}

function toolchainsOf(spec: SandboxSpec, image: ContainerImage): Toolchains {
  const first = spec.pinnedNodeFirst === true ? [dirname(GUEST_NODE)] : []
  return { folders: [], path: [...first, ...image.path], env: {} }
}

/** What every command of the branch finds set. */
function branchVariables(spec: SandboxSpec, hasEgress: boolean): Record<string, string> {
  const { ports } = spec
  return {
    ...(hasEgress ? PROXY_VARIABLES : {}),
    ...(ports === undefined ? {} : { PORT: `${ports.first}`, KEYFRAME_PORT_FIRST: `${ports.first}`, KEYFRAME_PORT_LAST: `${ports.last}` }),
  }
}

/** Files of the branch's own that are mounted into its container: the launcher, and the image's accounts with the guest's. */
function ownFiles(dir: string, image: ContainerImage, filter: Buffer): { launcher: string; passwd: string; group: string } {
  mkdirSync(dir, { recursive: true, mode: 0o700 })
  const { uid, gid } = guestOwner()
  const put = (name: string, content: string | Buffer, mode: number): string => {
    const path = join(dir, name)
    writeFileSync(path, content)
    chmodSync(path, mode)
    if (mustDropRoot()) chownSync(path, 0, 0)
    return path
  }
  const lines = (text: string, id: number): string[] =>
    text.split('\n').filter((line) => line !== '' && line.split(':')[2] !== `${id}` && !line.startsWith('agent:'))
  return {
    launcher: put('launch', commandLauncher(filter), 0o755),
    passwd: put('passwd', [...lines(image.passwd, uid), `agent:x:${uid}:${gid}:agent:${GUEST_HOME}:/bin/bash`, ''].join('\n'), 0o644),
    group: put('group', [...lines(image.group, gid), `agent:x:${gid}:`, ''].join('\n'), 0o644),
  }
}

/** Masking makes whiteouts with mknod; nothing else of the overlay level's programs is needed here. */
function maskPrograms(): HostPrograms {
  const own: Pick<HostPrograms, 'mknod'> = { mknod: findProgram('mknod') ?? 'mknod' }
  return own as HostPrograms
}
