import type { Frame } from '../../../shared/frames'
import type { BranchId } from '../../../shared/ids'
import type { StateCache } from '../../app/state-cache'

/** What a screen is told: text to print, or the size that the recorded terminal had from here on. */
export type ScreenOp =
  | { readonly kind: 'print'; readonly n: number; readonly data: string }
  | { readonly kind: 'size'; readonly n: number; readonly cols: number; readonly rows: number }

/** As much as `terminal.scrollback` answers. */
export const SCROLLBACK_CHARS = 2 * 1024 * 1024

/**
 * The frames with `after < n <= upTo` on the way to a branch's tip, oldest first. The window mirrors all frames of the open
 * run, so that moving through the past asks the kernel nothing.
 */
export function framesOnPath(cache: StateCache, branchId: BranchId, after: number, upTo: number): Frame[] {
  const limits = new Map<BranchId, number>()
  let limit = upTo
  for (let at: BranchId | null = branchId; at !== null && !limits.has(at);) {
    limits.set(at, limit)
    const origin = cache.origin(at)
    limit = Math.min(limit, origin?.fromFrame ?? 0)
    at = origin?.parent ?? null
  }
  return cache.frames.slice(after, upTo).filter((frame) => frame.n <= (limits.get(frame.branchId) ?? 0))
}

/** What a session printed in these frames. Input is recorded too, but the shell echoes what is to be seen of it. */
export function screenOps(frames: readonly Frame[], session: string): ScreenOp[] {
  const ops: ScreenOp[] = []
  for (const frame of frames) {
    if (frame.kind !== 'terminal.data' || frame.payload.session !== session) continue
    if (frame.payload.stream === 'output') ops.push({ kind: 'print', n: frame.n, data: frame.payload.data })
    if (frame.payload.stream === 'resize') {
      const size = parseSize(frame.payload.data)
      if (size !== null) ops.push({ kind: 'size', n: frame.n, ...size })
    }
  }
  return ops
}

/** The last `maxChars` of what is printed, with the size that held where it is cut. */
export function boundOps(ops: readonly ScreenOp[], maxChars = SCROLLBACK_CHARS): { readonly ops: readonly ScreenOp[]; truncated: boolean } {
  let left = maxChars
  for (let index = ops.length - 1; index >= 0; index -= 1) {
    const op = ops[index]
    if (op?.kind !== 'print') continue
    if (op.data.length <= left) {
      left -= op.data.length
      continue
    }
    const cut: ScreenOp[] = left === 0 ? [] : [{ ...op, data: op.data.slice(-left) }]
    const size = ops.slice(0, index).findLast((earlier) => earlier.kind === 'size')
    return { ops: [...(size === undefined ? [] : [size]), ...cut, ...ops.slice(index + 1)], truncated: true }
  }
  return { ops, truncated: false }
}

/** Sessions that printed anything in these frames, in order of appearance. */
export function recordedSessions(frames: readonly Frame[]): string[] {
  const sessions = new Set<string>()
  for (const frame of frames) if (frame.kind === 'terminal.data') sessions.add(frame.payload.session)
  return [...sessions]
}

function parseSize(text: string): { cols: number; rows: number } | null {
  const parts = /^(\d{1,4})x(\d{1,4})$/.exec(text)
  if (parts === null) return null
  const cols = Number(parts[1])
  const rows = Number(parts[2])
  return cols >= 2 && rows >= 1 ? { cols, rows } : null
}
