import { linesOf, type RankedLines, type Room, selectLines, want } from './select-lines'

/** What is known of a file beside its text. Lines from 1. */
export interface SourceHints {
  /** Where declarations begin, from the index; without them they are found by their look. */
  readonly declarations?: readonly number[]
  /** Lines that matter now: the focus, an error, a hit. They and what is around them stay as they are. */
  readonly keyLines?: () => readonly number[]
}

const KEY = 0
const DECLARATION = 1
const IMPORT = 2
const NEAR = 3
const BODY = 6
const BLANK = 7
/** Lines before and after a key line. */
const AROUND = 6
/** Of a declaration whose parameters go over several lines. */
const LONGEST_SIGNATURE = 8
const LONGEST_COMMENT = 4

const MODIFIER =
  '(?:export|default|public|private|protected|internal|static|async|abstract|final|override|virtual|inline|extern|pub(?:\\([a-z ]{1,20}\\))?|unsafe|declare|readonly|sealed|partial|data|open)[ \\t]+'
const DECLARES = new RegExp(
  `^[ \\t]{0,12}(?:${MODIFIER}){0,6}(?:class|interface|enum|struct|trait|impl|mod|module|namespace|package|record|object|protocol|def|fn|func|fun|function|macro_rules!|typedef|union|template|type|message|service|resource|create[ \\t]+(?:table|view|index|function))\\b`,
  'i',
)
/** Only at the left margin: inside of functions these are statements. */
const BINDS = new RegExp(
  `^(?:${MODIFIER}){0,6}(?:const|let|var|val|static|#define)\\b|^[A-Za-z_$][\\w$.-]{0,80}[ \\t]*(?::=|=|:)|^\\[[^\\]]{1,120}\\]`,
)
const METHOD =
  /^[ \t]{1,8}(?!(?:if|for|while|switch|catch|else|return|with|do|try|match|throw|await|case)\b)[\w$#<>,[\]:*&.?! \t]{1,160}\([^;]*\{[ \t]*$/
const IMPORTS = /^(?:import|from|use|using|#include|require|include|extern crate)\b/
const COMMENT = /^[ \t]*(?:\/\/|\/\*|\*|#(?!include|define)|--|"""|''')/
const DECORATES = /^[ \t]*[@#]\[?\w/
const CLOSES = /^[ \t]{0,4}[\])}]/

/**
 * A file as its declarations with their comments, its imports, and in full what is around the lines that matter now. Lines left out are
 * named by their numbers. Where little has to go, most bodies stay too.
 */
export function outline(text: string, room: Room, hints: SourceHints = {}) {
  const lines = linesOf(text)
  const ranks = new Uint8Array(lines.length)
  const declared = new Set(hints.declarations?.map((line) => line - 1))
  for (const [index, line] of lines.entries()) ranks[index] = rankOf(line, declared.has(index), declared.size > 0)
  for (let index = 0; index < lines.length; index += 1) if (ranks[index] === DECLARATION) wantSignature(lines, ranks, index)
  for (const line of hints.keyLines?.() ?? []) wantAround(lines, ranks, line - 1)
  const ranked: RankedLines = {
    lines,
    ranks,
    header: `[outline of ${lines.length} lines; whole text: ${room.whole}]`,
    remark: (from, to) => (from === to ? `[... line ${from + 1}]` : `[... lines ${from + 1}-${to + 1}]`),
  }
  return selectLines(ranked, room)
}

function rankOf(line: string, isDeclared: boolean, isIndexed: boolean): number {
  if (line.trim() === '') return BLANK
  if (isDeclared) return DECLARATION
  if (IMPORTS.test(line)) return IMPORT
  if (!isIndexed && (DECLARES.test(line) || BINDS.test(line) || METHOD.test(line))) return DECLARATION
  return CLOSES.test(line) && line.length < 8 ? NEAR + 1 : BODY
}

function wantSignature(lines: readonly string[], ranks: Uint8Array, index: number): void {
  let open = 0
  for (let at = index; at < Math.min(lines.length, index + LONGEST_SIGNATURE); at += 1) {
    if (at > index) want(ranks, at, NEAR)
    for (const char of lines[at] ?? '') open += char === '(' ? 1 : char === ')' ? -1 : 0
    if (open <= 0) break
  }
  for (let at = index - 1; at >= Math.max(0, index - LONGEST_COMMENT); at -= 1) {
    const line = lines[at] ?? ''
    if (!COMMENT.test(line) && !DECORATES.test(line)) break
    want(ranks, at, NEAR)
  }
}

/** What is around a key line, and the declaration that it is in. */
function wantAround(lines: readonly string[], ranks: Uint8Array, index: number): void {
  for (let at = index - AROUND; at <= index + AROUND; at += 1) want(ranks, at, KEY)
  const depth = indentation(lines[index] ?? '')
  for (let at = Math.min(index, lines.length - 1); at >= Math.max(0, index - 400); at -= 1) {
    if (ranks[at] !== DECLARATION || indentation(lines[at] ?? '') >= Math.max(1, depth)) continue
    want(ranks, at, KEY)
    return
  }
}

function indentation(line: string): number {
  return line.length - line.trimStart().length
}
