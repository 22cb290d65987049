// Runs inside the sandbox. Edits as offsets of one text; pure.
import { GuestFailure } from './workspace-paths.mjs'
import { inLineEnding, lineStarts } from './text-files.mjs'

/**
 * The text after all edits, which all refer to the text before. Ranges have lines from 1 and columns from 0 in UTF-16 units; the
 * position just after the last line (column 0) is the end of the text. Insertions at one place keep their order. Fails with
 * `fs.bad-range` for a position that is not in the text and `fs.overlapping-edits` for ranges that share a character.
 */
export function applyTextEdits(text, edits, eol, path) {
  const starts = lineStarts(text)
  const located = edits.map((edit, index) => {
    const start = offsetAt(text, starts, edit.startLine, edit.startColumn, path)
    const end = offsetAt(text, starts, edit.endLine, edit.endColumn, path)
    if (end < start) throw new GuestFailure('fs.bad-range', `${path}: an edit ends before it starts (line ${edit.startLine}).`)
    return { start, end, newText: inLineEnding(edit.newText, eol), index }
  })
  located.sort((a, b) => a.start - b.start || Number(a.end > a.start) - Number(b.end > b.start) || a.index - b.index)
  const parts = []
  let done = 0
  for (const edit of located) {
    if (edit.start < done) {
      throw new GuestFailure('fs.overlapping-edits', `${path}: two edits change the same text (line ${edits[edit.index].startLine}).`)
    }
    parts.push(text.slice(done, edit.start), edit.newText)
    done = edit.end
  }
  parts.push(text.slice(done))
  return parts.join('')
}

function offsetAt(text, starts, line, column, path) {
  if (line === starts.length + 1 && column === 0) return text.length
  const start = starts[line - 1]
  if (start === undefined) throw new GuestFailure('fs.bad-range', `${path} has ${starts.length} lines, there is no line ${line}.`)
  let end = starts[line] ?? text.length
  if (line < starts.length) end -= text.startsWith('\r\n', end - 2) ? 2 : 1
  if (start + column > end) {
    throw new GuestFailure('fs.bad-range', `${path}: line ${line} has ${end - start} columns, there is no column ${column}.`)
  }
  if (column > 0 && text.codePointAt(start + column - 1) > 0xffff) {
    throw new GuestFailure('fs.bad-range', `${path}: column ${column} of line ${line} is inside a character.`)
  }
  return start + column
}

/** Offsets of every place where `part` is in `text`, at most `limit`, not overlapping. */
export function occurrences(text, part, limit) {
  const found = []
  for (let at = text.indexOf(part); at !== -1 && found.length < limit; at = text.indexOf(part, at + part.length)) found.push(at)
  return found
}
