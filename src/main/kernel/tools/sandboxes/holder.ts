import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync, realpathSync } from 'node:fs'
import { KeyframeError } from '../../../../shared/failure'
import type { GuestEtc } from './guest-view'
import { guestOwner, mustDropRoot } from './guest-owner'
import type { HostPrograms } from './host-programs'
import { withoutInherited } from './inherited-descriptors'

/** Folder of the holder's own mounts that the overlays are made in. Everything below has a short name without odd characters. */
export interface OverlayMount {
  /** Relative to the merged workspace; '' is the workspace itself. */
  readonly at: string
  /** Host folders, uppermost first. */
  readonly lowers: readonly string[]
  /** Relative to `branchDir`; both lie in one folder because overlayfs wants upper and work on one mount. */
  readonly upper: string
  readonly work: string
}

export interface HolderPlan {
  readonly branchDir: string
  readonly overlays: readonly OverlayMount[]
  /** Host paths that the guest's user could not reach by itself, bound into the stage. */
  readonly staged: readonly { readonly hostPath: string; readonly isDirectory: boolean }[]
  readonly etc: GuestEtc
  /** Host paths that are used where they are, so that the stage must not cover them. */
  readonly keepVisible: readonly string[]
  /** False: nothing in a folder that the guest can write to can be executed. */
  readonly executable: boolean
  /** Program that brings up the loopback of the branch's own network; null where there is none, and no such network. */
  readonly ip: string | null
}

export interface Holder {
  readonly pid: number
  /** Whether it keeps a network that all commands of the branch share. */
  readonly hasNetwork: boolean
  /** Indices of the overlays whose place was not there to be mounted on. */
  readonly skipped: readonly number[]
  /** A temporary file system in memory. */
  readonly shm: string
  /** Path of the merged workspace in the holder's mount namespace. */
  readonly merged: string
  readonly branch: string
  stagedPath(index: number): string
  readonly etc: string
  readonly exited: Promise<void>
  isAlive(): boolean
  kill(): void
}

const SHM_BYTES = 256 * 1024 ** 2

const STAGE_CANDIDATES = ['/mnt', '/media', '/srv', '/opt', '/boot', '/var/tmp', '/tmp']

const quote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`

function realFolder(path: string): string {
  try {
    return realpathSync(path)
  } catch (cause) {
    const message = `The sandbox cannot be opened: ${path} is not there or cannot be reached.`
    throw new KeyframeError({ code: 'sandbox.missing-folder', message, details: { path } }, { cause })
  }
}

/** A folder that exists on every system, hidden by a tmpfs in the private namespace: it must not lie above what is bound. */
function chooseStage(sources: readonly string[]): string {
  const real = sources.map(realFolder)
  const stage = STAGE_CANDIDATES.find(
    (candidate) => existsSync(candidate) && !real.some((source) => source === candidate || source.startsWith(`${candidate}/`)),
  )
  if (stage !== undefined) return stage
  throw new KeyframeError({
    code: 'sandbox.no-stage',
    message: `None of ${STAGE_CANDIDATES.join(', ')} is free to be covered by the sandbox's private mounts.`,
    action: 'Create an empty folder /srv or /media.',
  })
}

/** First script: puts everything the sandbox is made of under the stage. As root when the application is. */
function stagingScript(plan: HolderPlan, stage: string, programs: HostPrograms, owner: { uid: number; gid: number } | null): string {
  const { mount } = programs
  const lines = [
    'set -e',
    'umask 022',
    'PATH=/usr/sbin:/usr/bin:/sbin:/bin',
    `${mount} -t tmpfs -o mode=755,size=4m,nosuid,nodev keyframe ${stage}`,
    `cd ${stage}`,
    `mkdir branch merged shm ${plan.overlays.map((_, index) => `o${index}`).join(' ')}`,
    `${mount} --rbind ${quote(plan.branchDir)} branch`,
  ]
  plan.overlays.forEach((overlay, index) =>
    overlay.lowers.forEach((lower, level) => {
      lines.push(`mkdir o${index}/${level}`, `${mount} --rbind ${quote(lower)} o${index}/${level}`)
    }),
  )
  plan.staged.forEach((entry, index) => {
    lines.push(entry.isDirectory ? `mkdir t${index}` : `: > t${index}`, `${mount} --rbind ${quote(entry.hostPath)} t${index}`)
  })
  lines.push(`mkdir -p ${['etc/ssl', ...plan.etc.folders.map((name) => `etc/${name}`)].join(' ')}`)
  lines.push(`(cd /etc && cp -L --parents ${plan.etc.copied.join(' ')} ${stage}/etc)`)
  for (const [name, text] of Object.entries(plan.etc.made)) lines.push(`printf %s ${quote(text)} > etc/${name}`)
  if (owner) lines.push(`chown ${owner.uid}:${owner.gid} merged`)
  return lines.join('\n')
}

/**
 * Second script: the overlays, as uid 0 of a user namespace that is nobody outside. A dependency folder is mounted only
 * where every step of its path is a real folder: an agent may have left a link there in the upper directory, and a mount
 * through it would cover the host's programs that the holder still runs. One that it deleted or moved stays without.
 */
