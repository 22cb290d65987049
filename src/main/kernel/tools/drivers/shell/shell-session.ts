import { randomBytes } from 'node:crypto'
import { KeyframeError } from '../../../../../shared/failure'
import type { Sandbox, SandboxPty } from '../../sandboxes/sandbox'
import { BoundedText } from './bounded-text'
import { readExchangeFile, removeExchangeFile, writeExchangeFile } from './exchange-files'
import { foregroundGroup, killForegroundGroup } from './foreground-group'
import { showControls, toPlainText } from './plain-text'
import {
  type CapturedSession,
  type CapturedShellState,
  MAX_STATE_BYTES,
  type ShellState,
  captureBytes,
  capturedBytes,
  parseShellState,
} from './shell-state'
import { TerminalMarks } from './terminal-marks'

export interface ShellSessionOptions {
  readonly name: string
  readonly sandbox: Sandbox
  /** The exchange folder as it is called inside. */
  readonly guestExchangeDir: string
  /** Path of shell-integration.bash inside. */
  readonly rcfile: string
  readonly cols: number
  readonly rows: number
  readonly restored: CapturedSession | null
  onTerminalData(stream: 'output' | 'input' | 'resize', data: string): void
}

export interface CommandRequest {
  readonly command: string
  readonly timeoutMs: number
  readonly signal: AbortSignal
  onOutput(chunk: string): void
}

export interface CommandOutcome {
  readonly exitCode: number
  readonly output: string
  readonly truncated: boolean
  readonly cwd: string
  readonly timedOut: boolean
  /** The command ended the shell, so another one was started with the state of the last prompt. */
  readonly restarted: boolean
}

/** What the outcome of a command keeps of its output; the terminal gets everything. */
const MAX_OUTPUT_CHARACTERS = 1024 * 1024
const START_TIMEOUT_MS = 20_000
const INTERRUPT_GRACE_MS = 1_500
const KILL_GRACE_MS = 1_500
const KILL_ROUNDS = 3
const EMPTY_LINE_KEY = '\x1b[9001~'

interface RunningCommand {
  readonly id: string
  readonly typed: string
  readonly command: string
  readonly output: BoundedText
  readonly request: CommandRequest
  /** What the terminal said between typing and the beginning: the echo of what was typed. */
  echo: string
  begun: boolean
  retyped: boolean
  readonly ended: Promise<{ exitCode: number; restarted: boolean }>
  end(result: { exitCode: number; restarted: boolean }): void
}

/** One bash on a PTY of the sandbox, made again with the state of its last prompt when it ends. Started by the first use. */
export class ShellSession {
  readonly name: string
  cols: number
  rows: number
  readonly #options: ShellSessionOptions
  #pty: SandboxPty | null = null
  #marks = new TerminalMarks('')
  #starting: Promise<void> | null = null
  #atPrompt = false
  #promptWaiters: (() => void)[] = []
  #running: RunningCommand | null = null
  #queue: Promise<unknown> = Promise.resolve()
  #typed: Promise<void> = Promise.resolve()
  #lastCommand = 0
  #captured: CapturedShellState | null
  #state: ShellState
  #stateRead: Promise<void> = Promise.resolve()
  #shellGroup: number | null = null
  #tooLarge = false
  #closed = false

  constructor(options: ShellSessionOptions) {
    this.#options = options
    this.name = options.name
    this.cols = options.cols
    this.rows = options.rows
    this.#captured = options.restored?.shell ?? null
    this.#state = { sequence: 0, cwd: options.restored?.cwd ?? '/workspace', jobs: [] }
  }

  get live(): boolean {
    return this.#pty !== null
  }

  get cwd(): string {
    return this.#state.cwd
  }

  /** One at a time, in the order of the calls. Throws `shell.busy`, `shell.start-failed`, `cancelled`. */
  run(request: CommandRequest): Promise<CommandOutcome> {
    const turn = this.#queue.then(() => this.#run(request))
    this.#queue = turn.catch(() => undefined)
    return turn
  }

