import type { ParseArgsOptionsConfig } from 'node:util'

/** What every command ends with; scripts rely on these numbers. */
export const EXIT = { done: 0, failed: 1, badInput: 2, waiting: 3, interrupted: 130 } as const
export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

export type OptionValue = string | boolean | (string | boolean)[] | undefined

export interface CommandInput {
  readonly options: Readonly<Record<string, OptionValue>>
  readonly positionals: readonly string[]
  /** Everything after `--`. */
  readonly rest: readonly string[]
}

export interface Terminal {
  /** Results, and nothing else. */
  out(text: string): void
  /** Progress and remarks. */
  err(text: string): void
  /** True when a person can be asked. */
  readonly interactive: boolean
  /** Null when the person ended the input. */
  ask(question: string): Promise<string | null>
  /** Fires at the first Ctrl-C; the second one ends the process at once. */
  readonly interrupted: AbortSignal
}

export interface Command {
  /** How it is called, without `keyframe`. */
  readonly usage: string
  readonly options: ParseArgsOptionsConfig
  /** One line for each option, in the order shown. */
  readonly optionHelp: readonly (readonly [string, string])[]
  /** How many positional arguments it takes at most. */
  readonly maxPositionals: number
  run(input: CommandInput, terminal: Terminal): Promise<ExitCode>
}

/** Bad arguments: shown with the command's usage, exit 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

export const JSON_OPTION: ParseArgsOptionsConfig = { json: { type: 'boolean' } }
export const JSON_HELP = ['--json', "print the contract's objects as JSON"] as const
export const REPO_OPTION: ParseArgsOptionsConfig = { repo: { type: 'string', short: 'r' } }
export const REPO_HELP = ['--repo R', 'the folder of the repository'] as const
