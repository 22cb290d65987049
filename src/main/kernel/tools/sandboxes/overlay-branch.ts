import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { StringDecoder } from 'node:string_decoder'
import { KeyframeError } from '../../../../shared/failure'
import { BoundedOutput } from './bounded-output'
import type { BranchEgress } from './branch-egress'
import { guestOwner, mustDropRoot } from './guest-owner'
import { GUEST_WORKSPACE, guestEnv, relativePath } from './guest-view'
import { listeningPorts, packetsWithoutRoute } from './network-state'
import { childrenOf, commandLine, descendantsOf, isRunning, processState, signalProcess } from './process-tree'
import {
  type CommandResult,
  MOUNTED_GUEST,
  type Sandbox,
  type SandboxActivity,
  type SandboxCommand,
  type SandboxProcess,
  type SandboxPty,
} from './sandbox'
import { launch, launchPty, type LaunchContext, type Launched, type LaunchRequest } from './sandbox-launch'
import { LimitWatch } from './limit-watch'
import type { Toolchains } from './toolchains'
import { signalNumber } from './signal-number'

const DEFAULT_OUTPUT_BYTES = 1024 ** 2
/** Beyond this a timer of Node fires at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1
const SIGXCPU_EXIT = 128 + 24
const SIGXFSZ_EXIT = 128 + 25
/** Each finds the children of what the one before found; a process that ends meanwhile may be found for ever. */
const GATHER_ROUNDS = 8
const SIGSYS_EXIT = 128 + 31

/** What a branch has beside its holder. */
export interface BranchParts {
  readonly toolchains: Toolchains
  /** The branch's folder. */
  readonly dir: string
  /** Added to the environment of every command, which can change them for itself. */
  readonly env: Readonly<Record<string, string>>
  readonly notices: readonly string[]
  readonly egress: BranchEgress | null
}

/** One branch's sandbox over a live holder. */
export class OverlayBranch implements Sandbox {
  readonly level = 'overlay' as const
  readonly copyDir = null
  readonly guest = MOUNTED_GUEST
  readonly notices: readonly string[]
  readonly upperDir: string
  readonly exchangeDir: string
  readonly #context: LaunchContext
  readonly #parts: BranchParts
  readonly #live = new Map<Launched, Promise<unknown>>()
  /** Started while the branch was full: they get the use of the disk back with the others. */
  readonly #withoutGrowth = new Set<Launched>()
  readonly #watch: LimitWatch
  #unroutable = 0
  #killedByFilter = 0
  #freezing: Promise<unknown> = Promise.resolve()
  #disposed: Promise<void> | null = null

  constructor(context: LaunchContext, parts: BranchParts) {
    this.#context = context
    this.#parts = parts
    this.notices = parts.notices
    this.upperDir = join(parts.dir, 'upper')
    this.exchangeDir = join(parts.dir, 'exchange')
    this.#watch = new LimitWatch(context, parts.dir)
  }

