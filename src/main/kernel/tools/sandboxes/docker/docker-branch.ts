import { join } from 'node:path'
import { StringDecoder } from 'node:string_decoder'
import { KeyframeError } from '../../../../../shared/failure'
import { checkCommandTexts } from '../command-texts'
import { BoundedOutput } from '../bounded-output'
import { GUEST_WORKSPACE, guestEnv, relativePath } from '../guest-view'
import { listeningPorts, packetsWithoutRoute } from '../network-state'
import { childrenOf, commandLine, descendantsOf, processState } from '../process-tree'
import {
  type CommandResult,
  MOUNTED_GUEST,
  type Sandbox,
  type SandboxActivity,
  type SandboxCommand,
  type SandboxLimits,
  type SandboxProcess,
  type SandboxPty,
} from '../sandbox'
import type { Toolchains } from '../toolchains'
import type { Container } from './container'
import { liftFileSize, NO_FOLDER_EXIT, NO_FOLDER_TEXT, startCommand, type CommandRequest, type ContainerCommand } from './container-command'
import type { ContainerEgress } from './container-egress'
import type { ContainerWatch } from './container-watch'
import { engineMessage, type EngineClient } from './engine-client'

const DEFAULT_OUTPUT_BYTES = 1024 ** 2
/** Beyond this a timer of Node fires at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1
const SIGXCPU_EXIT = 128 + 24
const SIGXFSZ_EXIT = 128 + 25
const SIGKILL_EXIT = 128 + 9
const SIGSYS_EXIT = 128 + 31

export interface DockerBranchParts {
  readonly engine: EngineClient
  readonly container: Container
  readonly watch: ContainerWatch
  readonly egress: ContainerEgress | null
  readonly toolchains: Toolchains
  readonly limits: SandboxLimits
  readonly dir: string
  readonly notices: readonly string[]
  /** Called once nothing is mounted any more. */
  cleanUp(): Promise<void>
}

/** One branch's sandbox in its own container. */
export class DockerBranch implements Sandbox {
  readonly level = 'docker' as const
  readonly copyDir = null
  readonly guest = MOUNTED_GUEST
  readonly notices: readonly string[]
  readonly upperDir: string
  readonly exchangeDir: string
  readonly #parts: DockerBranchParts
  readonly #live = new Map<ContainerCommand, { ended: Promise<unknown>; end: (reason: string) => void }>()
  /** Started while the branch was full: they may write again with the others. */
  readonly #withoutGrowth = new Set<ContainerCommand>()
  #freezing: Promise<unknown> = Promise.resolve()
  #disposed: Promise<void> | null = null
  #killedByFilter = 0
  #unroutable = 0

  constructor(parts: DockerBranchParts) {
    this.#parts = parts
    this.notices = parts.notices
    this.upperDir = join(parts.dir, 'upper')
    this.exchangeDir = join(parts.dir, 'exchange')
  }

