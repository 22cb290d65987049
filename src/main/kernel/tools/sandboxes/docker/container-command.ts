import { execFile } from 'node:child_process'
import { PassThrough, type Duplex } from 'node:stream'
import { findProgram } from '../host-programs'
import { descendantsOf, hasEnded, signalProcess } from '../process-tree'
import { LAUNCHER, type Container } from './container'
import type { EngineClient } from './engine-client'
import { Created, ExecView } from './engine-shapes'

export interface CommandRequest {
  readonly argv: readonly string[]
  /** Inside, absolute. */
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
  readonly stdin: 'pipe' | 'ignore'
  /** Null: pipes. */
  readonly terminal: { readonly cols: number; readonly rows: number } | null
  /** In a full branch no file may grow beyond a mebibyte: for good, or until it is given back (see `liftFileSize`). */
  readonly growth?: 'refused' | 'soft'
}

/** What the supervising shell says when the folder is missing; nothing of the command has run then. */
export const NO_FOLDER_EXIT = 125
export const NO_FOLDER_TEXT = 'keyframe: there is no such folder\n'

/**
 * The supervisor of one command. When that ends, everything it left behind has become the supervisor's child (see
 * command-launcher.ts): all of it is killed, generation after generation. `(:)` starts and awaits a process, by which a shell also
 * takes in children that it did not start.
 */
const SUPERVISE = [
  `cd -- "$1" 2>/dev/null || { printf '${NO_FOLDER_TEXT.trim()}\\n' >&2; exit ${NO_FOLDER_EXIT}; }`,
  'shift',
  // The shell's own remarks on how a command ended are nobody's.
  'exec 4>&2 2>/dev/null',
  '(exec 2>&4 4>&-; exec "$@")',
  'c=$?',
  'n=0',
  'while [ $n -lt 999 ]; do k=; read -r k </proc/$$/task/$$/children || :; [ -n "$k" ] || break; kill -9 $k; (:); n=$((n+1)); done',
  'exit $c',
].join('\n')
/** In blocks of 512 bytes: a shell can still write down its state, see FILE_BYTES_WHEN_FULL of the overlay. */
const WITHOUT_GROWTH = { refused: 'ulimit -f 2048\n', soft: 'ulimit -S -f 2048\n' } as const
/** A terminal has its size before the program looks at it. */
const SUPERVISE_TERMINAL = `stty rows "$1" cols "$2" 2>/dev/null; shift 2\n${SUPERVISE}`

/** One command in a container. */
export interface ContainerCommand {
  /** The supervisor, as this system numbers it; zero until the engine has started it. */
  supervisor(): number
  /** Once the supervisor is known, or the command has ended without one. */
  readonly running: Promise<void>
  readonly stdout: PassThrough
  readonly stderr: PassThrough
  write(data: string | Uint8Array): void
  end(): void
  resize(size: { cols: number; rows: number }): void
  /** Exit code once nothing of the command is left; 137 when its container ended with it. */
  readonly exited: Promise<number>
  /** Ends the whole tree, also when it is only about to start. */
  kill(): void
}

/** Throws `docker.refused` when the container has ended. */
export async function startCommand(engine: EngineClient, container: Container, request: CommandRequest): Promise<ContainerCommand> {
  const { terminal } = request
  const size = terminal === null ? [] : [`${terminal.rows}`, `${terminal.cols}`]
  const limit = request.growth === undefined ? '' : WITHOUT_GROWTH[request.growth]
  const script = `${limit}${terminal === null ? SUPERVISE : SUPERVISE_TERMINAL}`
  const { Id: id } = await engine.post(Created, `/containers/${container.id}/exec`, {
    AttachStdin: request.stdin === 'pipe',
    AttachStdout: true,
    AttachStderr: terminal === null,
    Tty: terminal !== null,
    // The engine's own keys to leave a terminal would be swallowed by it: a sequence that nobody types.
    ...(terminal === null ? {} : { DetachKeys: 'ctrl-^,ctrl-@,ctrl-^,ctrl-@,ctrl-^,ctrl-@' }),
    Env: Object.entries(request.env).map(([name, value]) => `${name}=${value}`),
    Cmd: [LAUNCHER, '/bin/sh', '-c', script, 'keyframe', ...size, request.cwd, ...request.argv],
  })
  const line = await engine.upgrade(`/exec/${id}/start`, { Detach: false, Tty: terminal !== null })
  return new RunningCommand(engine, container, id, line, terminal !== null)
}

class RunningCommand implements ContainerCommand {
  readonly stdout = new PassThrough()
  readonly stderr = new PassThrough()
  readonly running: Promise<void>
  readonly exited: Promise<number>
  readonly #engine: EngineClient
  readonly #container: Container
  readonly #id: string
  readonly #line: Duplex
  #supervisor = 0
  #isOver = false
  #isKilled = false

