import { changedPaths } from '../../../shared/breakpoints'
import type { Frame } from '../../../shared/frames'
import { frameRole, frameTitle, ROLE_NAME } from '../../app/frame-words'

const texts = new WeakMap<Frame, string>()

/** Everything that a frame is found by, in lower case: its kind, what it is to a reader, its title, tool and files. */
function textOf(frame: Frame): string {
  const known = texts.get(frame)
  if (known !== undefined) return known
  const tool = frame.kind === 'tool.intent' || frame.kind === 'tool.outcome' ? frame.payload.tool : ''
  const text = [frame.kind, ROLE_NAME[frameRole(frame)], frameTitle(frame), tool, ...changedPaths(frame)].join('\n').toLowerCase()
  texts.set(frame, text)
  return text
}

/** Numbers of the frames that hold every word of the query, in order; of none when there is no word. */
export function searchFrames(frames: readonly Frame[], query: string): number[] {
  const words = query
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '')
  if (words.length === 0) return []
  return frames.filter((frame) => words.every((word) => textOf(frame).includes(word))).map((frame) => frame.n)
}

/** The match after `n` (before it, backwards), from the start again behind the last. */
export function nextMatch(matches: readonly number[], n: number, by: 1 | -1): number | null {
  const found = by === 1 ? matches.find((match) => match > n) : matches.findLast((match) => match < n)
  return found ?? (by === 1 ? matches[0] : matches.at(-1)) ?? null
}
