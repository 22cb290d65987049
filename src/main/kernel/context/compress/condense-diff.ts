import { linesOf, type Room, selectLines } from './select-lines'

const FILE = 0
const HUNK = 1
const CHANGED = 2
const FAR_CHANGED = 4
const CONTEXT = 5
const HUNK_HEADER = /^@@ -\d+(?:,(\d{1,7}))? \+\d+(?:,(\d{1,7}))? @@/
/** Changed lines that a hunk shows before the rest of it counts as far. */
const HUNK_LINES = 24

/** Files and hunks stay longest; then the first changed lines of each hunk, the rest of large ones, and last the unchanged lines. */
export function condenseDiff(text: string, room: Room) {
  const lines = linesOf(text)
  const ranks = new Uint8Array(lines.length)
  const totals = { files: 0, hunks: 0, added: 0, removed: 0 }
  let inHunk = 0
  // Of the hunk that is read: a removed line may itself look like the header of a file.
  let left = { old: 0, new: 0 }
  for (const [index, line] of lines.entries()) {
    const hunk = HUNK_HEADER.exec(line)
    if (left.old <= 0 && left.new <= 0 && hunk === null) {
      if (line.startsWith('+++ ')) totals.files += 1
      ranks[index] = FILE
    } else if (hunk !== null && left.old <= 0 && left.new <= 0) {
      totals.hunks += 1
      inHunk = 0
      left = { old: Number(hunk[1] ?? 1), new: Number(hunk[2] ?? 1) }
      ranks[index] = HUNK
    } else if (line.startsWith('+') || line.startsWith('-')) {
      inHunk += 1
      if (line.startsWith('+')) [totals.added, left.new] = [totals.added + 1, left.new - 1]
      else [totals.removed, left.old] = [totals.removed + 1, left.old - 1]
      ranks[index] = inHunk <= HUNK_LINES ? CHANGED : FAR_CHANGED
    } else {
      if (!line.startsWith('\\')) left = { old: left.old - 1, new: left.new - 1 }
      ranks[index] = CONTEXT
    }
  }
  const files = totals.files === 0 ? '' : `${totals.files} files, `
  const header = `[diff of ${files}${totals.hunks} hunks, ${totals.added} lines added, ${totals.removed} removed; whole text: ${room.whole}]`
  const remark = (from: number, to: number): string => {
    let [added, removed] = [0, 0]
    for (let at = from; at <= to; at += 1) {
      const sign = lines[at]?.[0]
      if (sign === '+') added += 1
      else if (sign === '-') removed += 1
    }
    if (added + removed === 0) return `[... ${to - from + 1} unchanged ...]`
    return `[... ${added} added, ${removed} removed of ${to - from + 1} lines ...]`
  }
  return selectLines({ lines, ranks, header, remark }, room)
}

/** At least one hunk below a file's header. */
export function looksLikeDiff(text: string): boolean {
  return /^(?:diff --git |--- \S.*\n\+\+\+ )/m.test(text.slice(0, 20_000)) && /^@@ -\d+(?:,\d+)? \+\d/m.test(text.slice(0, 50_000))
}
