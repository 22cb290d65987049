import { accessSync, constants } from 'node:fs'
import { KeyframeError } from '../../../../shared/failure'

/** System folders only: these programs run before the sandbox exists, so the user's PATH has no say in them. */
const SYSTEM_FOLDERS = ['/usr/bin', '/bin', '/usr/sbin', '/sbin', '/usr/local/bin', '/run/current-system/sw/bin']

/** What the overlay sandbox needs on the host, and the Debian package each comes in. */
const PACKAGES = {
  bwrap: 'bubblewrap',
  unshare: 'util-linux',
  nsenter: 'util-linux',
  setpriv: 'util-linux',
  prlimit: 'util-linux',
  mount: 'mount',
  sh: 'dash',
  bash: 'bash',
  cat: 'coreutils',
  env: 'coreutils',
  mknod: 'coreutils',
  du: 'coreutils',
} as const

export type HostProgram = keyof typeof PACKAGES
export type HostPrograms = Readonly<Record<HostProgram, string>>

export function findProgram(name: string): string | null {
  for (const folder of SYSTEM_FOLDERS) {
    const path = `${folder}/${name}`
    try {
      accessSync(path, constants.X_OK)
      return path
    } catch {
      // Not in this folder: the next one is tried, and null says that none has it.
      continue
    }
  }
  return null
}

export function missingPrograms(): { program: HostProgram; debianPackage: string }[] {
  return (Object.keys(PACKAGES) as HostProgram[])
    .filter((program) => findProgram(program) === null)
    .map((program) => ({ program, debianPackage: PACKAGES[program] }))
}

/** Absolute paths of all of them. Throws `sandbox.missing-program` that names what to install. */
export function hostPrograms(): HostPrograms {
  const missing = missingPrograms()
  if (missing.length > 0) {
    const packages = [...new Set(missing.map((entry) => entry.debianPackage))].join(' ')
    throw new KeyframeError({
      code: 'sandbox.missing-program',
      message: `The sandbox needs ${missing.map((entry) => entry.program).join(', ')}.`,
      action: `Install it: sudo apt-get install ${packages}`,
    })
  }
  const found = Object.fromEntries((Object.keys(PACKAGES) as HostProgram[]).map((name) => [name, findProgram(name) ?? name]))
  return found as Record<HostProgram, string>
}
