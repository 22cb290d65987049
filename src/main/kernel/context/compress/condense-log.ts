import { linesOf, type Room, selectLines, want } from './select-lines'

const FIRST_OF_ERROR = 0
const LAST_OF_ERROR = 1
const ENDS = 2
const NEAR_ERROR = 3
const WARNING = 4
const NEW = 5
const REPEATED = 6
const HEAD_LINES = 12
const TAIL_LINES = 24
const AFTER_ERROR = 3
const ERRORS_COUNTED = 40

export const ERROR_LINE =
  /\b(?:errors?|fail(?:ed|ure|s)?|fatal|panic(?:ked)?|exceptions?|traceback|assert(?:ion)?|cannot|denied|refused|undefined|unhandled|segfault|[A-Z]\w{1,40}(?:Error|Exception))\b|\b(?:TS|E|ERR_)\d{3,5}\b|✗|✖|✘/i
/** What speaks of errors to say that there are none. */
const NO_ERROR = /\b(?:0|no) (?:errors?|failures?|failed)\b|\b(?:errors?|failures?|failed)[:=] ?0\b/i
const WARNING_LINE = /\b(?:warn(?:ing)?s?|deprecated)\b/i

/**
 * Output of a program: every distinct error at its first and its last place with how often it came, the beginning, the end, then what is
 * new in between. Two lines are the same when they differ in numbers, times, addresses and the folders of paths alone.
 */
export function condenseLog(text: string, room: Room) {
  const lines = linesOf(text)
  const ranks = new Uint8Array(lines.length).fill(REPEATED)
  const seen = new Set<string>()
  const errors = new Map<string, { first: number; last: number; times: number }>()
  for (const [index, line] of lines.entries()) {
    if (line.trim() === '') continue
    const shape = normalised(line)
    const isError = isErrorLine(line)
    const known = errors.get(shape)
    if (isError && known !== undefined) {
      known.last = index
      known.times += 1
    } else if (isError) errors.set(shape, { first: index, last: index, times: 1 })
    else if (!seen.has(shape)) {
      seen.add(shape)
      want(ranks, index, WARNING_LINE.test(line) ? WARNING : NEW)
    }
  }
  for (const { first, last } of errors.values()) {
    want(ranks, first, FIRST_OF_ERROR)
    want(ranks, last, LAST_OF_ERROR)
    for (let at = first + 1; at <= first + AFTER_ERROR; at += 1) want(ranks, at, NEAR_ERROR)
  }
  for (let at = 0; at < HEAD_LINES; at += 1) want(ranks, at, ENDS)
  for (let at = lines.length - TAIL_LINES; at < lines.length; at += 1) want(ranks, at, ENDS)
  return selectLines({ lines, ranks, header: header(lines.length, errors, room), remark: leftOut }, room)
}

export function isErrorLine(line: string): boolean {
  return ERROR_LINE.test(line) && !NO_ERROR.test(line)
}

export function leftOut(from: number, to: number): string {
  return from === to ? `[... line ${from + 1} left out ...]` : `[... lines ${from + 1} to ${to + 1} left out ...]`
}

function header(lines: number, errors: ReadonlyMap<string, { first: number; last: number; times: number }>, room: Room): string {
  const repeated = [...errors.values()].filter((error) => error.times > 1)
  // A count costs about ten tokens: they get a fifth of the room.
  const listed = repeated.slice(0, Math.min(ERRORS_COUNTED, Math.floor(room.maxTokens / 50)))
  const counts = listed.map(({ first, last, times }) => `line ${first + 1} ${times} times, last in ${last + 1}`)
  const more = repeated.length > listed.length ? `; ${repeated.length - listed.length} more are repeated` : ''
  const distinct = errors.size === 0 ? '' : `, ${errors.size} distinct error${errors.size === 1 ? '' : 's'}`
  const repeats = counts.length === 0 ? '' : `; the like of ${counts.join('; of ')}${more}`
  return `[${lines} lines${distinct}${repeats}; whole text: ${room.whole}]`
}

/** Folders, then identifiers in hexadecimal and numbers: what differs from run to run. Linear: no pattern can look at a character twice. */
export function normalised(line: string): string {
  return line
    .replace(/(?<![\w.@~-])[\w.@~-]*\/(?:[\w.@~-]*\/)*/g, '/')
    .replace(/\b0x[0-9a-f]+\b|\b[0-9a-f]{7,64}\b/gi, '#')
    .replace(/\d+(?:[.:,]\d+)*/g, '#')
    .trim()
}
