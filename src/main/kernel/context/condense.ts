import type { ContentHash } from '../../../shared/ids'

/** What tells a reader how much is missing and where the whole is. */
function gap(lines: number, chars: number, whole: ContentHash): string {
  const amount = lines > 0 ? `${lines} ${lines === 1 ? 'line' : 'lines'}` : `${chars} characters`
  return `\n[... ${amount} left out; whole text: ${whole} ...]\n`
}

export interface Condensed {
  readonly text: string
  readonly tokens: number
}

/**
 * The text itself when it has at most `maxTokens`; otherwise its first two thirds and last third that fit, cut at lines, with what
 * was left out said between them. Never more than `maxTokens`: down to an empty text when not even the remark fits. `storeWhole` is called only when
 * something is left out, with the text whose hash the remark names.
 */
export function condense(
  text: string,
  maxTokens: number,
  countTokens: (text: string) => number,
  storeWhole: (text: string) => ContentHash,
): Condensed & { readonly whole: boolean } {
  // A token of source text is seldom more than 16 characters long: what is far beyond is not worth counting whole.
  const mayFit = text.length <= maxTokens * 16
  const tokens = mayFit ? countTokens(text) : null
  if (tokens !== null && tokens <= maxTokens) return { text, tokens, whole: true }
  const hash = storeWhole(text)
  let chars = Math.floor(tokens === null ? maxTokens * 4 : (text.length * maxTokens) / tokens)
  for (let attempt = 0; attempt < 12 && chars > 0; attempt += 1) {
    const shorter = headAndTail(text, chars, hash)
    const count = countTokens(shorter)
    if (count <= maxTokens) return { text: shorter, tokens: count, whole: false }
    chars = Math.floor(Math.min(chars * 0.8, (chars * maxTokens) / count - 32))
  }
  return { ...cutTo(text, maxTokens, countTokens), whole: false }
}

function headAndTail(text: string, chars: number, whole: ContentHash): string {
  const headEnd = lineBefore(text, Math.floor((chars * 2) / 3))
  const tailStart = Math.max(headEnd, lineAfter(text, text.length - Math.floor(chars / 3)))
  const left = text.slice(headEnd, tailStart)
  return `${text.slice(0, headEnd)}${gap(left.split('\n').length - 1, left.length, whole)}${text.slice(tailStart)}`
}

/** Cuts at a line when that costs less than half of what is kept; never inside a surrogate pair. */
function lineBefore(text: string, at: number): number {
  const line = text.lastIndexOf('\n', at)
  if (line > at / 2) return line
  return isLowSurrogate(text, at) ? at - 1 : at
}

function lineAfter(text: string, at: number): number {
  const line = text.indexOf('\n', at)
  if (line !== -1 && line < at + (text.length - at) / 2) return line + 1
  return isLowSurrogate(text, at) ? at + 1 : at
}

function isLowSurrogate(text: string, at: number): boolean {
  const unit = text.charCodeAt(at)
  return unit >= 0xdc00 && unit <= 0xdfff
}

function cutTo(text: string, maxTokens: number, countTokens: (text: string) => number): Condensed {
  for (let chars = Math.min(text.length, maxTokens * 4); chars > 0; chars = Math.floor(chars / 2)) {
    const cut = text.slice(0, isLowSurrogate(text, chars) ? chars - 1 : chars)
    const tokens = countTokens(cut)
    if (tokens <= maxTokens) return { text: cut, tokens }
  }
  return { text: '', tokens: 0 }
}
