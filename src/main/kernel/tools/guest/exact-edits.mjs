// Runs inside the sandbox. Replacing texts that are named by what they are; pure.
import { occurrences } from './text-edits.mjs'
import { inLineEnding, lineStarts } from './text-files.mjs'
import { GuestFailure } from './workspace-paths.mjs'

const MAX_SHOWN_MATCHES = 20
const MAX_SHOWN_CHARACTERS = 2000
const MAX_REPLACED = 100_000
const MAX_COMPARED_LINES = 20_000
const MAX_WANTED_LINES = 200
const SIMILAR_ENOUGH = 0.5

/** The text after edits in their order, each seeing what the ones before it made; and where each replaced something. */
export function applyExactEdits(file, edits, path) {
  let text = file.text
  const done = edits.map((edit, index) => {
    const step = applyExactEdit({ ...file, text }, edit, path, edits.length > 1 ? index : null)
    text = step.text
    return { lines: step.lines, replaced: step.lines.length }
  })
  return { text, edits: done.map(({ lines, replaced }) => ({ lines: lines.slice(0, 1000), replaced })) }
}

function applyExactEdit(file, { oldText, newText, replaceAll = false }, path, index) {
  let wanted = oldText
  const most = replaceAll ? MAX_REPLACED + 1 : MAX_SHOWN_MATCHES + 1
  let found = occurrences(file.text, wanted, most)
  if (found.length === 0 && file.eol === 'crlf') {
    wanted = inLineEnding(oldText, 'crlf')
    found = occurrences(file.text, wanted, most)
  }
  const which = index === null ? '' : ` (edit ${index + 1})`
  const details = { path, version: file.version, ...(index === null ? {} : { edit: index }) }
  const starts = lineStarts(file.text)
  if (found.length === 0) throw noMatch(file.text, starts, wanted, path, which, details)
  const lines = linesOf(found, starts)
  if (found.length > MAX_REPLACED)
    throw new GuestFailure('fs.too-large', `${path} contains the text more than ${MAX_REPLACED} times.`, details)
  if (found.length > 1 && !replaceAll) {
    const many = found.length > MAX_SHOWN_MATCHES ? `more than ${MAX_SHOWN_MATCHES}` : String(found.length)
    throw new GuestFailure(
      'fs.ambiguous-match',
      `${path} contains the text to replace ${many} times, on lines ${lines.join(', ')}${which}.`,
      {
        ...details,
        count: found.length,
        lines,
      },
    )
  }
  const replacement = inLineEnding(newText, file.eol)
  const parts = []
  let at = 0
  for (const offset of found) {
    parts.push(file.text.slice(at, offset), replacement)
    at = offset + wanted.length
  }
  parts.push(file.text.slice(at))
  return { text: parts.join(''), lines }
}

/** Offsets come in order, so one pass over the lines is enough. */
function linesOf(offsets, starts) {
  let line = 0
  return offsets.map((offset) => {
    while (line + 1 < starts.length && starts[line + 1] <= offset) line += 1
    return line + 1
  })
}

function noMatch(text, starts, wanted, path, which, details) {
  const nearest = nearestText(text, starts, wanted)
  const hint =
    nearest === null
      ? ''
      : nearest.onlyWhitespace
        ? ` Lines ${nearest.startLine} to ${nearest.endLine} differ from it only in white space.`
        : ` The most similar text is on lines ${nearest.startLine} to ${nearest.endLine}.`
  return new GuestFailure('fs.no-match', `${path} does not contain the text to replace${which}.${hint}`, {
    ...details,
    ...(nearest === null ? {} : { nearest }),
  })
}

/** The run of lines, as many as are wanted, that has most of their words; null when nothing is half as similar. */
function nearestText(text, starts, wanted) {
  const wantedLines = wanted.replace(/\r?\n$/, '').split(/\r\n|\n|\r/)
  if (wantedLines.length > MAX_WANTED_LINES) return null
  const lines = starts.slice(0, MAX_COMPARED_LINES).map((start, index) => text.slice(start, starts[index + 1]).replace(/[\r\n]+$/, ''))
  const wantedWords = wantedLines.map(wordsOf)
  const words = lines.map(wordsOf)
  const weight = wantedLines.reduce((sum, line) => sum + line.trim().length + 1, 0)
  let best = { score: 0, at: -1 }
  for (let at = 0; at + wantedLines.length <= lines.length; at += 1) {
    let score = 0
    for (let row = 0; row < wantedLines.length; row += 1) {
      const [ours, theirs] = [wantedLines[row].trim(), lines[at + row].trim()]
      score += (ours === theirs ? 1 : overlap(wantedWords[row], words[at + row])) * (ours.length + 1)
      if (row === 0 && score === 0 && wantedLines.length < 3) break
    }
    if (score > best.score) best = { score, at }
  }
  if (best.at === -1 || best.score / weight < SIMILAR_ENOUGH) return null
  const found = lines.slice(best.at, best.at + wantedLines.length)
  const plain = (some) => some.join(' ').replace(/\s+/g, ' ').trim()
  return {
    startLine: best.at + 1,
    endLine: best.at + wantedLines.length,
    text: found.join('\n').slice(0, MAX_SHOWN_CHARACTERS),
    similarity: Math.round((best.score / weight) * 100) / 100,
    onlyWhitespace: plain(found) === plain(wantedLines),
  }
}

function wordsOf(line) {
  const words = new Map()
  for (const word of line.match(/[\p{L}\p{N}_$]+|[^\s\p{L}\p{N}_$]/gu) ?? []) words.set(word, (words.get(word) ?? 0) + 1)
  return words
}

/** Shared words of both, 0 to 1 (the Dice coefficient of two bags). */
function overlap(ours, theirs) {
  let [shared, all] = [0, 0]
  for (const [word, times] of ours) {
    shared += Math.min(times, theirs.get(word) ?? 0)
    all += times
  }
  for (const times of theirs.values()) all += times
  return all === 0 ? 0 : (2 * shared) / all
}
