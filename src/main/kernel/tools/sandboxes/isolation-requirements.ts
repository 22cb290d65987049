import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import type { Requirement } from '../../../../shared/contract/methods'
import { guestOwner, mustDropRoot } from './guest-owner'
import { findProgram, missingPrograms } from './host-programs'

/** The text of a small system file; null where the system has no such file. */
function readSetting(path: string): string | null {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch (thrown) {
    const code = (thrown as NodeJS.ErrnoException).code
    if (code === 'ENOENT' || code === 'EACCES') return null
    throw thrown
  }
}

function installCommand(packages: readonly string[]): string {
  const system = readSetting('/etc/os-release') ?? ''
  const names = packages.join(' ')
  if (/^ID(_LIKE)?=.*(fedora|rhel|centos)/m.test(system)) return `sudo dnf install ${names}`
  if (/^ID(_LIKE)?=.*arch/m.test(system)) return `sudo pacman -S ${names}`
  if (/^ID(_LIKE)?=.*suse/m.test(system)) return `sudo zypper install ${names}`
  return mustDropRoot() ? `apt-get install ${names}` : `sudo apt-get install ${names}`
}

export function programRequirements(): Requirement[] {
  const missing = missingPrograms()
  const bubblewrap = missing.find((entry) => entry.program === 'bwrap')
  const others = missing.filter((entry) => entry.program !== 'bwrap')
  const packages = [...new Set(others.map((entry) => entry.debianPackage))]
  return [
    bubblewrap
      ? {
          name: 'bubblewrap',
          state: 'missing',
          detail: 'bwrap was not found in the system folders.',
          remedy: installCommand(['bubblewrap']),
        }
      : { name: 'bubblewrap', state: 'ok', detail: findProgram('bwrap') ?? '', remedy: null },
    others.length > 0
      ? {
          name: 'system programs',
          state: 'missing',
          detail: `Not found: ${others.map((entry) => entry.program).join(', ')}.`,
          remedy: installCommand(packages),
        }
      : { name: 'system programs', state: 'ok', detail: 'unshare, nsenter, setpriv, prlimit, mount and shells are there.', remedy: null },
  ]
}

/** Without it sandboxes work, each command with a network of its own, and none reaches anything outside. */
export function networkRequirement(): Requirement {
  const name = 'iproute2'
  const ip = findProgram('ip')
  if (ip !== null) return { name, state: 'ok', detail: ip, remedy: null }
  const detail = 'ip was not found: commands of a branch do not reach each other’s servers, and roles get no network.'
  return { name, state: 'degraded', detail, remedy: installCommand(['iproute2']) }
}

/** Makes a user namespace with a mount in it, as the user that sandboxes run as. */
export async function namespaceRequirement(): Promise<Requirement> {
  const name = 'user namespaces'
  const [unshare, mount] = [findProgram('unshare'), findProgram('mount')]
  if (unshare === null || mount === null) {
    return { name, state: 'missing', detail: 'Cannot be tried without unshare and mount.', remedy: installCommand(['util-linux', 'mount']) }
  }
  const args = ['--user', '--map-root-user', '--mount', '--propagation', 'private', mount, '-t', 'tmpfs', 'keyframe', '/mnt']
  const complaint = await new Promise<string | null>((resolve) => {
    execFile(unshare, args, { env: {}, cwd: '/', timeout: 2000, ...(mustDropRoot() ? guestOwner() : {}) }, (error, _stdout, stderr) => {
      resolve(error ? stderr.trim() || error.message : null)
    })
  })
  if (complaint === null) return { name, state: 'ok', detail: 'An unprivileged user may make one and mount in it.', remedy: null }
  const cause = namespaceObstacle()
  return { name, state: 'missing', detail: cause ? `${cause.detail} (${complaint})` : complaint, remedy: cause?.remedy ?? null }
}

function namespaceObstacle(): { detail: string; remedy: string } | null {
  if (readSetting('/proc/sys/kernel/apparmor_restrict_unprivileged_userns') === '1') {
    return {
      detail: 'AppArmor keeps unprivileged programs from using user namespaces, as recent Ubuntu does.',
      remedy: `echo kernel.apparmor_restrict_unprivileged_userns=0 | sudo tee /etc/sysctl.d/60-keyframe.conf && sudo sysctl --system`,
    }
  }
  if (readSetting('/proc/sys/kernel/unprivileged_userns_clone') === '0') {
    return {
      detail: 'Unprivileged user namespaces are switched off.',
      remedy: `echo kernel.unprivileged_userns_clone=1 | sudo tee /etc/sysctl.d/60-keyframe.conf && sudo sysctl --system`,
    }
  }
  if (readSetting('/proc/sys/user/max_user_namespaces') === '0') {
    return {
      detail: 'No user namespaces are allowed.',
      remedy: `echo user.max_user_namespaces=15000 | sudo tee /etc/sysctl.d/60-keyframe.conf && sudo sysctl --system`,
    }
  }
  if (readSetting('/.dockerenv') !== null) {
    return {
      detail: 'This is a Docker container, whose own profile refuses them.',
      remedy: 'docker run --security-opt seccomp=unconfined --security-opt apparmor=unconfined --security-opt systempaths=unconfined ...',
    }
  }
  return null
}
