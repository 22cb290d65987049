import type { FileDiff } from '../../../shared/files'

export interface LineCounts {
  readonly added: number
  readonly removed: number
}

export function lineCounts(diff: FileDiff): LineCounts {
  let added = 0
  let removed = 0
  for (const hunk of diff.hunks) {
    for (const line of hunk.lines) {
      if (line.startsWith('+')) added += 1
      else if (line.startsWith('-')) removed += 1
    }
  }
  return { added, removed }
}

/** Why there are no lines to compare, in words; null when there are. */
export function whyNotCompared(diff: FileDiff): { readonly title: string; readonly detail: string } | null {
  if (diff.change === 'mode') {
    return { title: 'Only the mode changed', detail: `From ${octal(diff.oldMode)} to ${octal(diff.newMode)}. The content is the same.` }
  }
  if (diff.binary) return { title: 'Binary file', detail: 'It holds bytes that are no text, so its lines cannot be compared.' }
  return null
}

function octal(mode: number | null): string {
  return mode === null ? 'nothing' : (mode & 0o777).toString(8)
}

/** The file to show: the one asked for while it is among the changes, else the first. */
export function chosenDiff(diffs: readonly FileDiff[], path: string | null): FileDiff | null {
  return diffs.find((diff) => diff.path === path) ?? diffs[0] ?? null
}