  /** For the watch: ends every command. */
  endAll(reason: string): void {
    for (const { end } of this.#live.values()) end(reason)
  }

  async run(command: SandboxCommand, options: Parameters<Sandbox['run']>[1]): Promise<CommandResult> {
    options.signal?.throwIfAborted()
    const request = this.#request(command, 'dumb', { stdin: options.stdin === undefined ? 'ignore' : 'pipe', terminal: null })
    const isFull = await this.#ready()
    const killsBefore = this.#parts.watch.memoryKills()
    const startedAt = performance.now()
    const started = await this.#start(isFull ? { ...request, growth: 'refused' } : request)
    let ended = ''
    const end = (reason: string): void => {
      ended ||= reason
      started.kill()
    }
    const kept = {
      stdout: new BoundedOutput(options.maxOutputBytes ?? DEFAULT_OUTPUT_BYTES),
      stderr: new BoundedOutput(options.maxOutputBytes ?? DEFAULT_OUTPUT_BYTES),
    }
    const read: Promise<void>[] = []
    for (const name of ['stdout', 'stderr'] as const) {
      const decoder = new StringDecoder('utf8')
      started[name].on('data', (chunk: Buffer) => {
        kept[name].push(chunk)
        const text = decoder.write(chunk)
        if (text !== '') options.onOutput?.(name, text)
      })
      read.push(new Promise((resolve) => started[name].once('close', resolve)))
    }
    this.#adopt(started, end)
    if (options.stdin !== undefined) {
      started.write(options.stdin)
      started.end()
    }
    const timer = setTimeout(() => end('timeout'), Math.min(options.timeoutMs, LONGEST_TIMER_MS))
    const onAbort = (): void => end('abort')
    options.signal?.addEventListener('abort', onAbort, { once: true })
    if (options.signal?.aborted === true) onAbort()
    let exitCode: number
    try {
      exitCode = await started.exited
      await Promise.all(read)
    } finally {
      clearTimeout(timer)
      options.signal?.removeEventListener('abort', onAbort)
    }
    if (ended === 'abort') throw options.signal?.reason
    const [stdout, complaints] = [kept.stdout.text(), kept.stderr.text()]
    const isDisk = ended === 'disk' || (isFull && exitCode === SIGXFSZ_EXIT)
    const stderr = isDisk || (isFull && exitCode !== 0) ? `${complaints}${this.#parts.watch.fullMessage()}\n` : complaints
    if (exitCode === NO_FOLDER_EXIT && stdout === '' && complaints === NO_FOLDER_TEXT) throw noFolder(command)
    if (exitCode === SIGSYS_EXIT) this.#killedByFilter += 1
    if (exitCode === SIGXCPU_EXIT) this.#parts.watch.note('cpu')
    const isShort = exitCode === SIGKILL_EXIT && ended === '' && this.#parts.watch.memoryKills() > killsBefore
    return {
      exitCode,
      stdout,
      stderr,
      truncated: kept.stdout.truncated || kept.stderr.truncated,
      durationMs: performance.now() - startedAt,
      timedOut: ended === 'timeout',
      limit: isDisk ? 'disk' : isShort ? 'memory' : exitCode === SIGXCPU_EXIT ? 'cpu' : null,
    }
  }

  async spawn(command: SandboxCommand): Promise<SandboxProcess> {
    const request = this.#request(command, 'dumb', { stdin: 'pipe', terminal: null })
    const started = await this.#startGrowing(request, await this.#ready())
    this.#adopt(started, () => started.kill())
    await started.running
    discardUnread(started)
    return {
      pid: started.supervisor(),
      write: (data) => started.write(data),
      end: () => started.end(),
      onStdout: (listener) => void started.stdout.on('data', listener),
      onStderr: (listener) => void started.stderr.on('data', listener),
      exited: started.exited,
      kill: () => started.kill(),
    }
  }

  async pty(command: SandboxCommand, size: { cols: number; rows: number }): Promise<SandboxPty> {
    const request = this.#request(command, 'xterm-256color', { stdin: 'pipe', terminal: size })
    const started = await this.#startGrowing(request, await this.#ready())
    this.#adopt(started, () => started.kill())
    await started.running
    discardUnread(started)
    const decoder = new StringDecoder('utf8')
    return {
      pid: started.supervisor(),
      write: (data) => started.write(data),
      resize: (cols, rows) => started.resize({ cols, rows }),
      onData: (listener) =>
        void started.stdout.on('data', (chunk: Buffer) => {
          const text = decoder.write(chunk)
          if (text !== '') listener(text)
        }),
      exited: started.exited,
      kill: () => started.kill(),
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
    const { watch, egress, container, limits } = this.#parts
    const use = await watch.take()
    const relay = egress?.relay ?? 0
    const unroutable = container.isAlive() ? packetsWithoutRoute(container.pid) : this.#unroutable
    const activity = {
      network: egress?.drain() ?? [],
      unroutable: Math.max(0, unroutable - this.#unroutable),
      ports: container.isAlive() ? listeningPorts(container.pid, this.#inside(), relay === 0 ? [] : descendantsOf(relay)) : [],
      usage: {
        cpuMs: use.cpuMs,
        peakMemoryBytes: use.peakMemoryBytes,
        maxMemoryBytes: limits.maxMemoryBytes,
        peakProcesses: use.peakProcesses,
        maxProcesses: limits.maxProcesses,
        diskBytes: use.diskBytes,
        maxDiskBytes: limits.maxDiskBytes,
      },
      limits: use.limits,
      killedByFilter: this.#killedByFilter,
    }
    this.#unroutable = unroutable
    this.#killedByFilter = 0
    return activity
  }

  dispose(): Promise<void> {
    this.#disposed ??= this.#end()
    return this.#disposed
  }

  async #end(): Promise<void> {
    const { container, watch, egress } = this.#parts
    await this.#freezing
    await container.remove()
    await Promise.allSettled([...this.#live.values()].map(({ ended }) => ended))
    await watch.end()
    await egress?.close()
    await this.#parts.cleanUp()
  }

  /** Every process of commands, but their supervisors and the relay. */
  #inside(): number[] {
    return [...this.#live.keys()].flatMap((command) => (command.supervisor() === 0 ? [] : descendantsOf(command.supervisor())))
  }

  /** The engine stops every process at once, in a way that none of them can see. */
  async #freeze<T>(during: () => Promise<T>): Promise<T> {
    const { engine, container } = this.#parts
    // Nothing but the first process and its own child: nobody could change anything.
    if (this.#live.size === 0 && childrenOf(container.pid).length <= 1) return during()
    const tell = async (what: 'pause' | 'unpause'): Promise<void> => {
      const answer = await engine.settled('POST', `/containers/${container.id}/${what}`)
      // One that has ended meanwhile is as still as one can be.
      if (answer.status < 300 || !container.isAlive()) return
      throw new KeyframeError({
        code: 'sandbox.freeze-failed',
        message: `The branch's container does not ${what}: ${engineMessage(answer)}`,
        retryable: true,
      })
    }
    await tell('pause')
    try {
      return await during()
    } finally {
      await tell('unpause')
    }
  }

  #request(command: SandboxCommand, term: string, streams: Pick<CommandRequest, 'stdin' | 'terminal'>): CommandRequest {
    if (command.argv.length === 0) throw new KeyframeError({ code: 'sandbox.no-command', message: 'There is no program to run.' })
    const cwd = relativePath(command.cwd ?? '')
    for (const [name, value] of Object.entries(command.env ?? {})) {
      if (!/^[^=\0]+$/.test(name) || value.includes('\0')) {
        throw new KeyframeError({ code: 'sandbox.bad-environment', message: `${JSON.stringify(name)} cannot be set as a variable.` })
      }
    }
    const request = {
      argv: command.argv,
      cwd: cwd === '' ? GUEST_WORKSPACE : `${GUEST_WORKSPACE}/${cwd}`,
      env: guestEnv(this.#parts.toolchains, term, command.env ?? {}),
      ...streams,
    }
    checkCommandTexts(request)
    return request
  }

  /** Nothing starts in a frozen or ended sandbox. Returns whether the branch is full: then no file may grow. */
  async #ready(): Promise<boolean> {
    const { watch, engine, container, egress } = this.#parts
    await this.#freezing
    const isFull = await watch.isFull()
    if (!isFull) await this.#allowGrowth()
    if (this.#disposed !== null || !container.isAlive()) throw hasEndedFailure()
    await egress?.ensureRelay(engine, container)
    return isFull
  }

  async #allowGrowth(): Promise<void> {
    const waiting = [...this.#withoutGrowth].filter((command) => this.#live.has(command))
    this.#withoutGrowth.clear()
    await Promise.all(waiting.map(liftFileSize))
  }

  /** For commands that may outlive the fullness of the branch. */
  async #startGrowing(request: CommandRequest, isFull: boolean): Promise<ContainerCommand> {
    const started = await this.#start(isFull ? { ...request, growth: 'soft' } : request)
    if (isFull) this.#withoutGrowth.add(started)
    return started
  }

  async #start(request: CommandRequest): Promise<ContainerCommand> {
    const { engine, container } = this.#parts
    try {
      return await startCommand(engine, container, request)
    } catch (cause) {
      if (!container.isAlive()) throw hasEndedFailure()
      throw cause
    }
  }

  #adopt(started: ContainerCommand, end: (reason: string) => void): void {
    const { watch } = this.#parts
    watch.start()
    const leave = (): void => {
      this.#live.delete(started)
      if (this.#live.size === 0) watch.pause()
    }
    this.#live.set(started, { ended: started.exited.then(leave, leave), end })
  }
}

/** Output that whoever started it does not ask for at once must not stop the command, nor keep its end from being seen. */
function discardUnread(started: ContainerCommand): void {
  setImmediate(() => {
    for (const stream of [started.stdout, started.stderr]) if (stream.listenerCount('data') === 0) stream.resume()
  })
}

function hasEndedFailure(): KeyframeError {
  return new KeyframeError({
    code: 'sandbox.ended',
    message: 'The sandbox of this branch has ended.',
    action: 'Open the branch again: its files are kept.',
    retryable: true,
  })
}

function noFolder(command: SandboxCommand): KeyframeError {
  return new KeyframeError({
    code: 'sandbox.no-such-folder',
    message: `There is no folder ${command.cwd ?? '.'} in the workspace.`,
    action: 'Name a folder that exists.',
  })
}
