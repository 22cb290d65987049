import type { TextEdit } from '../../tools/schemas/text'

/** Lines from 1, columns from 0 in UTF-16 units, as tools count them. A line ends at LF, CRLF or CR. */
export class TextPositions {
  readonly #starts: readonly number[]

  constructor(text: string) {
    const starts = [0]
    for (const match of text.matchAll(/\r\n|\n|\r/g)) starts.push(match.index + match[0].length)
    this.#starts = starts
  }

  offsetOf(line: number, column: number): number {
    return (this.#starts[line - 1] ?? this.#starts.at(-1) ?? 0) + column
  }

  positionOf(offset: number): { line: number; column: number } {
    let low = 0
    let high = this.#starts.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if ((this.#starts[middle] ?? 0) <= offset) low = middle
      else high = middle - 1
    }
    return { line: low + 1, column: offset - (this.#starts[low] ?? 0) }
  }
}

/** An edit of [start, end) in offsets. */
export interface OffsetEdit {
  readonly start: number
  readonly end: number
  readonly newText: string
}

export function toTextEdits(text: string, edits: readonly OffsetEdit[]): TextEdit[] {
  const positions = new TextPositions(text)
  return edits.map((edit) => {
    const start = positions.positionOf(edit.start)
    const end = positions.positionOf(edit.end)
    return { startLine: start.line, startColumn: start.column, endLine: end.line, endColumn: end.column, newText: edit.newText }
  })
}

export function toOffsetEdits(text: string, edits: readonly TextEdit[]): OffsetEdit[] {
  const positions = new TextPositions(text)
  return edits.map((edit) => ({
    start: positions.offsetOf(edit.startLine, edit.startColumn),
    end: positions.offsetOf(edit.endLine, edit.endColumn),
    newText: edit.newText,
  }))
}

/** Edits must not overlap; their order does not matter. */
export function applyOffsetEdits(text: string, edits: readonly OffsetEdit[]): string {
  let result = ''
  let at = 0
  for (const edit of [...edits].sort((a, b) => a.start - b.start || a.end - b.end)) {
    if (edit.start < at) throw new RangeError(`edits overlap at offset ${edit.start}`)
    result += text.slice(at, edit.start) + edit.newText
    at = edit.end
  }
  return result + text.slice(at)
}

const WORD = /[\p{ID_Continue}$]/u

/** Offsets where `word` stands by itself: never inside a longer identifier, a path or a dashed or dotted file name. */
export function wholeWordOffsets(text: string, word: string): number[] {
  const offsets: number[] = []
  for (let at = text.indexOf(word); at !== -1; at = text.indexOf(word, at + word.length)) {
    const before = text[at - 1] ?? ''
    const after = text.slice(at + word.length, at + word.length + 16)
    if (WORD.test(before) || before === '-' || before === '/' || before === '\\' || before === '@') continue
    if (/^[\p{ID_Continue}$]/u.test(after) || /^[-/\\][\p{ID_Continue}]/u.test(after)) continue
    if (/^\.(?:[cm]?[jt]sx?|json|md|css|html|ya?ml|sql|test|spec)\b/.test(after)) continue
    offsets.push(at)
  }
  return offsets
}
