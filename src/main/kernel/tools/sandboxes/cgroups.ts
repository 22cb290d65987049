import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { Socket } from 'node:net'
import { join } from 'node:path'
import { findProgram } from './host-programs'
import { hasGone } from './process-tree'
import type { SandboxLimits } from './sandbox'

/**
 * Control groups (version 2) of the kernel's own, for limits that hold without polling. They are used where they may be made: in
 * the application's own group when that was delegated to it, or in a scope asked of the user's systemd. What a hierarchy
 * without controllers still gives: stopping all at once, ending all at once, exact processor time.
 */
export interface CgroupRoot {
  readonly dir: string
  /** Of memory, pids and cpu, those that limits can be set with. */
  readonly controllers: readonly string[]
}

const WANTED = ['memory', 'pids', 'cpu']
const PREFIX = 'keyframe.'
const SYSTEMD_MS = 3000

/** bubblewrap's outer and inner supervisor, and the program before them. */
const SUPERVISORS = 3

let found: Promise<CgroupRoot | null> | null = null
let known: CgroupRoot | null = null

/** Tried once a process, since the answer does not change. */
export function delegatedCgroup(): Promise<CgroupRoot | null> {
  found ??= findDelegated().then((root) => (known = root))
  return found
}

/** What was found so far; null before the first sandbox was opened. */
export function knownCgroup(): CgroupRoot | null {
  return known
}

async function findDelegated(): Promise<CgroupRoot | null> {
  const own = ownCgroup()
  if (own === null) return null
  const direct = await tryCgroup(own)
  if (direct !== null && direct.controllers.includes('memory')) return direct
  const scope = await systemdScope()
  const inScope = scope === null ? null : await tryCgroup(scope)
  return inScope ?? direct
}

/** Folder of the group that this process is in; null where version 2 is not mounted. */
function ownCgroup(): string | null {
  const mounted = cgroupMount()
  const path = /^0::(.*)$/m.exec(readText('/proc/self/cgroup') ?? '')?.[1]
  return mounted === null || path === undefined ? null : join(mounted, path)
}

function cgroupMount(): string | null {
  for (const line of (readText('/proc/self/mountinfo') ?? '').split('\n')) {
    const [before = '', after = ''] = line.split(' - ')
    if (after.startsWith('cgroup2 ')) return before.split(' ')[4] ?? null
  }
  return null
}

/** Makes a group below `parent` and tries it on a process. Null when that is not allowed. */
async function tryCgroup(parent: string): Promise<CgroupRoot | null> {
  const dir = join(parent, `${PREFIX}${process.pid}`)
  try {
    removeStale(parent)
    mkdirSync(dir, { recursive: true })
    enable(parent)
    const controllers = enable(dir)
    if (!(await canMove(dir))) {
      removeCgroup(dir)
      return null
    }
    process.once('exit', () => removeCgroup(dir))
    return { dir, controllers }
  } catch (thrown) {
    if (isRefused(thrown)) return null
    throw thrown
  }
}

/** Groups of kernels that were killed. */
function removeStale(parent: string): void {
  for (const name of readdirSync(parent)) {
    const pid = Number(name.startsWith(PREFIX) ? name.slice(PREFIX.length) : '')
    if (Number.isInteger(pid) && pid > 0 && readText(`/proc/${pid}/comm`) === null) removeCgroup(join(parent, name))
  }
}

/** Hands on to the groups below what may be handed on. A group with processes of its own may not: then there are no controllers. */
function enable(dir: string): string[] {
  const available = (readText(join(dir, 'cgroup.controllers')) ?? '').trim().split(' ')
  const subtree = join(dir, 'cgroup.subtree_control')
  for (const name of WANTED.filter((controller) => available.includes(controller))) tryWrite(subtree, `+${name}`)
  const enabled = (readText(subtree) ?? '').trim().split(' ')
  return WANTED.filter((name) => enabled.includes(name))
}

/** Moving needs the right to write to a group above both places, which only trying tells. */
async function canMove(dir: string): Promise<boolean> {
  const cat = findProgram('cat')
  if (cat === null) return false
  const trial = join(dir, 'trial')
  mkdirSync(trial, { recursive: true })
  const child = spawn(cat, [], { stdio: ['pipe', 'ignore', 'ignore'], env: {}, cwd: '/' })
  const ended = new Promise<void>((resolve) => {
    child.once('close', () => resolve())
    child.once('error', () => resolve())
  })
  const hasMoved = child.pid !== undefined && tryWrite(join(trial, 'cgroup.procs'), `${child.pid}`)
  child.kill('SIGKILL')
  await ended
  await removeWhenEmpty(trial)
  return hasMoved
}

