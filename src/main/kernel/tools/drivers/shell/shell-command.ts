import type { EnvironmentChange, ShellProcess } from '../../schemas/shell'
import { BoundedText } from './bounded-text'

/** What the outcome of a command keeps of its output; the terminal gets everything. */
const MAX_OUTPUT_CHARACTERS = 1024 * 1024

export interface CommandEnd {
  readonly exitCode: number
  /** The command ended the shell, so another one was started with the state of the last prompt. */
  readonly restarted: boolean
  readonly durationMs: number
  readonly environment: EnvironmentChange | null
  readonly processes: readonly ShellProcess[]
}

/** One command of the kernel's in a session, from being typed to its end; kept until the next one. */
export class ShellCommand {
  readonly id: string
  readonly text: string
  /**
   * The line that is typed to run it, without words that an alias or a function could stand for. Words only: after an unfinished
   * command bash's parser does not know `{` on the next line.
   */
  readonly typed: string
  readonly cwdBefore: string
  readonly environmentBefore: ReadonlyMap<string, string> | null
  readonly output = new BoundedText(MAX_OUTPUT_CHARACTERS)
  /** What the terminal said between typing and the beginning: the echo of what was typed. */
  echo = ''
  begun = false
  retyped = false
  /** It has ended; `end` follows when the shell's state was read. */
  over = false
  /** Its caller was answered while it still ran. */
  handedBack = false
  /** Output up to here was in an answer. */
  reported = 0
  startedAtMs: number
  /** When it last printed, or something was typed into it. */
  activeAtMs: number
  end: CommandEnd | null = null
  readonly ended: Promise<CommandEnd>
  onOutput: (chunk: string) => void = () => undefined
  #settle: (end: CommandEnd) => void = () => undefined

  constructor(id: string, text: string, before: { cwd: string; environment: ReadonlyMap<string, string> | null }, nowMs: number) {
    this.id = id
    this.text = text
    this.typed = ` \\__kf ${id} 2>/dev/null && \\builtin :;\\builtin eval "$__kf_command";\\__kf_end 2>/dev/null && \\builtin :`
    this.cwdBefore = before.cwd
    this.environmentBefore = before.environment
    this.startedAtMs = nowMs
    this.activeAtMs = nowMs
    this.ended = new Promise((resolve) => {
      this.#settle = resolve
    })
  }

  print(data: string, nowMs: number): void {
    this.activeAtMs = nowMs
    this.output.push(data)
    this.onOutput(data)
  }

  finish(end: CommandEnd): void {
    this.end = end
    this.#settle(end)
  }
}

export function within<Value>(promise: Promise<Value>, timeoutMs: number): Promise<Value | null> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => resolve(null), timeoutMs)
    promise.then((value) => (clearTimeout(timer), resolve(value)), reject)
  })
}
