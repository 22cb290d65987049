import { KeyframeError } from '../../../../../shared/failure'
import type { ShellProcess } from '../../schemas/shell'
import type { Sandbox, SandboxPty } from '../../sandboxes/sandbox'
import { environmentChange } from './environment-change'
import { busy, closed, type CommandOutcome, type CommandRequest, nothingRuns, type WaitOptions } from './command-outcome'
import { LOOK_EVERY_MS, settle, type Settled } from './command-wait'
import { readExchangeFile, removeExchangeFile, writeExchangeFile } from './exchange-files'
import { showControls, toPlainText } from './plain-text'
import { lostPrograms } from './session-processes'
import { ShellCommand, within } from './shell-command'
import { prepareLaunch, removeSessionFiles, type ShellLaunch } from './shell-launch'
import { shellHints } from './shell-hints'
import {
  captureBytes,
  type CapturedSession,
  lostState,
  MAX_STATE_BYTES,
  restoredFrom,
  parseShellState,
  type ShellBytes,
  type ShellState,
} from './shell-state'
import { stateDifferences } from './state-differences'
import { TerminalFlow } from './terminal-flow'
import { TerminalMarks } from './terminal-marks'
import { TerminalModes } from './terminal-modes'
import { TerminalPrograms } from './terminal-programs'

export interface ShellSessionOptions {
  readonly name: string
  readonly sandbox: Sandbox
  readonly cols: number
  readonly rows: number
  readonly restored: CapturedSession | null
  /** Monotonic milliseconds. */
  readonly clock: () => number
  onTerminalData(stream: 'output' | 'input' | 'resize', data: string): void
}

const START_TIMEOUT_MS = 20_000
const INTERRUPT_GRACE_MS = 1_500
const KILL_GRACE_MS = 1_500
const KILL_ROUNDS = 3
/** Without output for so long, after a line that is not finished (a prompt) and after one that is. */
const QUIET_AT_PROMPT_MS = 400
const QUIET_MS = 1_500
/** Where the prompt's own mark does not come (a read-only PS1, standard error elsewhere). */
const PROMPT_AFTER_END_MS = 300
/** How long a shell may be idle in what it thinks is a command before the kernel types over it. */
const STUCK_AFTER_MS = 1_000
const BEGIN_TIMEOUT_MS = 3_000
const EMPTY_LINE_KEY = '\x1b[9001~'

/** One bash on a PTY of the sandbox, made again with the state of its last prompt when it ends. Started by the first use. */
export class ShellSession {
  readonly name: string
  cols: number
  rows: number
  readonly #options: ShellSessionOptions
  #pty: SandboxPty | null = null
  #marks = new TerminalMarks('')
  readonly #modes = new TerminalModes()
  readonly #flow = new TerminalFlow()
  #starting: Promise<void> | null = null
  #atPrompt = false
  /** From the end of a command on, before the prompt is there. */
  #idle = true
  #promptTimer: NodeJS.Timeout | undefined
  #promptWaiters: (() => void)[] = []
  #command: ShellCommand | null = null
  #lastExitCode: number | null = null
  #queue: Promise<unknown> = Promise.resolve()
  #typed: Promise<void> = Promise.resolve()
  #typedAtMs = 0
  #commands = 0
  #bytes: ShellBytes | null
  #state: ShellState
  #stateRead: Promise<void> = Promise.resolve()
  /** Known from the first prompt on. */
  #programs: TerminalPrograms | null = null
  #tooLargeBytes = 0
  #lost: string[] = []
  #closed = false

  constructor(options: ShellSessionOptions) {
    const { restored, sandbox } = options
    this.#options = options
    this.name = options.name
    this.cols = options.cols
    this.rows = options.rows
    const start = restoredFrom(restored, sandbox.guest.workspace)
    this.#bytes = start.bytes
    this.#state = { sequence: 0, cwd: start.cwd, jobs: [], descriptors: [], environment: null }
  }

  get live(): boolean {
    return this.#pty !== null
  }

  get cwd(): string {
    return this.#state.cwd
  }

  /** How long the kernel's command has run. */
  get runningMs(): number | null {
    return this.#command?.end === null ? Math.max(0, Math.round(this.#options.clock() - this.#command.startedAtMs)) : null
  }

