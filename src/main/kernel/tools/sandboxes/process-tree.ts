import { readFileSync, readdirSync } from 'node:fs'
import { readFile } from 'node:fs/promises'

/** Processes end between two reads: what has gone is absent, anything else is a fault. */
export function hasGone(thrown: unknown): boolean {
  const code = (thrown as NodeJS.ErrnoException).code
  return code === 'ENOENT' || code === 'ESRCH'
}

function readProc(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch (thrown) {
    if (hasGone(thrown)) return null
    throw thrown
  }
}

export interface ProcessState {
  /** One letter of proc(5): R, S, D, T, Z, ... */
  readonly state: string
  /** Clock ticks since the machine started. */
  readonly startTime: number
  /** Processor time of the process and of the children that it has waited for, in milliseconds. */
  readonly cpuMs: number
}

/** Linux counts in hundredths of a second here, whatever its own clock is. */
const TICK_MS = 10

/** Null when there is no such process. */
export function processState(pid: number): ProcessState | null {
  const stat = readProc(`/proc/${pid}/stat`)
  if (stat === null) return null
  // The second field is the name in brackets, which may itself hold spaces and brackets.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0)
  return { state: fields[0] ?? '?', startTime: Number(fields[19] ?? 0), cpuMs: ticks * TICK_MS }
}

export function hasEnded(pid: number): boolean {
  const found = processState(pid)
  return found === null || found.state === 'Z' || found.state === 'X'
}

/** Neither stopped nor ended. */
export function isRunning(pid: number): boolean {
  return ['R', 'S', 'D', 'I'].includes(processState(pid)?.state ?? 'X')
}

/** Each thread has children of its own. */
export function childrenOf(pid: number): number[] {
  let threads: string[]
  try {
    threads = readdirSync(`/proc/${pid}/task`)
  } catch (thrown) {
    if (hasGone(thrown)) return []
    throw thrown
  }
  return threads.flatMap((thread) => (readProc(`/proc/${pid}/task/${thread}/children`) ?? '').split(' ').filter(Boolean).map(Number))
}

/** Every descendant, parents before their children. */
export function descendantsOf(pid: number): number[] {
  const found: number[] = []
  const queue = [pid]
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    const children = childrenOf(next)
    found.push(...children)
    queue.push(...children)
  }
  return found
}

/** The command line with spaces, or the name in brackets for a process without one; null when it has gone. */
export function commandLine(pid: number): string | null {
  const line = readProc(`/proc/${pid}/cmdline`)
  if (line === null) return null
  const words = line.split('\0')
  if (words.at(-1) === '') words.pop()
  if (words.length > 0) return words.join(' ')
  const name = readProc(`/proc/${pid}/comm`)
  return name === null ? null : `[${name.trim()}]`
}

/** Resident pages in bytes, shared ones counted in full: cheap, and never less than the proportional size. */
export function residentBytes(pid: number): number {
  const statm = readProc(`/proc/${pid}/statm`)
  return statm === null ? 0 : Number(statm.split(' ')[1] ?? 0) * 4096
}

/** Proportional set size in bytes: shared pages divided by those that share them. Walks page tables, so not for polling. */
export async function proportionalBytes(pid: number): Promise<number> {
  try {
    const rollup = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8')
    const match = /^Pss:\s+(\d+) kB/m.exec(rollup)
    return Number(match?.[1] ?? 0) * 1024
  } catch (thrown) {
    if (hasGone(thrown)) return 0
    throw thrown
  }
}

/** Sends a signal to one process; false when it has gone. */
export function signalProcess(pid: number, signal: NodeJS.Signals): boolean {
  // Zero and below name process groups, among them the kernel's own.
  if (pid <= 0) throw new RangeError(`${pid} is no process id`)
  try {
    return process.kill(pid, signal)
  } catch (thrown) {
    if (hasGone(thrown)) return false
    throw thrown
  }
}
