import { type Breakpoint, breakpointHit, tokensOf } from '../../../shared/breakpoints'
import type { Frame } from '../../../shared/frames'

interface Progress {
  readonly frames: readonly Frame[]
  seen: number
  tokens: number
  matches: number
  hits: readonly number[]
}

const progressOf = new WeakMap<Breakpoint, Progress>()

/**
 * Frames of a run at which the breakpoint stops, or would have. `frames` grows in place: only what was added since is looked at, and the
 * answer is the same object while it is the same.
 */
export function hitsOf(breakpoint: Breakpoint, frames: readonly Frame[]): readonly number[] {
  const known = progressOf.get(breakpoint)
  const progress = known?.frames === frames ? known : { frames, seen: 0, tokens: 0, matches: 0, hits: [] }
  progressOf.set(breakpoint, progress)
  const found: number[] = []
  for (let frame = frames[progress.seen]; frame !== undefined; frame = frames[progress.seen]) {
    progress.seen += 1
    const tokensBefore = progress.tokens
    progress.tokens += tokensOf(frame)
    if (!breakpointHit(breakpoint, frame, { tokensBefore, tokensAfter: progress.tokens })) continue
    progress.matches += 1
    if (progress.matches >= breakpoint.fromHit) found.push(frame.n)
  }
  if (found.length > 0) progress.hits = [...progress.hits, ...found]
  return progress.hits
}