  async run(command: SandboxCommand, options: Parameters<Sandbox['run']>[1]): Promise<CommandResult> {
    options.signal?.throwIfAborted()
    const request = { ...this.#request(command, 'dumb'), ...(await this.#ready('refused')) }
    const startedAt = performance.now()
    const { child, launched } = launch(this.#context, request, options.stdin === undefined ? 'ignore' : 'pipe')
    let ended = ''
    const end = (reason: string): void => {
      ended ||= reason
      launched.killTree()
    }
    const finished = new Promise<number>((resolve, reject) => {
      child.once('error', reject)
      child.once('close', (code, signal) => resolve(code ?? 128 + signalNumber(signal)))
    })
    const kept = {
      stdout: new BoundedOutput(options.maxOutputBytes ?? DEFAULT_OUTPUT_BYTES),
      stderr: new BoundedOutput(options.maxOutputBytes ?? DEFAULT_OUTPUT_BYTES),
    }
    for (const name of ['stdout', 'stderr'] as const) {
      const decoder = new StringDecoder('utf8')
      child[name]?.on('data', (chunk: Buffer) => {
        kept[name].push(chunk)
        const text = decoder.write(chunk)
        if (text !== '') options.onOutput?.(name, text)
      })
    }
    // A command that does not read its input ends the pipe: no fault of anybody.
    child.stdin?.on('error', () => undefined)
    child.stdin?.end(options.stdin)
    const timer = setTimeout(() => end('timeout'), Math.min(options.timeoutMs, LONGEST_TIMER_MS))
    const onAbort = (): void => end('abort')
    options.signal?.addEventListener('abort', onAbort, { once: true })
    const over = this.#adopt(launched, finished, end, request)
    let exitCode: number
    try {
      exitCode = await finished
      await over
    } catch (cause) {
      throw startFailure(cause)
    } finally {
      clearTimeout(timer)
      options.signal?.removeEventListener('abort', onAbort)
    }
    if (ended === 'abort') throw options.signal?.reason
    const limit = limitOf(ended, exitCode)
    const stderr = kept.stderr.text()
    const result: CommandResult = {
      exitCode,
      stdout: kept.stdout.text(),
      stderr: limit === 'disk' || (request.growth !== undefined && exitCode !== 0) ? `${stderr}${this.#watch.fullMessage()}\n` : stderr,
      truncated: kept.stdout.truncated || kept.stderr.truncated,
      durationMs: performance.now() - startedAt,
      timedOut: ended === 'timeout',
      limit,
    }
    this.#refuseSetupFailure(result, launched, command)
    return result
  }

  async spawn(command: SandboxCommand): Promise<SandboxProcess> {
    const request = { ...this.#request(command, 'dumb'), ...(await this.#ready('soft')) }
    const { child, launched } = launch(this.#context, request, 'pipe')
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', () => resolve())
      child.once('error', (cause) => reject(startFailure(cause)))
    })
    const finished = new Promise<number>((resolve) => {
      child.once('close', (code, signal) => resolve(code ?? 128 + signalNumber(signal)))
    })
    child.stdin?.on('error', () => undefined)
    // Output that nobody asked for must not fill the pipe and stop the child, nor keep its end from being seen.
    setImmediate(() => {
      for (const stream of [child.stdout, child.stderr]) if (stream?.listenerCount('data') === 0) stream.resume()
    })
    const over = this.#adopt(launched, finished, () => launched.killTree(), request)
    return {
      pid: launched.supervisor,
      write: (data) => void child.stdin?.write(data),
      end: () => void child.stdin?.end(),
      onStdout: (listener) => void child.stdout?.on('data', listener),
      onStderr: (listener) => void child.stderr?.on('data', listener),
      exited: over.then(() => finished),
      kill: () => launched.killTree(),
    }
  }

  async pty(command: SandboxCommand, size: { cols: number; rows: number }): Promise<SandboxPty> {
    const request = { ...this.#request(command, 'xterm-256color'), ...(await this.#ready('soft')) }
    const { pty, launched } = launchPty(this.#context, request, size)
    let isOver = false
    const finished = new Promise<number>((resolve) => {
      pty.onExit(({ exitCode, signal }) => {
        isOver = true
        resolve(signal === undefined || signal === 0 ? exitCode : 128 + signal)
      })
    })
    const over = this.#adopt(launched, finished, () => launched.killTree(), request)
    return {
      pid: launched.supervisor,
      // A terminal that has ended takes no more; node-pty would throw for its closed descriptor.
      write: (data) => (isOver ? undefined : pty.write(data)),
      resize: (cols, rows) => (isOver ? undefined : pty.resize(cols, rows)),
      onData: (listener) => void pty.onData(listener),
      exited: over.then(() => finished),
      kill: () => launched.killTree(),
    }
  }

  frozen<T>(during: () => Promise<T>): Promise<T> {
    const turn = this.#freezing.then(() => this.#freeze(during))
    // The next in line waits for this one to be over, however it ended; its failure is its caller's.
    this.#freezing = turn.then(
      () => undefined,
      () => undefined,
    )
    return turn
  }

  async processes(): Promise<string[]> {
    const found = this.#inside().flatMap((pid) => {
      const line = commandLine(pid)
      const state = processState(pid)
      return line === null || state === null || state.state === 'Z' ? [] : [{ line, startTime: state.startTime }]
    })
    return found.sort((a, b) => a.startTime - b.startTime).map((entry) => entry.line)
  }

  async activity(): Promise<SandboxActivity> {
    const { holder } = this.#context
    const { usage, limits } = await this.#watch.usage()
    const inside = this.#inside()
    // Without a network of the branch each command has one, which its first process is in.
    const networks = holder.hasNetwork ? [holder.pid] : [...this.#live.keys()].map((launched) => launched.firstInside()).filter(Boolean)
    const relay = this.#parts.egress?.relayInside ?? 0
    const ports = networks.flatMap((pid) => listeningPorts(pid, inside, relay === 0 ? [] : descendantsOf(relay)))
    const unroutable = networks.reduce((sum, pid) => sum + packetsWithoutRoute(pid), 0)
    const activity: SandboxActivity = {
      network: this.#parts.egress?.drain() ?? [],
      unroutable: Math.max(0, unroutable - this.#unroutable),
      ports,
      usage,
      limits,
      killedByFilter: this.#killedByFilter,
    }
    this.#unroutable = holder.hasNetwork ? Math.max(unroutable, this.#unroutable) : unroutable
    this.#killedByFilter = 0
    return activity
  }

  dispose(): Promise<void> {
    this.#disposed ??= this.#end()
    return this.#disposed
  }

  async #end(): Promise<void> {
    const watched = this.#watch.end()
    for (const launched of this.#live.keys()) launched.killTree()
    await Promise.allSettled(this.#live.values())
    await watched
    await this.#parts.egress?.close()
    await this.#context.cgroup?.remove()
    this.#context.holder.kill()
    await this.#context.holder.exited
  }

  /** Every process of the sandbox but bubblewrap's two supervisors of each command, parents before children. */
  #inside(): number[] {
    return [...this.#live.keys()].flatMap((launched) => {
      const first = launched.firstInside()
      return first === 0 ? [] : descendantsOf(first)
    })
  }

  async #freeze<T>(during: () => Promise<T>): Promise<T> {
    const { cgroup } = this.#context
    if (cgroup !== null && (await cgroup.freeze())) {
      try {
        // A process that started before its parent was in the group runs on: until none turns up any more.
        for (let round = 0; round < GATHER_ROUNDS && this.#gatherStrays() > 0; round += 1) await cgroup.freeze()
        return await during()
      } finally {
        cgroup.thaw()
      }
    }
    const stopped: number[] = []
    try {
      // Again until nothing new turns up, since processes start others meanwhile.
      while (await this.#stopRound(stopped));
      return await during()
    } finally {
      for (const pid of stopped.toReversed()) signalProcess(pid, 'SIGCONT')
    }
  }

  #gatherStrays(): number {
    return [...this.#live.keys()].reduce(
      (sum, launched) => sum + (launched.cgroup?.gather(descendantsOf(launched.supervisor).filter(isRunning)) ?? 0),
      0,
    )
  }

  /**
   * Stops what runs, a generation at a time, each once its parents have really stopped: a shell that still runs would take
   * its stopped child for a suspended job. For the same reason they go on in the opposite order. What a person had suspended
   * already is left as it is. Returns whether anything was found.
   */
  async #stopRound(stopped: number[]): Promise<boolean> {
    let generation = [...this.#live.keys()].flatMap((launched) => (launched.firstInside() === 0 ? [] : childrenOf(launched.firstInside())))
    let hasFound = false
    while (generation.length > 0) {
      const running = generation.filter((pid) => isRunning(pid) && !stopped.includes(pid) && signalProcess(pid, 'SIGSTOP'))
      stopped.push(...running)
      await this.#untilStopped(running)
      hasFound ||= running.length > 0
      generation = generation.flatMap(childrenOf)
    }
    return hasFound
  }

  /** A process in the middle of a system call stops at its end; one that waits for the disk is given two seconds. */
  async #untilStopped(pids: readonly number[]): Promise<void> {
    for (let round = 0; pids.some(isRunning); round += 1) {
      if (round > 400)
        throw new KeyframeError({ code: 'sandbox.freeze-failed', message: 'A process of the sandbox does not stop.', retryable: true })
      // A stop takes microseconds as a rule: the first looks only give way to other work.
      await new Promise<void>((resolve) => (round < 20 ? setImmediate(resolve) : setTimeout(resolve, 5)))
    }
  }

  #request(command: SandboxCommand, term: string): LaunchRequest {
    if (command.argv.length === 0) throw new KeyframeError({ code: 'sandbox.no-command', message: 'There is no program to run.' })
    const cwd = relativePath(command.cwd ?? '')
    for (const [name, value] of Object.entries(command.env ?? {})) {
      // A zero byte would end the value and begin an option of bubblewrap.
      if (!/^[^=\0]+$/.test(name) || value.includes('\0')) {
        throw new KeyframeError({ code: 'sandbox.bad-environment', message: `${JSON.stringify(name)} cannot be set as a variable.` })
      }
    }
    return {
      argv: command.argv,
      cwd: cwd === '' ? GUEST_WORKSPACE : `${GUEST_WORKSPACE}/${cwd}`,
      env: guestEnv(this.#parts.toolchains, term, { ...this.#parts.env, ...command.env }),
    }
  }

  /** Nothing starts in a frozen or ended sandbox. In a full one no file grows, which is what the result says. */
  async #ready(growth: 'refused' | 'soft'): Promise<{ growth?: 'refused' | 'soft' }> {
    await this.#freezing
    const isFull = await this.#watch.isFull()
    if (!isFull) await this.#allowGrowth()
    if (this.#disposed || !this.#context.holder.isAlive()) {
      throw new KeyframeError({
        code: 'sandbox.ended',
        message: 'The sandbox of this branch has ended.',
        action: 'Open the branch again: its files are kept.',
        retryable: true,
      })
    }
    await this.#parts.egress?.ensureRelay(this.#context)
    return isFull ? { growth } : {}
  }

