import { readdirSync, readFileSync } from 'node:fs'
import type { HostPrograms } from './host-programs'

/** O_CLOEXEC in the octal `flags` of /proc/PID/fdinfo. */
const CLOSE_ON_EXEC = 0o2000000

/**
 * A command line that starts `argv` with no descriptor above `last` but its own. bubblewrap would hand every other one on to
 * the guest. bash, since dash cannot close those above 9; it adds variables, so the environment is emptied again.
 */
export function withoutInherited(last: number, programs: HostPrograms, argv: readonly string[]): string[] {
  const descriptors = inheritableDescriptors(last)
  if (descriptors.length === 0) return [...argv]
  return [programs.bash, '-c', `exec ${descriptors.map((fd) => `${fd}>&-`).join(' ')}; exec "$0" -i "$@"`, programs.env, ...argv]
}

/**
 * Descriptors above `last` that a child of this process would inherit. Node marks its own close-on-exec, but not those that
 * it was started with (a terminal's, a test runner's), nor those that native code opened, and Node cannot mark them later.
 */
export function inheritableDescriptors(last: number): number[] {
  return readdirSync('/proc/self/fdinfo')
    .map(Number)
    .filter((fd) => fd > last && isInheritable(fd))
}

function isInheritable(fd: number): boolean {
  let info: string
  try {
    info = readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8')
  } catch (thrown) {
    // Closed since the folder was read, as the descriptor that read it always is.
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw thrown
  }
  const flags = Number.parseInt(/^flags:\s+(\d+)/m.exec(info)?.[1] ?? '0', 8)
  return (flags & CLOSE_ON_EXEC) === 0
}
