import type { FileDiff } from '../../shared/files'
import type { HunkSelection } from '../../shared/frames'

/** Which hunks of which files are kept. A file without hunks (binary, empty, moved) is kept by the id WHOLE. */
export type Kept = ReadonlyMap<string, ReadonlySet<string>>

export const WHOLE = 'whole'

export function hunkIds(diff: FileDiff): readonly string[] {
  return diff.hunks.length === 0 ? [WHOLE] : diff.hunks.map((hunk) => hunk.id)
}

/** Everything is kept at first, but for files that run code on the user's machine: those are approved one by one. */
export function keepSafe(diffs: readonly FileDiff[]): Kept {
  return new Map(diffs.map((diff) => [diff.path, new Set(diff.dangerous ? [] : hunkIds(diff))]))
}

export function toggleHunk(kept: Kept, path: string, id: string): Kept {
  const ids = new Set(kept.get(path))
  if (!ids.delete(id)) ids.add(id)
  return new Map(kept).set(path, ids)
}

export function setFile(kept: Kept, diff: FileDiff, keep: boolean): Kept {
  return new Map(kept).set(diff.path, new Set(keep ? hunkIds(diff) : []))
}

export function keptHunks(kept: Kept): number {
  let sum = 0
  for (const ids of kept.values()) sum += ids.size
  return sum
}

/**
 * What the kernel is told: null for everything. A file that is kept whole is left out of the selection, but for a dangerous
 * one: naming its hunks is what approves it.
 */
export function selectionOf(diffs: readonly FileDiff[], kept: Kept): HunkSelection | null {
  const selection: HunkSelection = {}
  for (const diff of diffs) {
    const ids = kept.get(diff.path) ?? new Set<string>()
    const all = hunkIds(diff).every((id) => ids.has(id))
    if (!all || diff.dangerous) selection[diff.path] = hunkIds(diff).filter((id) => ids.has(id))
  }
  return Object.keys(selection).length === 0 ? null : selection
}