function overlayScript(plan: HolderPlan, stage: string, programs: HostPrograms): string {
  const noExec = plan.executable ? '' : 'noexec,'
  const lines = ['set -e', `cd ${stage}`]
  if (plan.ip !== null) lines.push(`${plan.ip} link set lo up`)
  lines.push(`${programs.mount} -t tmpfs -o mode=1777,size=${SHM_BYTES},nosuid,nodev,${noExec}nr_inodes=65536 keyframe shm`)
  plan.overlays.forEach((overlay, index) => {
    const lowers = overlay.lowers.map((_, level) => `o${index}/${level}`).join(':')
    const options = `nosuid,nodev,${noExec}userxattr,lowerdir=${lowers},upperdir=branch/${overlay.upper},workdir=branch/${overlay.work}`
    const steps = overlay.at === '' ? [] : overlay.at.split('/')
    const points = steps.map((_, depth) => quote(`merged/${steps.slice(0, depth + 1).join('/')}`))
    const isReal = points.map((point) => `[ ! -L ${point} ] && [ -d ${point} ]`).join(' && ')
    const command = `${programs.mount} -t overlay -o ${options} overlay ${points.at(-1) ?? 'merged'}`
    lines.push(isReal === '' ? command : `if ${isReal}; then ${command}; else echo skipped ${index}; fi`)
  })
  // The guest's other folders are bound from here, and binds keep this.
  if (!plan.executable) lines.push(`${programs.mount} -o remount,bind,nosuid,nodev,noexec branch`)
  lines.push('echo ready', `exec ${programs.cat}`)
  return lines.join('\n')
}

/**
 * Starts the process that keeps a branch's namespaces and mounts alive. It ends with the kernel, because it is `cat` on a
 * pipe that the kernel holds the other end of. Throws `sandbox.holder-failed` with what the system said.
 */
export async function startHolder(plan: HolderPlan, programs: HostPrograms): Promise<Holder> {
  const stage = chooseStage([
    plan.branchDir,
    ...plan.overlays.flatMap((overlay) => overlay.lowers),
    ...plan.staged.map((entry) => entry.hostPath),
    ...plan.keepVisible,
  ])
  const owner = guestOwner()
  const dropsRoot = mustDropRoot()
  const staging = stagingScript(plan, stage, programs, dropsRoot ? owner : null)
  const overlays = overlayScript(plan, stage, programs)
  const namespaces = ['--user', '--map-root-user', '--mount', ...(plan.ip === null ? [] : ['--net']), '--propagation', 'private']
  const inner = `${programs.unshare} ${namespaces.join(' ')} ${programs.sh} -c`
  const drop = `${programs.setpriv} --reuid ${owner.uid} --regid ${owner.gid} --clear-groups --inh-caps=-all`
  const argv = dropsRoot
    ? [programs.unshare, '--mount', '--propagation', 'private', programs.sh, '-c', `${staging}\nexec ${drop} ${inner} ${quote(overlays)}`]
    : [programs.unshare, ...namespaces, programs.sh, '-c', `${staging}\n${overlays}`]
  const [program = '', ...args] = withoutInherited(2, programs, argv)
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'], env: {}, cwd: '/' })
  const exited = new Promise<void>((resolve) => child.once('close', () => resolve()))
  // Writing never happens on this pipe; its breaking when the holder ends is no news.
  child.stdin.on('error', () => undefined)
  const skipped = await readiness(child)
  const { pid } = child
  if (pid === undefined) throw new Error('a process that said it is ready has an id')
  return {
    pid,
    hasNetwork: plan.ip !== null,
    skipped,
    shm: `${stage}/shm`,
    merged: `${stage}/merged`,
    branch: `${stage}/branch`,
    stagedPath: (index) => `${stage}/t${index}`,
    etc: `${stage}/etc`,
    exited,
    isAlive: () => child.exitCode === null && child.signalCode === null,
    kill: () => {
      child.stdin.destroy()
      child.kill('SIGKILL')
    },
  }
}

/** Waits for the last line of the second script; the lines before it name overlays that were left out. */
function readiness(child: ChildProcess): Promise<number[]> {
  return new Promise((resolve, reject) => {
    let said = ''
    let complaint = ''
    child.stdout?.on('data', (chunk: Buffer) => {
      said += chunk.toString('utf8')
      if (said.endsWith('ready\n')) resolve([...said.matchAll(/^skipped (\d+)$/gm)].map((match) => Number(match[1])))
    })
    child.stderr?.on('data', (chunk: Buffer) => {
      if (complaint.length < 4096) complaint += chunk.toString('utf8')
    })
    const fail = (reason: string): void =>
      reject(
        new KeyframeError({
          code: 'sandbox.holder-failed',
          message: `The sandbox could not be set up: ${complaint.trim() || reason}`,
          action: 'Run `npm run -s keyframe -- doctor` to see what the system does not allow.',
        }),
      )
    child.once('error', (error) => fail(error.message))
    child.once('close', (code, signal) => fail(`it ended with ${signal ?? `code ${code}`}`))
  })
}
