import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { BranchId, RunId } from '../../shared/ids'
import { type Command, type CommandInput, type OptionValue, UsageError } from './command'

/** Splits a command's arguments after its own declaration. Throws UsageError for what it does not know. */
export function parseCommandArguments(command: Command, args: readonly string[]): CommandInput {
  const split = args.indexOf('--')
  const own = split === -1 ? args : args.slice(0, split)
  const rest = split === -1 ? [] : args.slice(split + 1)
  let parsed: { values: Record<string, OptionValue>; positionals: string[] }
  try {
    parsed = parseArgs({ args: [...own], options: command.options, allowPositionals: true, strict: true })
  } catch (thrown) {
    if (thrown instanceof TypeError && 'code' in thrown && String(thrown.code).startsWith('ERR_PARSE_ARGS')) {
      throw new UsageError(thrown.message.split('. To specify')[0] ?? thrown.message)
    }
    throw thrown
  }
  const extra = parsed.positionals[command.maxPositionals]
  if (extra !== undefined) throw new UsageError(`Unexpected argument "${extra}".`)
  return { options: parsed.values, positionals: parsed.positionals, rest }
}

export function textOption(input: CommandInput, name: string): string | undefined {
  const value = input.options[name]
  return typeof value === 'string' ? value : undefined
}

export function requiredText(input: CommandInput, name: string): string {
  const value = textOption(input, name)
  if (value === undefined || value.trim() === '') throw new UsageError(`--${name} is missing.`)
  return value
}

export function flag(input: CommandInput, name: string): boolean {
  return input.options[name] === true
}

export function integerOption(input: CommandInput, name: string, min: number, max: number): number | undefined {
  const text = textOption(input, name)
  if (text === undefined) return undefined
  const value = Number(text)
  if (!/^\d+$/.test(text) || value < min || value > max)
    throw new UsageError(`--${name} takes a whole number from ${min} to ${max}, not "${text}".`)
  return value
}

export function requiredInteger(input: CommandInput, name: string, min: number, max: number): number {
  const value = integerOption(input, name, min, max)
  if (value === undefined) throw new UsageError(`--${name} is missing.`)
  return value
}

/** The absolute path of the repository's folder, which has to exist. */
export function repoFolder(given: string | undefined): string {
  if (given === undefined || given === '') throw new UsageError('--repo is missing: name the folder of the repository.')
  const folder = resolve(given)
  const found = statSync(folder, { throwIfNoEntry: false })
  if (found === undefined) throw new UsageError(`There is no folder ${folder}.`)
  if (!found.isDirectory()) throw new UsageError(`${folder} is not a folder.`)
  return folder
}

export function repoOption(input: CommandInput): string {
  return repoFolder(textOption(input, 'repo'))
}

export function runIdOption(input: CommandInput): RunId {
  const parsed = RunId.safeParse(requiredText(input, 'run'))
  if (!parsed.success) throw new UsageError('--run takes the id of a run, as `keyframe runs` lists them.')
  return parsed.data
}

export function branchIdOption(input: CommandInput): BranchId {
  const parsed = BranchId.safeParse(requiredText(input, 'branch'))
  if (!parsed.success) throw new UsageError('--branch takes the id of a branch, like b1.')
  return parsed.data
}

/** `--yes` and `--deny` as the approval of a run; `ask` when neither is given. */
export function approvalOption(input: CommandInput): 'ask' | 'yes' | 'deny' {
  if (flag(input, 'yes') && flag(input, 'deny')) throw new UsageError('--yes and --deny exclude each other.')
  if (flag(input, 'yes')) return 'yes'
  return flag(input, 'deny') ? 'deny' : 'ask'
}
