import type { ParseArgsOptionsConfig } from 'node:util'
import type { KernelClient } from '../../shared/contract/service'
import { integerOption, runIdOption, textOption } from './arguments'
import { type CommandInput, UsageError } from './command'
import { chosenRun, type Point, pointAt } from './run-frames'

export const POINT_OPTIONS: ParseArgsOptionsConfig = { run: { type: 'string' }, frame: { type: 'string' } }
export const POINT_HELP = [
  ['--run ID', 'on the files of this run'],
  ['--frame N', 'as of this frame'],
] as const

/** The point that `--run` and `--frame` name; null: the repository as it is now. */
export async function pointOption(input: CommandInput, client: KernelClient): Promise<Point | null> {
  const frame = integerOption(input, 'frame', 1, Number.MAX_SAFE_INTEGER)
  if (textOption(input, 'run') === undefined) {
    if (frame !== undefined) throw new UsageError('--frame goes with --run.')
    return null
  }
  if (frame === undefined) throw new UsageError('--run goes with --frame.')
  return pointAt(client, runIdOption(input), frame)
}

export const AS_OF_OPTIONS: ParseArgsOptionsConfig = { 'as-of': { type: 'string' }, run: { type: 'string' } }
export const AS_OF_HELP = [
  ['--as-of N', 'as of this frame; without it, the repository as it is now'],
  ['--run ID', 'the run of that frame (the newest one)'],
] as const

/** The point that `--as-of` names, in the run of `--run` or the newest; null: the repository as it is now. */
export async function asOfOption(input: CommandInput, client: KernelClient): Promise<Point | null> {
  const frame = integerOption(input, 'as-of', 1, Number.MAX_SAFE_INTEGER)
  const named = textOption(input, 'run') === undefined ? undefined : runIdOption(input)
  if (frame !== undefined) return pointAt(client, await chosenRun(client, named), frame)
  if (named !== undefined) throw new UsageError('--run goes with --as-of.')
  return null
}
