import { readdirSync, readFileSync } from 'node:fs'

/** O_CLOEXEC in the octal `flags` of /proc/PID/fdinfo. */
const CLOSE_ON_EXEC = 0o2000000

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