  get lastExitCode(): number | null {
    return this.#lastExitCode
  }

  /** The kernel's last command here, running or ended. */
  get command(): ShellCommand | null {
    return this.#command
  }

  /** What runs in the foreground; null at a prompt and without a shell. */
  running(): string | null {
    if (this.#command?.over === false && this.#command.begun) return this.#command.text
    return this.#idle ? null : (this.#programs?.foreground() ?? null)
  }

  processes(): ShellProcess[] {
    return this.#programs?.all() ?? []
  }

  /** One at a time, in the order of the calls. Throws `shell.busy`, `shell.start-failed`, `cancelled`. */
  run(request: CommandRequest): Promise<CommandOutcome> {
    const turn = this.#queue.then(() => this.#run(request))
    this.#queue = turn.catch(() => undefined)
    return turn
  }

  /** Types into the program that `run` left running. Throws `shell.nothing-runs` at a prompt, where it would be a command. */
  async answer(data: string, options: WaitOptions): Promise<CommandOutcome> {
    const command = this.#command
    if (this.#pty === null || this.#idle) throw nothingRuns(this.name)
    this.#write(data)
    if (command === null || command.end !== null) return this.#nothingOf()
    return await this.#follow(command, options)
  }

  /** Waits for the command that `run` left running, or tells again how the last one ended. */
  async wait(options: WaitOptions): Promise<CommandOutcome> {
    if (this.#command === null) throw nothingRuns(this.name)
    return await this.#follow(this.#command, options)
  }

  /** Ctrl-C for what is in the foreground; with `force` its end by all means. */
  async interrupt(force: boolean, options: WaitOptions): Promise<CommandOutcome> {
    const command = this.#command
    if (this.#pty === null || this.#idle) throw nothingRuns(this.name)
    if (command === null || command.end !== null) {
      this.#write('\x03')
      if (force && !(await this.#prompt(INTERRUPT_GRACE_MS))) this.#programs?.killForeground()
      return this.#nothingOf()
    }
    if (!force) {
      this.#write('\x03')
      return await this.#follow(command, { ...options, waitFor: Math.min(INTERRUPT_GRACE_MS, options.timeoutMs) })
    }
    await this.#end(command)
    return await this.#outcome(command, 'ended')
  }

  async start(): Promise<void> {
    if (this.#pty !== null) return
    if (this.#closed) throw closed(this.name)
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
      this.#write(data)
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
    const { cwd, jobs, descriptors } = this.#state
    const bytes = this.#bytes
    return {
      session: this.name,
      cols: this.cols,
      rows: this.rows,
      cwd,
      shell: bytes === null ? null : { state: captureBytes(bytes.state), history: captureBytes(bytes.history) },
      jobs: [...jobs],
      workspace: this.#options.sandbox.guest.workspace,
      lost: [
        ...descriptors.map((one) => `open file descriptor ${one}`),
        ...lostPrograms(this.running(), this.#state.jobs, this.processes()),
        ...lostState(this.#tooLargeBytes),
      ],
    }
  }

  /** What the last start could not bring back; asked once. */
  takeLost(): string[] {
    return this.#lost.splice(0)
  }

  async close(): Promise<void> {
    this.#closed = true
    const pty = this.#pty
    pty?.kill()
    await pty?.exited
    await this.#stateRead
    await removeSessionFiles(this.#options.sandbox.exchangeDir, this.name)
  }

  #write(data: string): void {
    this.#typedAtMs = this.#options.clock()
    if (this.#command !== null) this.#command.activeAtMs = this.#typedAtMs
    this.#options.onTerminalData('input', data)
    this.#pty?.write(data)
  }

  async #startAny(): Promise<void> {
    const wanted = this.#bytes
    try {
      await this.#startWith(wanted)
    } catch (error) {
      if (wanted === null || !(error instanceof KeyframeError)) throw error
      this.#lost.push('the state as a whole: the shell did not start with it')
      this.#say('The state of this shell could not be restored; this is a new one.')
      await this.#startWith(null)
      return
    }
    await this.#stateRead
    if (wanted !== null && this.#bytes !== null && this.#bytes !== wanted)
      this.#lost.push(...stateDifferences(wanted.state, this.#bytes.state))
  }

  async #startWith(restored: ShellBytes | null): Promise<void> {
    const launch = await prepareLaunch(this.#options.sandbox, this.name, restored)
    try {
      await this.#launch(launch)
    } finally {
      await launch.removeFiles()
    }
  }

  async #launch({ nonce, command }: ShellLaunch): Promise<void> {
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
        action: 'See the terminal for what it said. bash 5.1 or later must be installed where the sandbox can see it (/bin/bash).',
        details: { said: await toPlainText(said, this.cols) },
      })
    }
    this.#programs = new TerminalPrograms(pty.pid, command.argv.at(-2) ?? '')
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
    const running = this.#command?.over === false ? this.#command : null
    if (running !== null && !running.begun) {
      running.echo += data
      return
    }
    this.#modes.read(data)
    this.#print(this.#flow.push(data))
    running?.print(data, this.#options.clock())
  }

  #print(data: string): void {
    if (data !== '') this.#options.onTerminalData('output', data)
  }

  #onMark(letter: string, fields: readonly string[]): void {
    const [id = '', status = ''] = fields
    if (letter === 'C') this.#leavePrompt()
    if (letter === 'E') this.#onBegin(id)
    if (letter === 'D') this.#onEnd(id, status)
    if (letter === 'B') this.#reachPrompt()
  }

  #leavePrompt(): void {
    clearTimeout(this.#promptTimer)
    this.#atPrompt = this.#idle = false
  }

  #reachPrompt(): void {
    clearTimeout(this.#promptTimer)
    this.#atPrompt = this.#idle = true
    for (const waiter of this.#promptWaiters.splice(0)) waiter()
  }

  #onEnd(id: string, status: string): void {
    this.#print(this.#flow.end() + this.#modes.undo())
    this.#stateRead = this.#stateRead.then(() => this.#readState())
    clearTimeout(this.#promptTimer)
    this.#idle = true
    this.#promptTimer = setTimeout(() => this.#reachPrompt(), PROMPT_AFTER_END_MS)
    const command = this.#command
    if (!/^\d{1,3}$/.test(status)) return
    if (command === null || command.over) this.#lastExitCode = Number(status)
    else if (!command.begun && id === '') this.#retype(command)
    else if (command.begun && command.id === id) this.#finish(command, Number(status), false)
  }

  #finish(command: ShellCommand, exitCode: number, restarted: boolean): void {
    command.over = true
    this.#lastExitCode = exitCode
    const durationMs = Math.max(0, Math.round(this.#options.clock() - command.startedAtMs))
    const processes = restarted ? [] : this.processes()
    const end = (): void => {
      const after = restarted ? null : this.#state.environment
      const environment = command.environmentBefore === null || after === null ? null : environmentChange(command.environmentBefore, after)
      command.finish({ exitCode, restarted, durationMs, environment, processes })
    }
    this.#stateRead = this.#stateRead.then(end)
  }

  /** The line that was typed came to an end without having begun the command: something else read it or it was emptied. */
  #retype(command: ShellCommand): void {
    if (command.retyped) return
    command.retyped = true
    this.#pty?.write(`${EMPTY_LINE_KEY}${command.typed}\r`)
  }

  /** Shows the command in place of the line that was typed to run it. */
  #onBegin(id: string): void {
    const command = this.#command
    if (command === null || command.over || command.begun || command.id !== id) return
    command.begun = true
    command.startedAtMs = command.activeAtMs = this.#options.clock()
    const shown = showControls(command.text).replaceAll('\n', '\r\n> ')
    const contiguous = command.echo.includes(command.typed)
    this.#print(contiguous ? command.echo.replace(command.typed, () => shown) : `${shown}\r\n`)
  }

  async #readState(): Promise<void> {
    const { exchangeDir } = this.#options.sandbox
    const state = await readExchangeFile(exchangeDir, `${this.name}.state`, MAX_STATE_BYTES)
    const parsed = state === null ? null : parseShellState(state.bytes, state.complete)
    if (state === null || parsed === null) return
    this.#state = parsed
    if (!state.complete) {
      if (this.#tooLargeBytes === 0)
        this.#say(`The shell's variables and functions are more than ${MAX_STATE_BYTES} bytes: a restore will have older ones.`)
      this.#tooLargeBytes = state.sizeBytes
      return
    }
    this.#tooLargeBytes = 0
    const history = await readExchangeFile(exchangeDir, `${this.name}.history`, MAX_STATE_BYTES)
    this.#bytes = { state: state.bytes, history: history?.complete === true ? history.bytes : Buffer.alloc(0) }
  }

  #onExit(pty: SandboxPty, exitCode: number): void {
    if (this.#pty !== pty) return
    this.#pty = null
    this.#programs = null
    this.#leavePrompt()
    this.#print(this.#flow.end() + this.#modes.undo())
    const command = this.#command?.over === false ? this.#command : null
    if (command?.begun === false) this.#print(command.echo)
    if (!this.#closed) this.#say(`The shell ended with exit code ${exitCode}.`)
    if (command !== null) this.#finish(command, exitCode, true)
  }

  #say(text: string): void {
    this.#options.onTerminalData('output', `\r\n\x1b[2m[${text}]\x1b[0m\r\n`)
  }

  async #run(request: CommandRequest): Promise<CommandOutcome> {
    const outcome = (await this.#attempt(request)) ?? (await this.#attempt(request))
    if (outcome === null) throw busy(this.name, null)
    return outcome
  }

  /** Null when the shell ended at its prompt (`exec </dev/null`) before it read the command: nothing was run. */
  async #attempt(request: CommandRequest): Promise<CommandOutcome | null> {
    request.signal.throwIfAborted()
    await this.start()
    await this.#stateRead
    const before = this.#command
    if (before !== null && before.end === null) throw busy(this.name, before.text)
    const ready = await this.#ready(request.timeoutMs)
    if (ready === 'busy' || this.#pty === null) throw busy(this.name, this.running())
    const { exchangeDir } = this.#options.sandbox
    this.#commands += 1
    const id = String(this.#commands)
    const file = `${this.name}.${id}.command`
    await writeExchangeFile(exchangeDir, file, request.command)
    const pty = this.#pty
    if (pty === null && this.#closed) throw closed(this.name)
    if (pty === null) return null
    const command = new ShellCommand(id, request.command, this.#state, this.#options.clock())
    this.#command = command
    try {
      this.#options.onTerminalData('input', `${request.command}\r`)
      pty.write(`${EMPTY_LINE_KEY}${command.typed}\r`)
      request.onTyped?.()
      if (ready === 'stuck' && !(await this.#begins(command))) throw busy(this.name, null)
      const outcome = await this.#follow(command, request, true)
      return !command.begun && outcome.restarted && !outcome.timedOut && !this.#closed ? null : outcome
    } finally {
      await removeExchangeFile(exchangeDir, file)
    }
  }

  /**
   * `stuck`: no prompt was announced, but the shell itself reads the terminal: its hooks were taken away by what was typed. A shell
   * that a command put in the place of this one (`exec bash`) is replaced.
   */
  async #ready(timeoutMs: number): Promise<'prompt' | 'stuck' | 'busy'> {
    const until = this.#options.clock() + timeoutMs
    let idleSince = this.#options.clock()
    for (;;) {
      const left = until - this.#options.clock()
      if (left <= 0) return 'busy'
      if (await this.#prompt(Math.min(left, LOOK_EVERY_MS))) return 'prompt'
      if (this.#programs?.shellIsIdle() !== true) idleSince = this.#options.clock()
      if (this.#options.clock() - Math.max(idleSince, this.#typedAtMs) < STUCK_AFTER_MS) continue
      if (this.#programs?.shellIsReplaced() !== true) return 'stuck'
      await this.#replace()
    }
  }

  async #replace(): Promise<void> {
    this.#say('Another shell took the place of this one, which cannot be followed: it is ended.')
    const pty = this.#pty
    pty?.kill()
    await pty?.exited
    await this.#stateRead
    await this.start()
  }

  async #begins(command: ShellCommand): Promise<boolean> {
    const until = this.#options.clock() + BEGIN_TIMEOUT_MS
    while (!command.begun && command.end === null && this.#options.clock() < until) await within(command.ended, LOOK_EVERY_MS)
    if (command.begun || command.end !== null) return true
    this.#print(command.echo)
    this.#command = null
    return false
  }

  /** Waits as asked for and answers. `owned`: its time and its cancellation are the command's own. */
  async #follow(command: ShellCommand, options: WaitOptions, owned = false): Promise<CommandOutcome> {
    command.onOutput = (chunk) => options.onOutput(chunk)
    const settled = await settle(command, options, () => this.#look(command, options.waitFor === 'input'))
    if (settled === 'running' || (settled === 'timed-out' && !owned)) command.handedBack = true
    command.onOutput = () => undefined
    if (settled === 'cancelled') {
      if (owned) await this.#end(command)
      await this.#recover(command)
      throw new KeyframeError({ code: 'cancelled', message: 'The command was interrupted.', retryable: true })
    }
    if (settled === 'timed-out' && owned) await this.#end(command)
    await this.#recover(command)
    return await this.#outcome(command, settled)
  }

  /** A command that ended its shell leaves another one behind, unless the session was closed meanwhile. */
  async #recover(command: ShellCommand): Promise<void> {
    await this.#stateRead
    if (command.end?.restarted === true && !this.#closed) await this.start()
  }

  /** True when it waits for somebody. Ends a shell that was put in the place of this session's own. */
  #look(command: ShellCommand, forInput: boolean): boolean {
    const pty = this.#pty
    const quietMs = this.#options.clock() - command.activeAtMs
    if (pty === null || quietMs < QUIET_AT_PROMPT_MS) return false
    if (quietMs > STUCK_AFTER_MS && this.#programs?.shellIsReplaced() === true && this.#programs.shellIsIdle()) {
      this.#say('Another shell took the place of this one, which cannot be followed: it is ended.')
      pty.kill()
      return false
    }
    if (!forInput) return false
    const { length } = command.output
    const atLineEnd = length === 0 || command.output.part(length - 1).text.endsWith('\n')
    if (quietMs < (atLineEnd ? QUIET_MS : QUIET_AT_PROMPT_MS)) return false
    return this.#programs?.isComputing() !== true
  }

  /** Interrupt, then kill what is in the foreground, then the shell itself: after this the command has ended. */
  async #end(command: ShellCommand): Promise<void> {
    const pty = this.#pty
    for (let round = 0; round < KILL_ROUNDS && pty !== null; round += 1) {
      pty.write('\x03')
      if ((await within(command.ended, INTERRUPT_GRACE_MS)) !== null) return
      if (this.#programs?.killForeground() !== true) break
      if ((await within(command.ended, KILL_GRACE_MS)) !== null) return
    }
    pty?.kill()
    await command.ended
  }

  async #outcome(command: ShellCommand, settled: Settled): Promise<CommandOutcome> {
    const { end } = command
    const part = command.output.part(command.handedBack ? command.reported : 0)
    command.reported = command.output.length
    const output = await toPlainText(part.text, this.cols)
    const timedOut = settled === 'timed-out'
    const exitCode = end?.exitCode ?? -1
    return {
      exitCode,
      output,
      truncated: part.leftOut > 0,
      cwd: this.cwd,
      timedOut: timedOut && end !== null,
      state: end === null ? 'running' : 'ended',
      command: command.text,
      durationMs: end?.durationMs ?? Math.max(0, Math.round(this.#options.clock() - command.startedAtMs)),
      cwdBefore: command.cwdBefore,
      ...(end === null || end.environment === null ? {} : { environment: end.environment }),
      processes: end === null ? this.processes() : [...end.processes],
      hints: timedOut ? [] : shellHints(output, exitCode),
      notRestored: this.takeLost(),
      restarted: end?.restarted ?? false,
    }
  }

  /** For programs that a person started: their output is on the terminal only. */
  async #nothingOf(): Promise<CommandOutcome> {
    await this.#prompt(LOOK_EVERY_MS)
    const running = this.running()
    return {
      exitCode: running === null ? (this.#lastExitCode ?? 0) : -1,
      output: '',
      truncated: false,
      cwd: this.cwd,
      timedOut: false,
      state: running === null ? 'ended' : 'running',
      ...(running === null ? {} : { command: running }),
      processes: this.processes(),
      restarted: false,
    }
  }
}
