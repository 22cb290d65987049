/** One replacement that turns a text into another: `[start, end)` of the old one becomes `text`. */
export interface TextChange {
  readonly start: number
  readonly end: number
  readonly text: string
}

/** The smallest single replacement, by common start and end; null when nothing differs. Never cuts a surrogate pair or a CRLF. */
export function smallestChange(before: string, after: string): TextChange | null {
  if (before === after) return null
  const most = Math.min(before.length, after.length)
  let start = 0
  while (start < most && before.charCodeAt(start) === after.charCodeAt(start)) start += 1
  while (start > 0 && joins(before, start)) start -= 1
  let tail = 0
  while (tail < most - start && before.charCodeAt(before.length - 1 - tail) === after.charCodeAt(after.length - 1 - tail)) tail += 1
  while (tail > 0 && (joins(before, before.length - tail) || joins(after, after.length - tail))) tail -= 1
  return { start, end: before.length - tail, text: after.slice(start, after.length - tail) }
}

/** True when the two units at `index - 1` and `index` belong together. */
function joins(text: string, index: number): boolean {
  if (index <= 0 || index >= text.length) return false
  const left = text.charCodeAt(index - 1)
  const right = text.charCodeAt(index)
  return (left === 13 && right === 10) || (left >= 0xd800 && left <= 0xdbff && right >= 0xdc00 && right <= 0xdfff)
}
