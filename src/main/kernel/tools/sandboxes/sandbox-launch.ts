import { spawn, type ChildProcess } from 'node:child_process'
import { closeSync, constants, openSync, readFileSync, rmSync, unlinkSync, writeSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { spawn as spawnPty, type IPty } from 'node-pty'
import { KeyframeError } from '../../../../shared/failure'
import { checkCommandTexts } from './command-texts'
import type { SandboxLimits } from './sandbox'
import type { BranchCgroup, CommandCgroup } from './cgroups'
import type { Holder } from './holder'
import type { HostPrograms } from './host-programs'
import { guestOwner, mustDropRoot } from './guest-owner'
import { withoutInherited } from './inherited-descriptors'
import { descendantsOf, hasEnded, signalProcess } from './process-tree'

/**
 * What a file may grow to in a branch that is full: a shell can still write down its state and a program its lock files, so that
 * files can be deleted with them. More than a few of these end what runs; see limit-watch.ts.
 */
export const FILE_BYTES_WHEN_FULL = 1024 ** 2

/** Descriptors that bubblewrap reads its options and the filter from, and reports the first inner process on. */
const ARGS_FD = 3
const SECCOMP_FD = 4
const INFO_FD = 5

export interface LaunchRequest {
  readonly argv: readonly string[]
  /** Inside, absolute. */
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
  /**
   * Set where the branch's files already take more than they may: no file can grow, so that what frees space still runs.
   * `soft` can be lifted later, for what lives long.
   */
  readonly growth?: 'refused' | 'soft'
}

/** How bubblewrap is started in the namespaces of one holder. */
export interface LaunchContext {
  readonly holder: Holder
  readonly programs: HostPrograms
  readonly viewArgs: readonly string[]
  readonly seccomp: Buffer
  readonly limits: SandboxLimits
  /** Private folder (0700, the application's) for the files that carry options; nothing inside ever sees it. */
  readonly launchDir: string
  /** Folders that the disk limit counts, relative to the branch's. */
  readonly fillable: readonly string[]
  /** Null where the kernel may not make control groups. */
  readonly cgroup: BranchCgroup | null
}

/** One started command: bubblewrap's outer process, the first process inside (a supervisor too), and what they report. */
export interface Launched {
  readonly supervisor: number
  /** Null where there are none. To be read before `clear`. */
  readonly cgroup: CommandCgroup | null
  /** Zero until bubblewrap has made its namespaces. */
  firstInside(): number
  /** Ends every process of the command; nothing once it has ended. The outer process is reaped by whoever started it. */
  killTree(): void
  /** To be called when the outer process was reaped: its id may belong to another process from then on. */
  ended(): void
  /** Waits until nothing of the command is left, which is a moment after the outer process ended. */
  gone(): Promise<void>
  /** Removes its files and its control group, once nothing is left. */
  clear(): Promise<void>
}

let launches = 0

export function prepareLaunchDir(launchDir: string): void {
  rmSync(launchDir, { recursive: true, force: true })
  mkdirSync(launchDir, { mode: 0o700 })
}

function bwrapOptions(context: LaunchContext, request: LaunchRequest, newSession: boolean): Buffer {
  checkCommandTexts(request)
  const options = [...context.viewArgs, '--seccomp', `${SECCOMP_FD}`, '--info-fd', `${INFO_FD}`, '--chdir', request.cwd, '--clearenv']
  // A session of its own keeps a command from the kernel's terminal; an interactive shell needs its terminal's session.
  if (newSession) options.push('--new-session')
  for (const [name, value] of Object.entries(request.env)) options.push('--setenv', name, value)
  return Buffer.from(options.map((option) => `${option}\0`).join(''), 'utf8')
}

/** The program and arguments from the holder's namespaces to the command, limits set inside where they count. */
function commandLine(context: LaunchContext, request: LaunchRequest): string[] {
  const { programs, holder, limits } = context
  const enter = [programs.nsenter, '--preserve-credentials', '-U', '-m', ...(holder.hasNetwork ? ['-n'] : []), '-t', `${holder.pid}`]
  const isolate = [programs.bwrap, '--args', `${ARGS_FD}`, '--']
  const cpu = `--cpu=${limits.maxCpuSeconds}:${limits.maxCpuSeconds + 5}`
  const growth = request.growth === undefined ? [] : [`--fsize=${FILE_BYTES_WHEN_FULL}${request.growth === 'soft' ? ':unlimited' : ''}`]
  const limit = [`--nproc=${limits.maxProcesses}`, `--nofile=${limits.maxOpenFiles}`, cpu, '--core=0', ...growth, '--']
  return withoutInherited(INFO_FD, programs, [...enter, ...isolate, programs.prlimit, ...limit, ...request.argv])
}

/** Only a process that waits for broken hardware or a dead network file system outlives SIGKILL for this long. */
const STUCK_MS = 10_000

function stuckProcess(pid: number): KeyframeError {
  return new KeyframeError({
    code: 'sandbox.stuck-process',
    message: `Process ${pid} of a sandbox was killed and does not end.`,
    action: 'Look for a disk or network file system that does not answer.',
  })
}

function track(supervisor: number, infoPath: string, files: readonly string[], cgroup: CommandCgroup | null): Launched {
  let first = 0
  let hasEndedItself = false
  const firstInside = (): number => {
    if (first !== 0) return first
    const match = /"child-pid": (\d+)/.exec(readFileSync(infoPath, 'utf8'))
    first = Number(match?.[1] ?? 0)
    return first
  }
  return {
    supervisor,
    cgroup,
    firstInside,
    ended() {
      hasEndedItself = true
    },
    killTree() {
      if (hasEndedItself || supervisor === 0) return
      // Stopped first, so that it cannot start the inner process between the look and the kill.
      if (!signalProcess(supervisor, 'SIGSTOP')) return
      for (const pid of descendantsOf(supervisor)) signalProcess(pid, 'SIGKILL')
      signalProcess(supervisor, 'SIGKILL')
      cgroup?.kill()
    },
    async gone() {
      const pid = firstInside()
      // The kernel ends all of a pid namespace before its first process becomes a zombie.
      let waitMs = 1
      for (let waitedMs = 0; pid !== 0 && !hasEnded(pid); waitedMs += waitMs) {
        if (waitedMs > STUCK_MS) throw stuckProcess(pid)
        await new Promise((resolve) => setTimeout(resolve, waitMs))
        waitMs = Math.min(waitMs * 2, 50)
      }
    },
    async clear() {
      for (const file of files) rmSync(file, { force: true })
      await cgroup?.remove()
    },
  }
}

/** A file that lives only as long as its descriptor; its offset is at the start. */
function anonymousFile(path: string, bytes: Buffer): number {
  const fd = openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL, 0o600)
  unlinkSync(path)
  writeSync(fd, bytes, 0, bytes.length, 0)
  return fd
}

