import type { ShellProcess } from '../../schemas/shell'
import { commandLine, processState } from '../../sandboxes/process-tree'
import { foregroundGroup, killForegroundGroup } from './foreground-group'
import { isInteractiveShell, sessionProcesses } from './session-processes'

/** What runs on one session's terminal, as this machine sees its processes. `shell` is the shell's own group; null where that is not known. */
export class TerminalPrograms {
  readonly #first: number
  readonly #shell: number | null
  readonly #shellLine: string | null

  /**
   * Made while the shell is at its prompt, so that its own group is in the foreground. Where that group is not a shell with this file
   * (a client of an engine), nothing can be told of the groups inside.
   */
  constructor(first: number, rcfile: string) {
    this.#first = first
    const group = foregroundGroup(first)
    const line = group === null ? null : commandLine(group)
    const known = line !== null && line.includes(rcfile)
    this.#shell = known ? group : null
    this.#shellLine = known ? line : null
  }

  /** The command line in the foreground; null for the shell itself. */
  foreground(): string | null {
    const group = foregroundGroup(this.#first)
    return group === null || group === this.#shell ? null : commandLine(group)
  }

  all(): ShellProcess[] {
    return sessionProcesses(this.#first, this.#shell)
  }

  /** False when the shell is in the foreground or nothing could be killed. */
  killForeground(): boolean {
    return killForegroundGroup(this.#first, this.#shell)
  }

  /** Nothing but the shell's own process reads the terminal, and it does not compute. */
  shellIsIdle(): boolean {
    const group = this.#shell === null ? null : foregroundGroup(this.#first)
    return group !== null && group === this.#shell && processState(group)?.state === 'S'
  }

  /** Whether what is in the foreground computes. */
  isComputing(): boolean {
    const group = foregroundGroup(this.#first)
    return group !== null && processState(group)?.state === 'R'
  }

  /** Another shell that reads the terminal took the place of the session's (`exec bash`). */
  shellIsReplaced(): boolean {
    const line = this.#shell === null ? null : commandLine(this.#shell)
    return line !== null && line !== this.#shellLine && isInteractiveShell(line)
  }
}
