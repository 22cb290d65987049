import { existsSync, lstatSync, readlinkSync } from 'node:fs'
import { KeyframeError } from '../../../../shared/failure'
import type { Toolchains } from './toolchains'

export const GUEST_WORKSPACE = '/workspace'
const GUEST_HOME = '/home/agent'
const GUEST_EXCHANGE = '/run/keyframe'
export const GUEST_NODE = '/opt/keyframe/bin/node'
const GUEST_UID = 1001

/** Files that the guest gets in place of the host's own, so that no account or host name of the machine is seen. */
const MADE_FILES = {
  passwd: `agent:x:${GUEST_UID}:${GUEST_UID}:agent:${GUEST_HOME}:/bin/bash\nnobody:x:65534:65534:nobody:/nonexistent:/bin/false\n`,
  group: `agent:x:${GUEST_UID}:\nnogroup:x:65534:\n`,
  hosts: '127.0.0.1 localhost keyframe\n::1 localhost\n',
  'nsswitch.conf': 'passwd: files\ngroup: files\nshadow: files\nhosts: files\nprotocols: files\nservices: files\n',
} as const

/** What compilers, interpreters and shells read in /etc. Nothing with secrets: of ssl only the public certificates. */
const COPIED_FILES = [
  ...['ld.so.cache', 'ssl/openssl.cnf', 'ca-certificates.conf', 'localtime', 'mime.types', 'protocols', 'services', 'inputrc'],
  ...['bash.bashrc', 'debian_version', 'os-release', 'magic'],
]
/** Bound, since they are large: each bind costs every command some 0.2 ms, so there are few. */
const BOUND_FOLDERS = [
  ...['ssl/certs', 'pki/tls/certs', 'pki/ca-trust/extracted', 'alternatives', 'fonts'],
  ...['java-11-openjdk', 'java-17-openjdk', 'java-21-openjdk', 'java-25-openjdk'],
]

/** The guest's /etc: a folder of small files with mount points for the few large ones. */
export interface GuestEtc {
  readonly made: Readonly<Record<string, string>>
  readonly copied: readonly string[]
  readonly folders: readonly string[]
}

export function guestEtc(): GuestEtc {
  const there = (name: string): boolean => existsSync(`/etc/${name}`)
  return { made: MADE_FILES, copied: COPIED_FILES.filter(there), folders: BOUND_FOLDERS.filter(there) }
}

/** The only thing of the host that a program inside can speak to. */
export const GUEST_PROXY_SOCKET = '/run/keyframe-proxy.sock'

export interface GuestView {
  readonly merged: string
  readonly isReadOnly: boolean
  /** Writable folders of the branch, shared by its commands. */
  readonly exchange: string
  readonly tmp: string
  readonly home: string
  readonly shm: string
  /** Whether commands are started in a network of the branch; otherwise each gets one of its own. */
  readonly hasNetwork: boolean
  /** Socket of the branch's proxy, for roles that may reach something. */
  readonly proxySocket: string | null
  /** Where the holder made `contents` of the guest's /etc. */
  readonly etc: { readonly path: string; readonly contents: GuestEtc }
  /** Read-only binds: tools of the kernel's own and the user's toolchains. */
  readonly binds: readonly { readonly from: string; readonly to: string }[]
  readonly toolchains: Toolchains
}

/** bubblewrap options that are the same for every command of a sandbox. Paths are those of the holder's namespace. */
export function guestViewArgs(view: GuestView): string[] {
  const args = ['--unshare-user', '--unshare-pid', '--unshare-ipc', '--unshare-uts', '--unshare-cgroup-try']
  if (!view.hasNetwork) args.push('--unshare-net')
  args.push('--die-with-parent', '--cap-drop', 'ALL', '--uid', `${GUEST_UID}`, '--gid', `${GUEST_UID}`, '--hostname', 'keyframe')
  args.push('--ro-bind', '/usr', '/usr')
  for (const name of ['bin', 'sbin', 'lib', 'lib32', 'lib64', 'libx32']) {
    const path = `/${name}`
    if (!existsSync(path)) continue
    if (lstatSync(path).isSymbolicLink()) args.push('--symlink', readlinkSync(path), path)
    else args.push('--ro-bind', path, path)
  }
  args.push('--ro-bind', view.etc.path, '/etc')
  for (const name of view.etc.contents.folders) args.push('--ro-bind', `/etc/${name}`, `/etc/${name}`)
  args.push('--proc', '/proc')
  // Keyrings are not divided by namespaces: not even their names are shown.
  for (const name of ['/proc/keys', '/proc/key-users']) if (existsSync(name)) args.push('--ro-bind', '/dev/null', name)
  args.push('--dev', '/dev', '--bind', view.shm, '/dev/shm', '--remount-ro', '/dev')
  args.push('--bind', view.tmp, '/tmp', '--bind', view.home, GUEST_HOME)
  args.push('--symlink', '/tmp', '/var/tmp')
  for (const bind of view.binds) args.push('--ro-bind', bind.from, bind.to)
  args.push(view.isReadOnly ? '--ro-bind' : '--bind', view.merged, GUEST_WORKSPACE, '--bind', view.exchange, GUEST_EXCHANGE)
  if (view.proxySocket !== null) args.push('--ro-bind', view.proxySocket, GUEST_PROXY_SOCKET)
  args.push('--remount-ro', '/')
  return args
}

/** The whole environment of a guest's program; `added` wins. Host variables are never part of it. */
export function guestEnv(toolchains: Toolchains, term: string, added: Readonly<Record<string, string>>): Record<string, string> {
  return {
    PATH: [...toolchains.path, '/opt/keyframe/bin'].join(':'),
    HOME: GUEST_HOME,
    USER: 'agent',
    LOGNAME: 'agent',
    SHELL: '/bin/bash',
    TMPDIR: '/tmp',
    LANG: 'C.UTF-8',
    TERM: term,
    ...toolchains.env,
    ...added,
  }
}

/** A path below the workspace in its shortest form. Throws `sandbox.bad-path` for one that leads out of it. */
export function relativePath(path: string): string {
  const steps = path.split('/').filter((step) => step !== '' && step !== '.')
  if (path.startsWith('/') || steps.includes('..') || path.includes('\0')) {
    throw new KeyframeError({
      code: 'sandbox.bad-path',
      message: `${JSON.stringify(path)} is not a path below the workspace.`,
      action: 'Name it relative to the workspace, without "..".',
    })
  }
  return steps.join('/')
}
