import { readFileSync } from 'node:fs'

/** Foreground process group of the controlling terminal in the text of /proc/PID/stat; null without one. */
export function parseForegroundGroup(stat: string): number | null {
  // The second field is the name in brackets, which may itself hold spaces and brackets.
  const group = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[5])
  return Number.isInteger(group) && group > 1 ? group : null
}

/**
 * The group that reads the keyboard of the terminal that `pid` (a process of ours) is on, as the host numbers it, whatever the numbers
 * are inside. At a prompt that is the shell's own group. Null when the process has ended.
 */
export function foregroundGroup(pid: number): number | null {
  try {
    return parseForegroundGroup(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch (error) {
    if (isCode(error, 'ENOENT', 'ESRCH')) return null
    throw error
  }
}

/** Kills the command in the foreground, never the shell itself. False when the shell is in the foreground or nothing could be killed. */
export function killForegroundGroup(pid: number, shellGroup: number | null): boolean {
  const group = foregroundGroup(pid)
  if (group === null || shellGroup === null || group === shellGroup) return false
  try {
    process.kill(-group, 'SIGKILL')
    return true
  } catch (error) {
    if (isCode(error, 'ESRCH', 'EPERM')) return false
    throw error
  }
}

function isCode(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && codes.includes(error.code)
}
