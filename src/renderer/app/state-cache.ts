import type { Frame } from '../../shared/frames'
import { type BranchId, MAIN_BRANCH } from '../../shared/ids'
import { type BranchOrigin, initialState, pathTo, reduceFrame, type RunState } from '../../shared/run-state'

/** One folded state is kept for this many frames of a branch, so opening any frame folds at most this many. */
const SNAPSHOT_EVERY = 64

interface Line {
  readonly origin: BranchOrigin
  readonly frames: Frame[]
  /** `snapshots[i]` is the state after `i * SNAPSHOT_EVERY` frames of this line; filled as they are passed. */
  readonly snapshots: RunState[]
  last: { readonly count: number; readonly state: RunState } | null
}

/**
 * The frames of one run with the folded state of any of them. Frames are added in order of commit; the state at a frame
 * costs a fold of at most 64 frames, one when stepping forward.
 */
export class StateCache {
  readonly frames: Frame[] = []
  private readonly lines = new Map<BranchId, Line>()

  constructor() {
    this.addLine({ branchId: MAIN_BRANCH, parent: null, fromFrame: 0 })
  }

  get length(): number {
    return this.frames.length
  }

  /** Requires `frame.n === length + 1`. */
  append(frame: Frame): void {
    if (frame.n !== this.frames.length + 1) throw new RangeError(`frame ${frame.n} does not follow ${this.frames.length}`)
    this.frames.push(frame)
    if (frame.kind === 'fork') {
      this.addLine({ branchId: frame.branchId, parent: frame.payload.parent, fromFrame: frame.payload.fromFrame })
    }
    this.line(frame.branchId).frames.push(frame)
  }

  frame(n: number): Frame | undefined {
    return this.frames[n - 1]
  }

  branches(): BranchOrigin[] {
    return [...this.lines.values()].map((line) => line.origin)
  }

  origin(branchId: BranchId): BranchOrigin | undefined {
    return this.lines.get(branchId)?.origin
  }

  ownFrames(branchId: BranchId): readonly Frame[] {
    return this.lines.get(branchId)?.frames ?? []
  }

  /** Last frame of the branch; its fork point while it has none of its own. */
  tip(branchId: BranchId): number {
    const line = this.lines.get(branchId)
    return line?.frames.at(-1)?.n ?? line?.origin.fromFrame ?? 0
  }

  /** The nearest frame of the branch's past that is not after `n`; 0 when there is none. */
  atOrBefore(branchId: BranchId, n: number): number {
    const line = this.lines.get(branchId)
    if (line === undefined) return 0
    const count = countUpTo(line.frames, n)
    const own = line.frames[count - 1]
    if (own !== undefined) return own.n
    return line.origin.parent === null ? 0 : this.atOrBefore(line.origin.parent, Math.min(n, line.origin.fromFrame))
  }

  /** The frame that follows `n` on the way to the branch's tip; null at the tip. */
  after(branchId: BranchId, n: number): number | null {
    const line = this.lines.get(branchId)
    if (line === undefined) return null
    if (line.origin.parent !== null && n < line.origin.fromFrame) {
      const next = this.after(line.origin.parent, n)
      if (next !== null && next <= line.origin.fromFrame) return next
    }
    return line.frames[countUpTo(line.frames, n)]?.n ?? null
  }

  /** The frames on the way to `n`, oldest first. O(frames of the run). */
  path(branchId: BranchId, n: number): Frame[] {
    return pathTo(this.frames, new Map([...this.lines].map(([id, line]) => [id, line.origin])), branchId, n)
  }

  stateAt(branchId: BranchId, n: number): RunState {
    const line = this.lines.get(branchId)
    if (line === undefined) return initialState()
    const count = countUpTo(line.frames, n)
    if (count === 0)
      return line.origin.parent === null ? initialState() : this.stateAt(line.origin.parent, Math.min(n, line.origin.fromFrame))
    return this.fold(line, count)
  }

  private fold(line: Line, count: number): RunState {
    if (line.snapshots.length === 0) {
      line.snapshots.push(line.origin.parent === null ? initialState() : this.stateAt(line.origin.parent, line.origin.fromFrame))
    }
    const slot = Math.min(Math.floor(count / SNAPSHOT_EVERY), line.snapshots.length - 1)
    let at = slot * SNAPSHOT_EVERY
    let state = line.snapshots[slot] ?? initialState()
    if (line.last !== null && line.last.count <= count && line.last.count > at) ({ count: at, state } = line.last)
    while (at < count) {
      const frame = line.frames[at]
      if (frame === undefined) break
      state = reduceFrame(state, frame)
      at += 1
      if (at === line.snapshots.length * SNAPSHOT_EVERY) line.snapshots.push(state)
    }
    line.last = { count, state }
    return state
  }

  private addLine(origin: BranchOrigin): void {
    if (!this.lines.has(origin.branchId)) this.lines.set(origin.branchId, { origin, frames: [], snapshots: [], last: null })
  }

  private line(branchId: BranchId): Line {
    const line = this.lines.get(branchId)
    if (line === undefined) throw new RangeError(`branch ${branchId} has no fork frame`)
    return line
  }
}

/** Number of frames with a number of at most `n`, by bisection. */
function countUpTo(frames: readonly Frame[], n: number): number {
  let low = 0
  let high = frames.length
  while (low < high) {
    const middle = (low + high) >> 1
    const frame = frames[middle]
    if (frame !== undefined && frame.n <= n) low = middle + 1
    else high = middle
  }
  return low
}
