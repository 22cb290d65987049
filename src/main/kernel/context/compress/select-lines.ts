import type { ContentHash } from '../../../../shared/ids'

/** What a shortener may use. `whole` names the text that it shortens: its remarks say so, and the reader can ask for it. */
export interface Room {
  readonly maxTokens: number
  readonly whole: ContentHash
  countTokens(text: string): number
}

/** A shorter text that fits, or null when even its remarks do not. */
export type Shortener = (text: string, room: Room) => { readonly text: string; readonly tokens: number } | null

/** Lines with how much each is wanted: 0 is kept before 1, and so on. Within a rank the order of `wanted` or that of the text holds. */
export interface RankedLines {
  readonly lines: readonly string[]
  readonly ranks: Uint8Array
  /** First lines of the result: what it is, and what the text as a whole says (counts, distinct errors). May be empty. */
  readonly header: string
  /** What stands for lines that were left out; indexes from 0, inclusive. */
  remark(from: number, to: number): string
}

/** Longer lines are cut: minified code and packed data say little to a reader. Also bounds what patterns have to look at. */
export const LONGEST_LINE = 500
const CHARS_A_TOKEN = 3.2
const ATTEMPTS = 7

/** The lines of a text, cut where they are too long, with what was cut said. */
export function linesOf(text: string): string[] {
  return text.split('\n').map((line) => {
    if (line.length <= LONGEST_LINE) return line
    const cut = isLowSurrogate(line, LONGEST_LINE) ? LONGEST_LINE - 1 : LONGEST_LINE
    return `${line.slice(0, cut)} [... ${line.length - cut} characters]`
  })
}

export function isLowSurrogate(text: string, at: number): boolean {
  const unit = text.charCodeAt(at)
  return unit >= 0xdc00 && unit <= 0xdfff
}

/**
 * The most wanted lines that fit, in their own order, with remarks where lines were left out. Linear in the text: lines are chosen by
 * their length, and the count of what was chosen corrects the choice a few times.
 */
export function selectLines(ranked: RankedLines, { maxTokens, countTokens }: Room): { text: string; tokens: number } | null {
  const order = byRank(ranked.ranks)
  let chars = Math.floor(maxTokens * CHARS_A_TOKEN)
  let best: { text: string; tokens: number } | null = null
  for (let attempt = 0; attempt < ATTEMPTS && chars > 0; attempt += 1) {
    const { text, isAll } = render(ranked, chosen(ranked, order, chars))
    const tokens = countTokens(text)
    if (tokens <= maxTokens && (best === null || tokens > best.tokens)) best = { text, tokens }
    if (tokens <= maxTokens && (isAll || tokens > maxTokens * 0.85 || attempt > 2)) break
    const corrected = Math.floor(chars * Math.min(2, (maxTokens / Math.max(1, tokens)) * 0.94))
    chars = tokens > maxTokens ? Math.min(corrected, Math.floor(chars * 0.8)) : corrected
  }
  return best
}

/** Indexes of lines by rank, stable: a counting sort. */
function byRank(ranks: Uint8Array): Uint32Array {
  const starts = new Uint32Array(257)
  for (const rank of ranks) starts[rank + 1] = (starts[rank + 1] ?? 0) + 1
  for (let rank = 0; rank < 256; rank += 1) starts[rank + 1] = (starts[rank + 1] ?? 0) + (starts[rank] ?? 0)
  const order = new Uint32Array(ranks.length)
  for (const [index, rank] of ranks.entries()) {
    const at = starts[rank] ?? 0
    order[at] = index
    starts[rank] = at + 1
  }
  return order
}

/** A remark for a gap costs about as much as this many characters of a line. */
const REMARK_CHARS = 28

function chosen({ lines, header }: RankedLines, order: Uint32Array, chars: number): Uint8Array {
  const kept = new Uint8Array(lines.length)
  let left = chars - header.length
  for (const index of order) {
    const neighbours = (kept[index - 1] ?? 0) + (kept[index + 1] ?? 0)
    // A line of its own makes a gap more, one that joins two makes one less.
    const cost = (lines[index]?.length ?? 0) + 1 + (1 - neighbours) * REMARK_CHARS
    if (cost > left) break
    left -= cost
    kept[index] = 1
  }
  return kept
}

function render(ranked: RankedLines, kept: Uint8Array): { text: string; isAll: boolean } {
  const { lines, header } = ranked
  const out: string[] = header === '' ? [] : [header]
  let isAll = true
  for (let at = 0; at < lines.length;) {
    if (kept[at] === 1) {
      out.push(lines[at] ?? '')
      at += 1
      continue
    }
    let to = at
    while (to + 1 < lines.length && kept[to + 1] === 0) to += 1
    const remark = ranked.remark(at, to)
    const only = lines[at] ?? ''
    // One short line says more than a remark that it is missing.
    if (to === at && only.length <= remark.length) out.push(only)
    else {
      out.push(remark)
      isAll = false
    }
    at = to + 1
  }
  return { text: out.join('\n'), isAll }
}

/** Lowers a line's rank to `rank` when it is not lower yet. */
export function want(ranks: Uint8Array, index: number, rank: number): void {
  if (index >= 0 && index < ranks.length && (ranks[index] ?? 0) > rank) ranks[index] = rank
}
