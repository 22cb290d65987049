import { isErrorLine, leftOut } from './condense-log'
import { linesOf, type Room, selectLines, want } from './select-lines'

const TOTAL = 0
const FAILED = 0
const DETAIL = 1
const FAR_DETAIL = 2
const OTHER = 5
const PASSED = 6
/** Lines of a failure that are kept before the rest of it. */
const DETAIL_LINES = 40
const TAIL_LINES = 12

// All of lines without the spaces before them: a pattern that could also skip those would be quadratic.
const PASSES = /^(?:✓|✔|√|ok \d|PASS\b|--- PASS|=== RUN|test .{1,300} \.\.\. ok$|.{1,300} PASSED\b|\. )/
const FAILS = /^(?:✗|✖|✘|×|not ok \d|FAIL\b|--- FAIL|●|❯|test .{1,300} \.\.\. FAILED$|.{1,300} FAILED\b|_{3,20} .{1,200} _{3}|\d{1,6}\) )/
const TOTALS =
  /\b\d+ (?:tests?|passed|passing|failed|failing|skipped|pending|todo|errors?)\b|^test result:|^(?:Tests|Test Files|Test Suites|Suites):?\s/

/** Failures as they are, totals, and how many passed. */
export function condenseTests(text: string, room: Room) {
  const lines = linesOf(text)
  const ranks = new Uint8Array(lines.length).fill(OTHER)
  let passed = 0
  let failed = 0
  let since = Number.POSITIVE_INFINITY
  for (const [index, indented] of lines.entries()) {
    const line = indented.trimStart()
    if (FAILS.test(line)) {
      failed += 1
      since = 0
      ranks[index] = FAILED
    } else if (PASSES.test(line)) {
      passed += 1
      since = Number.POSITIVE_INFINITY
      ranks[index] = PASSED
    } else if (TOTALS.test(line)) ranks[index] = TOTAL
    else if (isErrorLine(line)) ranks[index] = DETAIL
    else if (since < Number.POSITIVE_INFINITY) {
      since += 1
      ranks[index] = since <= DETAIL_LINES ? DETAIL : FAR_DETAIL
    }
  }
  for (let at = lines.length - TAIL_LINES; at < lines.length; at += 1) want(ranks, at, FAR_DETAIL)
  const header = `[output of tests, ${lines.length} lines: ${passed} lines of passed and ${failed} of failed tests; whole text: ${room.whole}]`
  return selectLines({ lines, ranks, header, remark: leftOut }, room)
}

/** Several lines that only runners of tests print. */
export function looksLikeTests(text: string): boolean {
  let found = 0
  for (const indented of sample(text)) {
    const line = indented.trimStart()
    if (FAILS.test(line) || PASSES.test(line) || /^(?:TAP version|# Subtest|running \d+ tests?$|collected \d+ items)/.test(line)) found += 1
    if (/\b\d+ (?:passed|passing|failed|failing)\b|^test result:/.test(line)) found += 2
    if (found >= 3) return true
  }
  return false
}

/** The first and the last lines: runners print their totals at the end. */
function sample(text: string): string[] {
  if (text.length <= 24_000) return linesOf(text)
  return [...linesOf(text.slice(0, 12_000)), ...linesOf(text.slice(-12_000))]
}
