import { z } from 'zod'
import type { Frame } from '../../../shared/frames'
import { initialState, reduceFrame, type RunState } from '../../../shared/run-state'

/** Something whose value is followed along the timeline. */
export const Watch = z.discriminatedUnion('on', [
  z.object({ id: z.string(), on: z.literal('file'), path: z.string().min(1).max(1000) }),
  z.object({ id: z.string(), on: z.literal('item'), item: z.string().min(1).max(1000) }),
  /** A JSON path into the state of the agent's machine: `state`, `data.round`, `data.files[0].path`. */
  z.object({ id: z.string(), on: z.literal('variable'), path: z.string().min(1).max(300) }),
])
export type Watch = z.infer<typeof Watch>

/** From this frame on the value is this one; null when there is none. */
export interface WatchedValue {
  readonly n: number
  readonly text: string | null
}

export function watchTitle(watch: Watch): string {
  return watch.on === 'item' ? watch.item : watch.path
}

/** How far a way was followed. */
export interface WatchProgress {
  readonly frames: number
  /** Number of the last of them. */
  readonly upTo: number
  readonly state: RunState
  readonly histories: ReadonlyMap<string, readonly WatchedValue[]>
}

/**
 * For each watch the frames at which its value became another one, oldest first. `path` are the frames on the way to a point, from the
 * first. One fold over all of them, or over those that were added to the way since `before`, which was followed with the same watches.
 */
export function followWatches(watches: readonly Watch[], path: readonly Frame[], before: WatchProgress | null): WatchProgress {
  const from = before !== null && path[before.frames - 1]?.n === before.upTo ? before : null
  const histories = new Map(watches.map((watch): [string, WatchedValue[]] => [watch.id, [...(from?.histories.get(watch.id) ?? [])]]))
  let state = from?.state ?? initialState()
  for (const frame of from === null ? path : path.slice(from.frames)) {
    state = reduceFrame(state, frame)
    for (const watch of watches) {
      if (!mayChange(watch, frame)) continue
      const history = histories.get(watch.id)
      const last = history?.at(-1)
      const text = valueOf(watch, state, frame)
      // What a file is told of is a change of it, even when it is told of in the same words.
      if (watch.on === 'file' ? text !== null : text !== (last?.text ?? null)) history?.push({ n: frame.n, text })
    }
  }
  return { frames: path.length, upTo: path.at(-1)?.n ?? 0, state, histories }
}

/** The value that holds at a frame, and since when; null before there was one. */
export function valueAt(history: readonly WatchedValue[], n: number): WatchedValue | null {
  return history.findLast((value) => value.n <= n) ?? null
}

function mayChange(watch: Watch, frame: Frame): boolean {
  if (watch.on === 'file') return frame.kind === 'tool.outcome' || frame.kind === 'merge.outcome'
  if (watch.on === 'variable') return frame.kind === 'agent.state'
  return frame.kind === 'context.changed' || frame.kind === 'context.edited' || frame.kind === 'run.started'
}

function valueOf(watch: Watch, state: RunState, frame: Frame): string | null {
  switch (watch.on) {
    case 'file':
      return fileChange(watch.path, frame)
    case 'item': {
      const items = Object.values(state.context.items)
      const item = items.find((one) => one.id === watch.item) ?? items.find((one) => one.title === watch.item)
      if (item === undefined) return null
      return `${item.tokens} tokens in ${item.tier}${item.pinned ? ', pinned' : ''}${item.stale ? ', stale' : ''}`
    }
    case 'variable': {
      const found = followPath(state.machine, watch.path)
      return found === undefined ? null : JSON.stringify(found)
    }
  }
}

function fileChange(path: string, frame: Frame): string | null {
  if (frame.kind === 'tool.outcome') {
    const change = frame.payload.sideEffects.files.find((file) => file.path === path)
    if (change === undefined) return null
    return `${change.change}${change.sizeBytes === undefined ? '' : `, ${change.sizeBytes} bytes`}`
  }
  if (frame.kind !== 'merge.outcome') return null
  const merged = frame.payload.applied.find((file) => file.path === path)
  return merged === undefined ? null : `${merged.change} by a merge`
}

/** What a path leads to; undefined where it leads nowhere. Only own properties are followed. */
export function followPath(root: unknown, path: string): unknown {
  const steps = path.replace(/^\$\.?/, '').match(/[^.[\]]+/g) ?? []
  let at: unknown = root
  for (const step of steps) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, step)) return undefined
    at = (at as Readonly<Record<string, unknown>>)[step]
  }
  return at
}