  async start(): Promise<void> {
    if (this.#pty !== null) return
    if (this.#closed) throw new KeyframeError({ code: 'shell.closed', message: `The session ${this.name} was closed.`, retryable: true })
    this.#starting ??= this.#startAny().finally(() => {
      this.#starting = null
    })
    await this.#starting
  }

  /** Keystrokes of a person, in order. A shell that does not start says so on the terminal. */
  type(data: string): void {
    this.#typed = this.#typed.then(async () => {
      try {
        await this.start()
      } catch (error) {
        if (!(error instanceof KeyframeError)) throw error
        this.#say(error.message)
        return
      }
      this.#options.onTerminalData('input', data)
      this.#pty?.write(data)
    })
  }

  resize(cols: number, rows: number): void {
    if (cols === this.cols && rows === this.rows) return
    this.cols = cols
    this.rows = rows
    this.#options.onTerminalData('resize', `${cols}x${rows}`)
    this.#pty?.resize(cols, rows)
  }

  /** As of the last prompt. */
  async capture(): Promise<CapturedSession> {
    await this.#stateRead
    const { cwd, jobs } = this.#state
    return { session: this.name, cols: this.cols, rows: this.rows, cwd, shell: this.#captured, jobs: [...jobs] }
  }

  async close(): Promise<void> {
    this.#closed = true
    const pty = this.#pty
    pty?.kill()
    await pty?.exited
    await this.#stateRead
  }

  async #startAny(): Promise<void> {
    try {
      await this.#startWith(this.#captured)
    } catch (error) {
      if (this.#captured === null || !(error instanceof KeyframeError)) throw error
      this.#say('The state of this shell could not be restored; this is a new one.')
      await this.#startWith(null)
    }
  }

  async #startWith(captured: CapturedShellState | null): Promise<void> {
    const { sandbox, guestExchangeDir, rcfile, name } = this.#options
    const nonce = randomBytes(16).toString('hex')
    const start = randomBytes(8).toString('hex')
    const files = [`${name}.${start}.start`]
    if (captured !== null) {
      files.push(`${name}.${start}.restore`, `${name}.${start}.history`)
      await writeExchangeFile(sandbox.exchangeDir, `${name}.${start}.restore`, capturedBytes(captured.state))
      await writeExchangeFile(sandbox.exchangeDir, `${name}.${start}.history`, capturedBytes(captured.history))
    }
    const fields = [nonce, guestExchangeDir, name, captured === null ? '' : start]
    await writeExchangeFile(sandbox.exchangeDir, `${name}.${start}.start`, fields.map((field) => `${field}\0`).join(''))
    try {
      await this.#launch(nonce, {
        argv: ['/bin/bash', '--noprofile', '--rcfile', rcfile, '-i'],
        env: {
          KEYFRAME_SHELL: `${guestExchangeDir}/${name}.${start}.start`,
          TERM: 'xterm-256color',
          LANG: 'C.UTF-8',
          PAGER: 'cat',
          GIT_PAGER: 'cat',
        },
      })
    } finally {
      for (const file of files) await removeExchangeFile(sandbox.exchangeDir, file)
    }
  }

  async #launch(nonce: string, command: { argv: string[]; env: Record<string, string> }): Promise<void> {
    const pty = await this.#options.sandbox.pty(command, { cols: this.cols, rows: this.rows })
    this.#marks = new TerminalMarks(nonce)
    this.#atPrompt = false
    this.#pty = pty
    let said = ''
    pty.onData((data) => {
      if (this.#pty !== pty) return
      if (said.length < 2000) said += data
      this.#receive(data)
    })
    const exited = pty.exited.then((exitCode) => this.#onExit(pty, exitCode))
    const ready = await Promise.race([this.#prompt(START_TIMEOUT_MS), exited.then(() => false)])
    if (!ready) {
      pty.kill()
      if (this.#pty === pty) this.#pty = null
      throw new KeyframeError({
        code: 'shell.start-failed',
        message: 'The shell did not reach its prompt.',
        action: 'See the terminal for what it said. bash must be installed where the sandbox can see it (/bin/bash).',
        details: { said: await toPlainText(said, this.cols) },
      })
    }
    this.#shellGroup = await foregroundGroup(pty.pid)
  }

  /** True once the shell reads a command line, false when it does not within the time. */
  #prompt(timeoutMs: number): Promise<boolean> {
    if (this.#atPrompt) return Promise.resolve(true)
    return new Promise((resolve) => {
      const waiter = (): void => {
        clearTimeout(timer)
        resolve(true)
      }
      const timer = setTimeout(() => {
        this.#promptWaiters = this.#promptWaiters.filter((other) => other !== waiter)
        resolve(false)
      }, timeoutMs)
      this.#promptWaiters.push(waiter)
    })
  }

  #receive(chunk: string): void {
    for (const piece of this.#marks.read(chunk)) {
      if (piece.kind === 'data') this.#onData(piece.data)
      else this.#onMark(piece.letter, piece.fields)
    }
  }

  #onData(data: string): void {
    const running = this.#running
    if (running !== null && !running.begun) {
      running.echo += data
      return
    }
    this.#options.onTerminalData('output', data)
    if (running === null) return
    running.output.push(data)
    running.request.onOutput(data)
  }

  #onMark(letter: string, fields: readonly string[]): void {
    const [id = '', status = ''] = fields
    if (letter === 'C') this.#atPrompt = false
    if (letter === 'E') this.#onBegin(id)
    if (letter === 'D') {
      this.#stateRead = this.#stateRead.then(() => this.#readState())
      if (this.#running?.begun === false && id === '') this.#retype(this.#running)
      if (this.#running?.begun === true && this.#running.id === id && /^\d{1,3}$/.test(status)) {
        this.#running.end({ exitCode: Number(status), restarted: false })
        this.#running = null
      }
    }
    if (letter === 'B') {
      this.#atPrompt = true
      for (const waiter of this.#promptWaiters.splice(0)) waiter()
    }
  }

  /** The line that was typed came to an end without having begun the command: something else read it or it was emptied. */
  #retype(running: RunningCommand): void {
    if (running.retyped) return
    running.retyped = true
    this.#pty?.write(`${EMPTY_LINE_KEY}${running.typed}\r`)
  }

  /** Shows the command in place of the line that was typed to run it. */
  #onBegin(id: string): void {
    const running = this.#running
    if (running === null || running.begun || running.id !== id) return
    running.begun = true
    const shown = showControls(running.command).replaceAll('\n', '\r\n> ')
    const contiguous = running.echo.includes(running.typed)
    this.#options.onTerminalData('output', contiguous ? running.echo.replace(running.typed, () => shown) : `${shown}\r\n`)
  }

  async #readState(): Promise<void> {
    const { exchangeDir } = this.#options.sandbox
    const state = await readExchangeFile(exchangeDir, `${this.name}.state`, MAX_STATE_BYTES)
    const parsed = state === null ? null : parseShellState(state.bytes, state.complete)
    if (state === null || parsed === null) return
    this.#state = parsed
    if (!state.complete) {
      if (!this.#tooLarge)
        this.#say(`The shell's variables and functions are more than ${MAX_STATE_BYTES} bytes: a restore will have older ones.`)
      this.#tooLarge = true
      return
    }
    this.#tooLarge = false
    const history = await readExchangeFile(exchangeDir, `${this.name}.history`, MAX_STATE_BYTES)
    const kept = history?.complete === true ? history.bytes : Buffer.alloc(0)
    this.#captured = { state: captureBytes(state.bytes), history: captureBytes(kept) }
  }

  #onExit(pty: SandboxPty, exitCode: number): void {
    if (this.#pty !== pty) return
    this.#pty = null
    this.#atPrompt = false
    const running = this.#running
    this.#running = null
    if (running?.begun === false) this.#options.onTerminalData('output', running.echo)
    if (!this.#closed) this.#say(`The shell ended with exit code ${exitCode}.`)
    running?.end({ exitCode, restarted: true })
  }

  #say(text: string): void {
    this.#options.onTerminalData('output', `\r\n\x1b[2m[${text}]\x1b[0m\r\n`)
  }

  async #run(request: CommandRequest): Promise<CommandOutcome> {
    request.signal.throwIfAborted()
    await this.start()
    if (!(await this.#prompt(request.timeoutMs)) || this.#pty === null) throw busy(this.name)
    const { exchangeDir } = this.#options.sandbox
    this.#lastCommand += 1
    const id = String(this.#lastCommand)
    const file = `${this.name}.${id}.command`
    await writeExchangeFile(exchangeDir, file, request.command)
    try {
      return await this.#type(id, request)
    } finally {
      await removeExchangeFile(exchangeDir, file)
    }
  }

  async #type(id: string, request: CommandRequest): Promise<CommandOutcome> {
    const { promise: ended, resolve: end } = deferred<{ exitCode: number; restarted: boolean }>()
    // Words only: after an unfinished command bash's parser does not know `{` on the next line.
    const typed = ` __kf ${id} 2>/dev/null;eval "$__kf_command";__kf_end 2>/dev/null`
    const output = new BoundedText(MAX_OUTPUT_CHARACTERS)
    const running: RunningCommand = {
      id,
      typed,
      command: request.command,
      output,
      request,
      echo: '',
      begun: false,
      retyped: false,
      ended,
      end,
    }
    this.#running = running
    this.#options.onTerminalData('input', `${request.command}\r`)
    this.#pty?.write(`${EMPTY_LINE_KEY}${typed}\r`)
    const stopped = await this.#endOrStop(running)
    const result = stopped === 'ended' ? await ended : await this.#interrupt(running)
    await this.#stateRead
    if (result.restarted && !this.#closed) await this.start()
    if (stopped === 'cancelled') throw new KeyframeError({ code: 'cancelled', message: 'The command was interrupted.', retryable: true })
    return {
      ...result,
      output: await toPlainText(output.text(), this.cols),
      truncated: output.truncated,
      cwd: this.cwd,
      timedOut: stopped === 'timed-out',
    }
  }

  #endOrStop(running: RunningCommand): Promise<'ended' | 'timed-out' | 'cancelled'> {
    const { signal, timeoutMs } = running.request
    return new Promise((resolve) => {
      const onAbort = (): void => settle('cancelled')
      const timer = setTimeout(() => settle('timed-out'), timeoutMs)
      const settle = (how: 'ended' | 'timed-out' | 'cancelled'): void => {
        clearTimeout(timer)
        signal.removeEventListener('abort', onAbort)
        resolve(how)
      }
      signal.addEventListener('abort', onAbort, { once: true })
      if (signal.aborted) onAbort()
      void running.ended.then(() => settle('ended'))
    })
  }

  /** Interrupt, then kill what is in the foreground, then the shell itself: after this the command has ended. */
  async #interrupt(running: RunningCommand): Promise<{ exitCode: number; restarted: boolean }> {
    const pty = this.#pty
    for (let round = 0; round < KILL_ROUNDS && pty !== null; round += 1) {
      pty.write('\x03')
      const interrupted = await within(running.ended, INTERRUPT_GRACE_MS)
      if (interrupted !== null) return interrupted
      if (!(await killForegroundGroup(pty.pid, this.#shellGroup))) break
      const killed = await within(running.ended, KILL_GRACE_MS)
      if (killed !== null) return killed
    }
    pty?.kill()
    return await running.ended
  }
}

function busy(session: string): KeyframeError {
  return new KeyframeError({
    code: 'shell.busy',
    message: `Another program runs in the session ${session}, so that the command could not be started in time.`,
    action: 'End that program, or use another session.',
    retryable: true,
  })
}

function deferred<Value>(): { promise: Promise<Value>; resolve(value: Value): void } {
  let settle: (value: Value) => void = () => undefined
  const promise = new Promise<Value>((resolve) => {
    settle = resolve
  })
  return { promise, resolve: settle }
}

function within<Value>(promise: Promise<Value>, timeoutMs: number): Promise<Value | null> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => resolve(null), timeoutMs)
    promise.then((value) => (clearTimeout(timer), resolve(value)), reject)
  })
}