/**
 * Two programs at least follow each other before bubblewrap starts a process, so that this comes first as a rule. Having it wait
 * would cost every command some four milliseconds: one that was quicker is put into its group by the first look of the limits.
 */
function groupFor(context: LaunchContext, pid: number | undefined): CommandCgroup | null {
  const cgroup = context.cgroup?.command() ?? null
  if (pid !== undefined) cgroup?.add(pid)
  return cgroup
}

/** Starts a command with pipes. */
export function launch(
  context: LaunchContext,
  request: LaunchRequest,
  stdin: 'pipe' | 'ignore',
): { child: ChildProcess; launched: Launched } {
  launches += 1
  const name = join(context.launchDir, `${launches}`)
  const infoPath = `${name}.info`
  const args = anonymousFile(`${name}.args`, bwrapOptions(context, request, true))
  const seccomp = anonymousFile(`${name}.bpf`, context.seccomp)
  const info = openSync(infoPath, 'wx', 0o600)
  try {
    const [program = '', ...rest] = commandLine(context, request)
    const child = spawn(program, rest, {
      stdio: [stdin, 'pipe', 'pipe', args, seccomp, info],
      env: {},
      cwd: '/',
      // Node gives up supplementary groups with these.
      ...(mustDropRoot() ? guestOwner() : {}),
    })
    const launched = track(child.pid ?? 0, infoPath, [infoPath], groupFor(context, child.pid))
    child.once('exit', () => launched.ended())
    return { child, launched }
  } finally {
    for (const fd of [args, seccomp, info]) closeSync(fd)
  }
}

/** The shell hands on the descriptors that node-pty cannot, and nothing of its own environment. */
const PTY_SCRIPT = 'a=$1 b=$2 i=$3 e=$4; shift 4; exec "$e" -i "$@" 3<"$a" 4<"$b" 5>"$i"'

/** Starts a command on a terminal of its own. */
export function launchPty(
  context: LaunchContext,
  request: LaunchRequest,
  size: { cols: number; rows: number },
): { pty: IPty; launched: Launched } {
  launches += 1
  const name = join(context.launchDir, `${launches}`)
  const files = [`${name}.args`, `${name}.bpf`, `${name}.info`] as const
  const contents = [bwrapOptions(context, request, false), context.seccomp, Buffer.alloc(0)]
  files.forEach((file, index) => {
    const fd = openSync(file, 'wx', 0o600)
    writeSync(fd, contents[index] ?? Buffer.alloc(0))
    closeSync(fd)
  })
  const owner = guestOwner()
  const drop = mustDropRoot() ? [context.programs.setpriv, '--reuid', `${owner.uid}`, '--regid', `${owner.gid}`, '--clear-groups'] : []
  const argv = ['-c', PTY_SCRIPT, 'sh', ...files, context.programs.env, ...drop, ...commandLine(context, request)]
  const pty = spawnPty(context.programs.sh, argv, { name: 'xterm-256color', cols: size.cols, rows: size.rows, cwd: '/', env: {} })
  const launched = track(pty.pid, files[2], files, groupFor(context, pty.pid))
  pty.onExit(() => launched.ended())
  return { pty, launched }
}
