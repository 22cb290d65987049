import type { ChildProcess } from 'node:child_process'
import { StringDecoder } from 'node:string_decoder'
import type { IPty } from 'node-pty'
import { KeyframeError } from '../../../../shared/failure'
import { BoundedOutput } from './bounded-output'
import type { CommandResult, Sandbox, SandboxProcess, SandboxPty } from './sandbox'
import { signalNumber } from './signal-number'

const DEFAULT_OUTPUT_BYTES = 1024 ** 2
/** Beyond this a timer of Node fires at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1
const SIGXCPU_EXIT = 128 + 24

/** A started command and everything that it started. */
export interface StartedTree {
  readonly pid: number
  /** Ends every process of it; nothing once it has ended. */
  killTree(): void
  /** Called when its first process was reaped. Resolves when nothing of it is left. */
  gone(): Promise<void>
}

/** How a level starts commands. */
export interface Launcher<Request, Tree extends StartedTree> {
  launch(request: Request, stdin: 'pipe' | 'ignore'): { child: ChildProcess; tree: Tree }
  launchPty(request: Request, size: { cols: number; rows: number }): { pty: IPty; tree: Tree }
  /** Called for each started command: `end` ends it for a reason (`memory`, `disk`, `processes`, `timeout`, ...). */
  adopt(tree: Tree, finished: Promise<unknown>, end: (reason: string) => void): void
}

/** Reasons that are the limits' of a branch. */
const LIMITS = ['memory', 'disk', 'processes']

/** Runs commands of a branch to their end, with pipes or on a terminal: what every level without an engine has in common. */
export class CommandRunner<Request, Tree extends StartedTree> {
  readonly #launcher: Launcher<Request, Tree>

  constructor(launcher: Launcher<Request, Tree>) {
    this.#launcher = launcher
  }

  async run(request: Request, options: Parameters<Sandbox['run']>[1]): Promise<CommandResult> {
    options.signal?.throwIfAborted()
    const startedAt = performance.now()
    const { child, tree } = this.#launcher.launch(request, options.stdin === undefined ? 'ignore' : 'pipe')
    let ended = ''
    const end = (reason: string): void => {
      ended ||= reason
      tree.killTree()
    }
    const finished = exitOf(child)
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
    this.#launcher.adopt(tree, finished.closed, end)
    let exitCode: number
    try {
      exitCode = await finished.exited
      // What the command left behind would keep its pipes open, and goes with it.
      await tree.gone()
      await finished.closed
    } catch (cause) {
      throw startFailure(cause)
    } finally {
      clearTimeout(timer)
      options.signal?.removeEventListener('abort', onAbort)
    }
    if (ended === 'abort') throw options.signal?.reason
    return {
      exitCode,
      stdout: kept.stdout.text(),
      stderr: kept.stderr.text(),
      truncated: kept.stdout.truncated || kept.stderr.truncated,
      durationMs: performance.now() - startedAt,
      timedOut: ended === 'timeout',
      limit: LIMITS.includes(ended) ? ended : exitCode === SIGXCPU_EXIT ? 'cpu' : null,
    }
  }

  async spawn(request: Request): Promise<SandboxProcess> {
    const { child, tree } = this.#launcher.launch(request, 'pipe')
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', () => resolve())
      child.once('error', (cause) => reject(startFailure(cause)))
    })
    const finished = exitOf(child)
    const exited = finished.exited.then(async (code) => {
      await tree.gone()
      await finished.closed
      return code
    })
    child.stdin?.on('error', () => undefined)
    // Output that nobody asked for must not fill the pipe and stop the child, nor keep its end from being seen.
    setImmediate(() => {
      for (const stream of [child.stdout, child.stderr]) if (stream?.listenerCount('data') === 0) stream.resume()
    })
    this.#launcher.adopt(tree, exited, () => tree.killTree())
    return {
      pid: tree.pid,
      write: (data) => void child.stdin?.write(data),
      end: () => void child.stdin?.end(),
      onStdout: (listener) => void child.stdout?.on('data', listener),
      onStderr: (listener) => void child.stderr?.on('data', listener),
      exited,
      kill: () => tree.killTree(),
    }
  }

  pty(request: Request, size: { cols: number; rows: number }): SandboxPty {
    const { pty, tree } = this.#launcher.launchPty(request, size)
    let isOver = false
    const exited = new Promise<number>((resolve) => {
      pty.onExit(({ exitCode, signal }) => {
        isOver = true
        resolve(signal === undefined || signal === 0 ? exitCode : 128 + signal)
      })
    }).then(async (code) => {
      await tree.gone()
      return code
    })
    this.#launcher.adopt(tree, exited, () => tree.killTree())
    return {
      pid: tree.pid,
      // A terminal that has ended takes no more; node-pty would throw for its closed descriptor.
      write: (data) => (isOver ? undefined : pty.write(data)),
      resize: (cols, rows) => (isOver ? undefined : pty.resize(cols, rows)),
      onData: (listener) => void pty.onData(listener),
      exited,
      kill: () => tree.killTree(),
    }
  }
}

/** `exited`: the process has ended. `closed`: nobody holds its pipes any more either. */
function exitOf(child: ChildProcess): { exited: Promise<number>; closed: Promise<void> } {
  const exited = new Promise<number>((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code, signal) => resolve(code ?? 128 + signalNumber(signal)))
  })
  const closed = new Promise<void>((resolve) => {
    child.once('error', () => resolve())
    child.once('close', () => resolve())
  })
  return { exited, closed }
}

function startFailure(cause: unknown): KeyframeError {
  if (cause instanceof KeyframeError) return cause
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new KeyframeError(
    { code: 'sandbox.start-failed', message: `The command could not be started: ${reason}`, retryable: true },
    { cause },
  )
}
