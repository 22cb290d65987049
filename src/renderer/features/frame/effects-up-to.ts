import type { Denial, FileChange, Frame } from '../../../shared/frames'
import { isDenied } from '../../app/frame-words'

export interface CallDenials {
  readonly frame: number
  readonly tool: string
  readonly denials: readonly Denial[]
  /** What the call answered where no denial was recorded one by one. */
  readonly message: string
}

/** What the calls on the way to a point did to the files, and what was denied there. */
export interface EffectsUpTo {
  readonly calls: number
  /** The net change of each file, by path; a file that was made and deleted again is left out. */
  readonly files: readonly FileChange[]
  /** Newest first. */
  readonly denied: readonly CallDenials[]
}

/** O(frames of the way). */
export function effectsUpTo(path: readonly Frame[]): EffectsUpTo {
  const files = new Map<string, FileChange>()
  const denied: CallDenials[] = []
  let calls = 0
  for (const { kind, n, payload } of path) {
    if (kind !== 'tool.outcome') continue
    calls += 1
    for (const file of payload.sideEffects.files) {
      const change = netChange(files.get(file.path)?.change, file.change)
      if (change === null) files.delete(file.path)
      else files.set(file.path, { ...file, change })
    }
    if (isDenied(payload))
      denied.push({ frame: n, tool: payload.tool, denials: payload.denials ?? [], message: payload.error?.message ?? '' })
  }
  return { calls, files: [...files.values()].toSorted((a, b) => (a.path < b.path ? -1 : 1)), denied: denied.toReversed() }
}

type Change = FileChange['change']

function netChange(before: Change | undefined, now: Change): Change | null {
  switch (before) {
    case undefined:
      return now
    case 'created':
      return now === 'deleted' ? null : 'created'
    case 'deleted':
      return now === 'created' ? 'changed' : now
    case 'changed':
      return now === 'mode' ? 'changed' : now
    case 'mode':
      return now
  }
}
