// Runs inside the sandbox. Applying the hunks of one file to its text; pure. A hunk: {oldStart, oldLines, at, lines: [{kind: ' ' | '-' | '+',
// text, eol}]}, read from the patch by the kernel.

/** How far from where it says a hunk is looked for, in lines. */
const MAX_OFFSET = 10_000

/** Lines of a text, a CR before the LF being part of the line; `eol` false for a last line without an end. */
export function splitLines(text) {
  const lines = text.split('\n')
  const last = lines.pop()
  const ended = lines.map((line) => ({ text: line, eol: true }))
  return last === '' ? ended : [...ended, { text: last, eol: false }]
}

/**
 * The text after all hunks, in their order: {text, applied: [{line, offset, fuzz}], failed: [{hunk, ...}]}. Lines must be there exactly.
 * A hunk without any CR also fits lines that end with CRLF, and what it adds then ends like the lines around it: models write LF.
 */
export function applyHunks(text, hunks, maxFuzz) {
  const lines = splitLines(text)
  const result = []
  const [applied, failed] = [[], []]
  let [done, drift] = [0, 0]
  for (const [index, hunk] of hunks.entries()) {
    const place = placeOf(lines, hunk, done, drift, maxFuzz)
    if (place === null) {
      failed.push(describeFailure(lines, hunk, index))
      continue
    }
    for (; done < place.at; done += 1) result.push(lines[done])
    const offset = place.at - place.skipped - expectedAt(hunk)
    applied.push({ line: result.length + 1, offset, fuzz: place.fuzz })
    for (const added of hunk.lines.slice(place.skipped, hunk.lines.length - place.dropped)) {
      if (added.kind === '+') {
        const around = lines[done] ?? lines[done - 1]
        result.push({ text: place.exact || !around?.text.endsWith('\r') ? added.text : `${added.text}\r`, eol: added.eol })
        continue
      }
      if (added.kind === ' ') result.push(lines[done])
      done += 1
    }
    drift = offset
  }
  for (; done < lines.length; done += 1) result.push(lines[done])
  return { text: result.map((line, at) => line.text + (line.eol || at < result.length - 1 ? '\n' : '')).join(''), applied, failed }
}

/** Index of the first old line as the patch says it; a hunk without old lines stands after the line that it names. */
function expectedAt(hunk) {
  return hunk.oldLines === 0 ? hunk.oldStart : hunk.oldStart - 1
}

function placeOf(lines, hunk, done, drift, maxFuzz) {
  const old = hunk.lines.filter(({ kind }) => kind !== '+')
  if (old.length === 0) {
    const at = expectedAt(hunk) + drift
    const possible = at >= done && at <= lines.length
    return possible ? { at, skipped: 0, dropped: 0, fuzz: 0, exact: true } : null
  }
  const leading = hunk.lines.findIndex(({ kind }) => kind !== ' ')
  const trailing = hunk.lines.toReversed().findIndex(({ kind }) => kind !== ' ')
  const modes = hunk.lines.some(({ text }) => text.endsWith('\r')) ? [true] : [true, false]
  for (let fuzz = 0; fuzz <= maxFuzz; fuzz += 1) {
    const [skipped, dropped] = [Math.min(fuzz, leading), Math.min(fuzz, trailing)]
    const wanted = old.slice(skipped, old.length - dropped)
    if (wanted.length === 0) break
    for (const exact of modes) {
      const at = findLines(lines, wanted, expectedAt(hunk) + drift + skipped, done, exact)
      if (at !== null) return { at, skipped, dropped, fuzz, exact }
    }
  }
  return null
}

/** The place nearest to the expected one where all the lines are. */
function findLines(lines, wanted, expected, done, exact) {
  const fits = (at) =>
    at >= done && at + wanted.length <= lines.length && wanted.every((line, row) => sameLine(lines[at + row], line, exact))
  for (let distance = 0; distance <= MAX_OFFSET; distance += 1) {
    if (fits(expected + distance)) return expected + distance
    if (distance > 0 && fits(expected - distance)) return expected - distance
    if (expected + distance > lines.length && expected - distance < done) return null
  }
  return null
}

function sameLine(line, wanted, exact) {
  if (line.eol !== wanted.eol) return false
  return line.text === wanted.text || (!exact && line.text === `${wanted.text}\r`)
}

function describeFailure(lines, hunk, index) {
  const at = Math.max(expectedAt(hunk), 0)
  const side = (kind) => hunk.lines.filter((line) => line.kind !== kind)
  const differs = (wanted, row) => lines[at + row] === undefined || !sameLine(lines[at + row], wanted, false)
  const row = side('+').findIndex(differs)
  const [wanted, found] = [side('+')[row], lines[at + row]]
  return {
    hunk: index + 1,
    patchLine: hunk.at + 1,
    expectedLine: at + 1,
    ...(side('-').some(differs) ? {} : { alreadyApplied: true }),
    ...(row === -1
      ? {}
      : { firstDifference: { line: at + row + 1, patch: wanted.text.slice(0, 400), file: found?.text.slice(0, 400) ?? null } }),
  }
}