/** A scope of the user's systemd with a delegated group, kept by a process that ends with this one. Null without such a systemd. */
async function systemdScope(): Promise<string | null> {
  const program = findProgram('systemd-run')
  const [sh, runtime] = [findProgram('sh'), process.env['XDG_RUNTIME_DIR']]
  const isRoot = process.geteuid?.() === 0
  if (program === null || sh === null || !existsSync(isRoot ? '/run/systemd/system' : join(runtime ?? '/nonexistent', 'systemd')))
    return null
  const script = 'grep ^0:: /proc/self/cgroup; exec cat'
  const args = [...(isRoot ? [] : ['--user']), '--scope', '--quiet', '--collect', '--property=Delegate=yes', sh, '-c', script]
  const env = {
    PATH: '/usr/bin:/bin',
    XDG_RUNTIME_DIR: runtime ?? '',
    DBUS_SESSION_BUS_ADDRESS: process.env['DBUS_SESSION_BUS_ADDRESS'] ?? '',
  }
  const keeper = spawn(program, args, { stdio: ['pipe', 'pipe', 'ignore'], env, cwd: '/' })
  const path = await firstLine(keeper)
  const [mounted, own] = [cgroupMount(), /^0::(.*)$/.exec(path ?? '')?.[1]]
  if (mounted === null || own === undefined || keeper.pid === undefined) {
    keeper.kill('SIGKILL')
    return null
  }
  const dir = join(mounted, own)
  try {
    // The keeper leaves the top group, which could otherwise hand nothing on.
    mkdirSync(join(dir, 'keeper'))
    writeFileSync(join(dir, 'keeper', 'cgroup.procs'), `${keeper.pid}`)
  } catch (thrown) {
    keeper.kill('SIGKILL')
    if (isRefused(thrown)) return null
    throw thrown
  }
  // It must not keep this process from ending, and ends with it.
  keeper.unref()
  keeper.stdin?.on('error', () => undefined)
  for (const stream of [keeper.stdin, keeper.stdout]) if (stream instanceof Socket) stream.unref()
  return dir
}

function firstLine(child: ChildProcess): Promise<string | null> {
  return new Promise((resolve) => {
    let said = ''
    const timer = setTimeout(() => resolve(null), SYSTEMD_MS)
    const end = (line: string | null): void => {
      clearTimeout(timer)
      resolve(line)
    }
    child.stdout?.on('data', (chunk: Buffer) => {
      said += chunk.toString('utf8')
      if (said.includes('\n')) end(said.slice(0, said.indexOf('\n')))
    })
    child.once('error', () => end(null))
    child.once('close', () => end(null))
  })
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch (thrown) {
    if (hasGone(thrown) || isRefused(thrown)) return null
    throw thrown
  }
}

function isRefused(thrown: unknown): boolean {
  const code = (thrown as NodeJS.ErrnoException).code ?? ''
  return ['EACCES', 'EPERM', 'EROFS', 'ENOENT', 'EBUSY', 'EINVAL', 'ENOTSUP', 'EOPNOTSUPP', 'ENODEV', 'ESRCH', 'ENOSPC', 'EAGAIN'].includes(
    code,
  )
}

/** False where the system refuses. */
function tryWrite(path: string, text: string): boolean {
  try {
    writeFileSync(path, text)
    return true
  } catch (thrown) {
    if (isRefused(thrown)) return false
    throw thrown
  }
}

/** With the groups below it. One that still holds a process stays. */
function removeCgroup(dir: string): boolean {
  try {
    for (const entry of readdirSync(dir, { withFileTypes: true })) if (entry.isDirectory()) removeCgroup(join(dir, entry.name))
    rmdirSync(dir)
    return true
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return true
    if (isRefused(thrown)) return false
    throw thrown
  }
}

/** A group is busy for a moment after its last process has ended. */
async function removeWhenEmpty(dir: string): Promise<void> {
  for (let round = 0; round < 200 && !removeCgroup(dir); round += 1) await new Promise((resolve) => setTimeout(resolve, 5))
}

