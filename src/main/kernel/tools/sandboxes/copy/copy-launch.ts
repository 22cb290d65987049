import { checkCommandTexts } from '../command-texts'
import { spawn, type ChildProcess } from 'node:child_process'
import { readdirSync, statSync } from 'node:fs'
import { spawn as spawnPty, type IPty } from 'node-pty'
import { KeyframeError } from '../../../../../shared/failure'
import type { StartedTree } from '../command-runner'
import { guestOwner, mustDropRoot } from '../guest-owner'
import { findProgram } from '../host-programs'
import { inheritableDescriptors } from '../inherited-descriptors'
import type { SandboxLimits } from '../sandbox'
import { COMMAND_VARIABLE, killMarked, untilGone } from './branch-processes'

export interface CopyRequest {
  readonly argv: readonly string[]
  /** Absolute, on the host. */
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
}

export interface CopyTree extends StartedTree {
  readonly mark: string
  /** False once its first process was reaped: the id may belong to another process from then on. */
  isAlive(): boolean
}

/** Programs that hold a command back a little. On a system without them it runs without what they do. */
interface Wrappers {
  readonly setpriv: string | null
  readonly prlimit: string | null
  readonly env: string
  readonly bash: string | null
}

/** Starts commands directly on the host: as the guest's user, in a session of their own, with what limits the system gives. */
export class CopyLaunch {
  readonly #limits: SandboxLimits
  readonly #mark: string
  readonly #wrappers: Wrappers
  #count = 0

  /** `mark` names the branch in this kernel. Throws `sandbox.missing-program` when the guest's user cannot be taken on. */
  constructor(mark: string, limits: SandboxLimits) {
    this.#mark = mark
    this.#limits = limits
    this.#wrappers = findWrappers()
  }

  /** What of the limits is only polled. */
  get isLimited(): boolean {
    return this.#wrappers.prlimit !== null
  }

  isMark(mark: string): boolean {
    return mark.startsWith(`${this.#mark}.`)
  }

  launch(request: CopyRequest, stdin: 'pipe' | 'ignore'): { child: ChildProcess; tree: CopyTree } {
    const { program, args, env, mark } = this.#commandLine(request)
    const child = spawn(program, args, { stdio: [stdin, 'pipe', 'pipe'], env, cwd: '/', detached: true })
    const { tree, reaped } = track(child.pid ?? 0, mark)
    child.once('exit', reaped)
    child.once('error', reaped)
    return { child, tree }
  }

  launchPty(request: CopyRequest, size: { cols: number; rows: number }): { pty: IPty; tree: CopyTree } {
    const { program, args, env, mark } = this.#commandLine(request)
    const pty = spawnPty(program, args, { name: 'xterm-256color', ...size, cwd: '/', env })
    const { tree, reaped } = track(pty.pid, mark)
    pty.onExit(reaped)
    return { pty, tree }
  }

  #commandLine(request: CopyRequest): { program: string; args: string[]; env: Record<string, string>; mark: string } {
    checkTexts(request)
    this.#count += 1
    const mark = `${this.#mark}.${this.#count}`
    const { setpriv, prlimit, env, bash } = this.#wrappers
    const owner = guestOwner()
    const descriptors = bash === null ? [] : inheritableDescriptors(2)
    const words: string[] = []
    if (bash !== null && descriptors.length > 0) {
      words.push(bash, '-c', `exec ${descriptors.map((fd) => `${fd}>&-`).join(' ')}; exec "$0" "$@"`)
    }
    if (setpriv !== null) {
      words.push(setpriv, '--no-new-privs', '--pdeathsig', 'KILL')
      if (mustDropRoot()) words.push('--reuid', `${owner.uid}`, '--regid', `${owner.gid}`, '--clear-groups')
      words.push('--')
    }
    if (prlimit !== null) {
      const { maxCpuSeconds, maxOpenFiles, maxProcesses } = this.#limits
      // Counted for the user as a whole: what runs already is added.
      words.push(prlimit, `--nproc=${threadsOf(owner.uid) + maxProcesses}`, `--nofile=${maxOpenFiles}`)
      words.push(`--cpu=${maxCpuSeconds}:${maxCpuSeconds + 5}`, '--core=0', '--')
    }
    // The folder is entered by the guest's user, and what bash adds is taken out again.
    words.push(env, '-u', 'SHLVL', '-u', '_', '-u', 'OLDPWD', '-C', request.cwd, `PWD=${request.cwd}`, ...request.argv)
    const [program = '', ...args] = words
    return { program, args, env: { ...request.env, [COMMAND_VARIABLE]: mark }, mark }
  }
}

function findWrappers(): Wrappers {
  const [setpriv, prlimit, env, bash] = ['setpriv', 'prlimit', 'env', 'bash'].map(findProgram)
  if (env === null || env === undefined || (mustDropRoot() && (setpriv ?? null) === null)) {
    throw new KeyframeError({
      code: 'sandbox.missing-program',
      message: 'Commands cannot be started as an unprivileged user here: setpriv or env is missing.',
      action: 'Install util-linux and coreutils, or start Keyframe as an ordinary user.',
    })
  }
  return { setpriv: setpriv ?? null, prlimit: prlimit ?? null, env, bash: bash ?? null }
}

function checkTexts(request: CopyRequest): void {
  checkCommandTexts(request)
  // An argument with "=" in the place of the program would be taken for a variable by env.
  if (request.argv[0]?.includes('=') === false) return
  throw new KeyframeError({
    code: 'sandbox.bad-argument',
    message: 'The command cannot be started: the name of its program contains an equals sign.',
    action: 'Start it through a shell, or under another name.',
  })
}

function threadsOf(uid: number): number {
  let threads = 0
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    try {
      if (statSync(`/proc/${name}`).uid === uid) threads += readdirSync(`/proc/${name}/task`).length
    } catch (thrown) {
      // Gone since the folder was read.
      if (!['ENOENT', 'ESRCH', 'EACCES'].includes((thrown as NodeJS.ErrnoException).code ?? '')) throw thrown
    }
  }
  return threads
}

function track(pid: number, mark: string): { tree: CopyTree; reaped: () => void } {
  let isOver = pid === 0
  const isMine = (other: string): boolean => other === mark
  const tree: CopyTree = {
    pid,
    mark,
    isAlive: () => !isOver,
    killTree: () => killMarked(isOver ? [] : [pid], isMine),
    gone: () => untilGone(isMine),
  }
  return { tree, reaped: () => (isOver = true) }
}