  async #allowGrowth(): Promise<void> {
    if (this.#withoutGrowth.size === 0) return
    const pids = [...this.#withoutGrowth].flatMap((launched) => descendantsOf(launched.supervisor))
    this.#withoutGrowth.clear()
    await Promise.all(pids.map((pid) => liftFileSize(this.#context, pid)))
  }

  /** Resolves when nothing of the command is left. */
  #adopt(launched: Launched, finished: Promise<number>, end: (reason: string) => void, request: LaunchRequest): Promise<void> {
    this.#watch.add(launched, end)
    if (request.growth === 'soft') this.#withoutGrowth.add(launched)
    const count = (exitCode: number): void => {
      if (exitCode === SIGSYS_EXIT) this.#killedByFilter += 1
      if (exitCode === SIGXCPU_EXIT) this.#watch.note('cpu')
      if (exitCode === SIGXFSZ_EXIT && request.growth !== undefined) this.#watch.note('disk')
    }
    // One that never started is its caller's to report.
    const over = finished
      .then(count, () => undefined)
      .then(async () => {
        await launched.gone()
        this.#watch.remove(launched)
      })
    const leave = (): void => {
      this.#live.delete(launched)
      this.#withoutGrowth.delete(launched)
    }
    this.#live.set(launched, over.finally(() => launched.clear()).finally(leave))
    return over
  }

  /** bubblewrap reports its own failures like those of a command; they are the sandbox's, not the command's. */
  #refuseSetupFailure(result: CommandResult, launched: Launched, command: SandboxCommand): void {
    if (result.exitCode !== 1 || result.stdout !== '' || !/^(bwrap|nsenter): /.test(result.stderr)) return
    if (result.stderr.startsWith("bwrap: Can't chdir")) {
      throw new KeyframeError({
        code: 'sandbox.no-such-folder',
        message: `There is no folder ${command.cwd ?? '.'} in the workspace.`,
        action: 'Name a folder that exists.',
      })
    }
    // A command of the guest's own may be called nsenter; ours fails before anything is inside.
    if (launched.firstInside() !== 0 && result.stderr.startsWith('nsenter: ')) return
    throw new KeyframeError({
      code: 'sandbox.start-failed',
      message: `The command could not be started in the sandbox: ${result.stderr.trim()}`,
      action: 'Run `npm run -s keyframe -- doctor` to see what the system does not allow.',
    })
  }
}

function limitOf(ended: string, exitCode: number): string | null {
  if (ended === 'memory' || ended === 'disk') return ended
  if (exitCode === SIGXCPU_EXIT) return 'cpu'
  return exitCode === SIGXFSZ_EXIT ? 'disk' : null
}

function liftFileSize({ programs }: LaunchContext, pid: number): Promise<void> {
  const args = ['--pid', `${pid}`, '--fsize=unlimited:unlimited']
  return new Promise((resolve) => {
    // One that has ended needs it no more; one that may not be changed stays as it is until it is started again.
    execFile(programs.prlimit, args, { env: {}, cwd: '/', ...(mustDropRoot() ? guestOwner() : {}) }, () => resolve())
  })
}

function startFailure(cause: unknown): KeyframeError {
  if (cause instanceof KeyframeError) return cause
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new KeyframeError(
    { code: 'sandbox.start-failed', message: `The command could not be started: ${reason}`, retryable: true },
    { cause },
  )
}