const number = (dir: string, file: string, field: RegExp): number | null => {
  const match = field.exec(readText(join(dir, file)) ?? '')
  return match === null ? null : Number(match[1])
}

/** The group of one command. */
export class CommandCgroup {
  readonly #dir: string

  constructor(dir: string, root: CgroupRoot, limits: SandboxLimits) {
    this.#dir = dir
    mkdirSync(dir)
    const has = (name: string): boolean => root.controllers.includes(name)
    if (has('memory')) {
      tryWrite(join(dir, 'memory.max'), `${limits.maxMemoryBytes}`)
      tryWrite(join(dir, 'memory.swap.max'), '0')
      tryWrite(join(dir, 'memory.oom.group'), '1')
    }
    if (has('pids')) tryWrite(join(dir, 'pids.max'), `${limits.maxProcesses + SUPERVISORS}`)
    // Below the window and the kernel, which have 100.
    if (has('cpu')) tryWrite(join(dir, 'cpu.weight'), '50')
  }

  /** What the process starts from then on is in the group too. False when it has gone. */
  add(pid: number): boolean {
    return tryWrite(join(this.#dir, 'cgroup.procs'), `${pid}`)
  }

  /** Adds those that started before their parent was added. Returns how many were. */
  gather(pids: readonly number[]): number {
    const members = new Set((readText(join(this.#dir, 'cgroup.procs')) ?? '').split('\n').map(Number))
    return pids.filter((pid) => !members.has(pid) && this.add(pid)).length
  }

  /** Null where the system does not count. */
  cpuMs(): number | null {
    const microseconds = number(this.#dir, 'cpu.stat', /^usage_usec (\d+)/m)
    return microseconds === null ? null : microseconds / 1000
  }

  peakMemoryBytes(): number | null {
    return number(this.#dir, 'memory.peak', /^(\d+)/)
  }

  peakProcesses(): number | null {
    const peak = number(this.#dir, 'pids.peak', /^(\d+)/)
    return peak === null ? null : Math.max(0, peak - SUPERVISORS + 1)
  }

  /** Limits that the system enforced by itself. */
  limitsHit(): string[] {
    const hit: string[] = []
    if ((number(this.#dir, 'memory.events', /^oom_kill (\d+)/m) ?? 0) > 0) hit.push('memory')
    if ((number(this.#dir, 'pids.events', /^max (\d+)/m) ?? 0) > 0) hit.push('processes')
    return hit
  }

  kill(): boolean {
    return tryWrite(join(this.#dir, 'cgroup.kill'), '1')
  }

  remove(): Promise<void> {
    return removeWhenEmpty(this.#dir)
  }
}

let branches = 0

/** The group of a branch, with one below it for each command. */
export class BranchCgroup {
  readonly root: CgroupRoot
  readonly #dir: string
  readonly #limits: SandboxLimits
  #commands = 0

  /** Null when it cannot be made any more: the branch goes on without. */
  static make(root: CgroupRoot, limits: SandboxLimits): BranchCgroup | null {
    branches += 1
    const dir = join(root.dir, `b${branches}`)
    try {
      mkdirSync(dir)
      enable(dir)
      return new BranchCgroup(root, dir, limits)
    } catch (thrown) {
      if (isRefused(thrown)) return null
      throw thrown
    }
  }

  private constructor(root: CgroupRoot, dir: string, limits: SandboxLimits) {
    this.root = root
    this.#dir = dir
    this.#limits = limits
  }

  command(): CommandCgroup {
    this.#commands += 1
    return new CommandCgroup(join(this.#dir, `c${this.#commands}`), this.root, this.#limits)
  }

  /** Stops everything in it; false where this cannot be done or does not come to an end in two seconds. */
  async freeze(): Promise<boolean> {
    if (!tryWrite(join(this.#dir, 'cgroup.freeze'), '1')) return false
    for (let round = 0; round < 420; round += 1) {
      if (number(this.#dir, 'cgroup.events', /^frozen (\d)/m) === 1) return true
      await new Promise<void>((resolve) => (round < 20 ? setImmediate(resolve) : setTimeout(resolve, 5)))
    }
    this.thaw()
    return false
  }

  thaw(): void {
    tryWrite(join(this.#dir, 'cgroup.freeze'), '0')
  }

  remove(): Promise<void> {
    return removeWhenEmpty(this.#dir)
  }
}
