import { type Breakpoint, breakpointHit, hitsIn, tokensOf } from '../../../shared/breakpoints'
import type { Frame } from '../../../shared/frames'

/** The breakpoints of a workspace against the frames of one run, in the order in which its journal acknowledges them. */
export class RunBreakpoints {
  readonly #list: () => readonly Breakpoint[]
  #tokens = 0
  /** Matches so far, of breakpoints that let some pass. By object: a breakpoint that was changed counts the run's frames again. */
  #matches = new WeakMap<Breakpoint, number>()

  constructor(list: () => readonly Breakpoint[]) {
    this.#list = list
  }

  /** `frames` are all of the run, the last one the one that was added. What it hits; nothing for a frame that was only read. */
  added(frames: readonly Frame[], isLive: boolean): readonly Breakpoint[] {
    const frame = frames.at(-1)
    if (frame === undefined) return []
    const tokensBefore = this.#tokens
    this.#tokens += tokensOf(frame)
    if (!isLive) {
      this.#matches = new WeakMap()
      return []
    }
    const totals = { tokensBefore, tokensAfter: this.#tokens }
    return this.#list().filter((breakpoint) => {
      if (!breakpoint.enabled || !breakpointHit(breakpoint, frame, totals)) return false
      if (breakpoint.fromHit === 1) return true
      const before = this.#matches.get(breakpoint) ?? hitsIn({ ...breakpoint, fromHit: 1 }, frames.slice(0, -1)).length
      this.#matches.set(breakpoint, before + 1)
      return before + 1 >= breakpoint.fromHit
    })
  }
}
