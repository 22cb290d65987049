import { readFileSync } from 'node:fs'
import type { ShellProcess } from '../../schemas/shell'
import { commandLine, descendantsOf } from '../../sandboxes/process-tree'

interface Status {
  readonly state: string
  readonly parent: number
  /** As numbered in the innermost process namespace. */
  readonly inside: number
}

const MAX_PROCESSES = 200
const MAX_LINE_CHARACTERS = 1_000

/**
 * What runs on a terminal whose first process is `first` (ours), in or out of a process namespace: descendants of it, daemons that
 * were adopted by the namespace's first process too, without `shell` and what leads to it. Parents before their children.
 */
export function sessionProcesses(first: number, shell: number | null): ShellProcess[] {
  const own = new Set([first])
  for (let pid = shell; pid !== null && pid > 1 && !own.has(pid);) {
    own.add(pid)
    pid = statusOf(pid)?.parent ?? null
  }
  const found: ShellProcess[] = []
  for (const pid of descendantsOf(first)) {
    if (own.has(pid) || found.length >= MAX_PROCESSES) continue
    const status = statusOf(pid)
    const line = status === null || status.state === 'Z' ? null : commandLine(pid)
    if (status === null || line === null) continue
    found.push({ pid: status.inside, parent: statusOf(status.parent)?.inside ?? status.parent, line: line.slice(0, MAX_LINE_CHARACTERS) })
  }
  return found
}

function statusOf(pid: number): Status | null {
  let text: string
  try {
    text = readFileSync(`/proc/${pid}/status`, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ESRCH')) return null
    throw error
  }
  const field = (name: string): string => new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(text)?.[1] ?? ''
  const inside = Number(field('NSpid').split(/\s+/).at(-1))
  return { state: field('State').slice(0, 1), parent: Number(field('PPid')), inside: Number.isInteger(inside) && inside > 0 ? inside : pid }
}

/** What a restore cannot bring back of them, in words. Descendants of a shell's jobs are told by the job's line. */
export function lostPrograms(running: string | null, jobs: readonly string[], processes: readonly ShellProcess[]): string[] {
  if (running !== null) return [`in the foreground: ${running.slice(0, 500)}`]
  const told = new Set(jobs.map((job) => Number(/^\[\d+\]\S*\s+(\d+)/.exec(job)?.[1] ?? 0)))
  const left = processes.filter(({ pid, parent }) => {
    if (told.has(parent)) told.add(pid)
    return !told.has(pid)
  })
  return left.map(({ pid, line }) => `process ${pid}: ${line.slice(0, 500)}`)
}

const SHELLS = new Set(['bash', 'sh', 'dash', 'zsh', 'fish', 'ksh'])

/** True for the command line of a shell that reads its commands from the terminal. */
export function isInteractiveShell(line: string): boolean {
  const [program = '', ...args] = line.split(' ')
  const name = program.slice(program.lastIndexOf('/') + 1).replace(/^-/, '')
  return SHELLS.has(name) && args.every((arg) => arg.startsWith('-') && !/^-[a-z]*c/.test(arg))
}