  constructor(engine: EngineClient, container: Container, id: string, line: Duplex, isTerminal: boolean) {
    this.#engine = engine
    this.#container = container
    this.#id = id
    this.#line = line
    // A connection that breaks has ended: the exit code is asked for in any case.
    const ended = new Promise<void>((resolve) => {
      line.once('end', resolve)
      line.once('close', resolve)
      line.once('error', () => resolve())
    })
    if (isTerminal) line.on('data', (chunk: Buffer) => this.#pass(this.stdout, chunk))
    else demultiplex(line, (stream, chunk) => this.#pass(stream === 2 ? this.stderr : this.stdout, chunk))
    this.running = this.#started()
    this.exited = this.#untilOver(ended)
  }

  supervisor(): number {
    return this.#supervisor
  }

  write(data: string | Uint8Array): void {
    // A command that has ended, or does not read, loses what it is sent: no fault of anybody.
    if (!this.#isOver && this.#line.writable) this.#line.write(data)
  }

  end(): void {
    if (this.#line.writable) this.#line.end()
  }

  resize({ cols, rows }: { cols: number; rows: number }): void {
    if (this.#isOver) return
    // The terminal may end while the engine is asked.
    this.#engine.send('POST', `/exec/${this.#id}/resize?h=${rows}&w=${cols}`).catch((cause: unknown) => {
      process.emitWarning(`The size of a terminal could not be changed: ${String(cause)}`)
    })
  }

  kill(): void {
    if (this.#isOver || this.#isKilled) return
    this.#isKilled = true
    this.#killNow()
  }

  #killNow(): void {
    if (this.#supervisor === 0) return
    // Stopped first, so that it starts nothing between the look and the kill.
    if (signalProcess(this.#supervisor, 'SIGSTOP')) {
      for (const pid of descendantsOf(this.#supervisor)) signalProcess(pid, 'SIGKILL')
      signalProcess(this.#supervisor, 'SIGKILL')
    }
  }

  #pass(stream: PassThrough, chunk: Buffer): void {
    // A reader that is behind stops the command rather than fill the memory.
    if (!stream.write(chunk)) {
      this.#line.pause()
      stream.once('drain', () => this.#line.resume())
    }
  }

  async #untilOver(ended: Promise<void>): Promise<number> {
    try {
      await Promise.race([ended, this.running.then(() => this.#untilGone(ended))])
      await this.running
      return await this.#exitCode()
    } finally {
      this.#isOver = true
      this.#line.destroy()
      this.#container.sweep()
      this.stdout.end()
      this.stderr.end()
    }
  }

  /** Until the engine tells the supervisor's process id, or that it has ended already. */
  async #started(): Promise<void> {
    for (let waitMs = 1; this.#container.isAlive(); waitMs = Math.min(waitMs * 2, 50)) {
      const answer = await this.#engine.send('GET', `/exec/${this.#id}/json`)
      // Forgotten with its container.
      if (answer.status >= 300) return
      const { Pid, Running, ExitCode } = ExecView.parse(JSON.parse(answer.body.toString('utf8')))
      if (Pid !== 0) {
        this.#supervisor = Pid
        if (this.#isKilled) this.#killNow()
        return
      }
      if (!Running && ExitCode !== null) return
      await new Promise((resolve) => setTimeout(resolve, waitMs))
    }
  }

  /** The supervisor may be killed by what it supervises, which then keeps the output open: it is swept away. */
  async #untilGone(ended: Promise<void>): Promise<void> {
    if (this.#supervisor === 0) return ended
    let isEnded = false
    void ended.then(() => (isEnded = true))
    while (!isEnded) {
      if (hasEnded(this.#supervisor)) {
        this.#container.sweep()
        break
      }
      await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 200).unref())])
    }
    // What was written last may still be on its way.
    await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 2000).unref())])
  }

  async #exitCode(): Promise<number> {
    for (let waitMs = 1; this.#container.isAlive(); waitMs = Math.min(waitMs * 2, 50)) {
      const answer = await this.#engine.send('GET', `/exec/${this.#id}/json`)
      // The engine forgets an ended command a while after, and all of them with the container.
      if (answer.status >= 300) break
      const { Running, ExitCode } = ExecView.parse(JSON.parse(answer.body.toString('utf8')))
      if (!Running) return ExitCode ?? 137
      await new Promise((resolve) => setTimeout(resolve, waitMs))
    }
    return 137
  }
}

/** Lets the processes of a command write again. One that ended meanwhile needs nothing. */
export async function liftFileSize(command: ContainerCommand): Promise<void> {
  const pids = command.supervisor() === 0 ? [] : [command.supervisor(), ...descendantsOf(command.supervisor())]
  const lift = (pid: number): Promise<void> =>
    new Promise((resolve) => {
      // One that has ended needs it no more; one that may not be changed stays as it is until it is started again.
      execFile(findProgram('prlimit') ?? 'prlimit', [`--pid=${pid}`, '--fsize=unlimited:unlimited'], { env: {} }, () => resolve())
    })
  await Promise.all(pids.map(lift))
}

const FRAME_BYTES = 8

/** The engine puts before each piece of output: the stream (1 or 2), three zeros, its length with the high byte first. */
function demultiplex(line: Duplex, give: (stream: number, chunk: Buffer) => void): void {
  let header = Buffer.alloc(0)
  let left = 0
  let stream = 1
  line.on('data', (chunk: Buffer) => {
    for (let at = 0; at < chunk.length;) {
      if (left > 0) {
        const part = chunk.subarray(at, at + left)
        give(stream, part)
        left -= part.length
        at += part.length
        continue
      }
      const part = chunk.subarray(at, at + FRAME_BYTES - header.length)
      header = Buffer.concat([header, part])
      at += part.length
      if (header.length < FRAME_BYTES) return
      stream = header[0] ?? 1
      left = header.readUInt32BE(4)
      header = Buffer.alloc(0)
    }
  })
}
