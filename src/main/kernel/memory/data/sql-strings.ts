import type { SourceToken } from './source-tokens'
import { isSign, isText, isWord } from './token-walk'
import type { Tokens } from './token-walk'

/** SQL found in a literal of a programming language, of the same length as the source that it stands in, so that offsets agree. */
export interface SqlString {
  readonly text: string
  readonly at: number
  /** Its keywords are in upper case: hardly anything else looks like that. */
  readonly sure: boolean
}

const START = /^\s{0,400}\(?\s{0,40}(select|insert|update|delete|with|create|alter|drop|merge|replace|truncate)\b/i
const SECOND: Readonly<Record<string, RegExp>> = {
  select: /\bfrom\b/i,
  insert: /^\s*\(?\s*insert\s+(?:or\s+\w{1,10}\s+|ignore\s+)?into\s/i,
  update: /\bset\b/i,
  delete: /^\s*\(?\s*delete\s+(?:[\w.]{1,60}\s+)?from\s/i,
  with: /\bas\s{1,4}(?:not\s+|materialized\s+){0,2}\(/i,
  create:
    /^\s*create\s+(?:or\s+replace\s+|unique\s+|temp(?:orary)?\s+|unlogged\s+|materialized\s+|virtual\s+){0,3}(?:table|view|index|schema)\s/i,
  alter: /^\s*alter\s+table\s/i,
  drop: /^\s*drop\s+(?:table|view|index)\s/i,
  merge: /^\s*merge\s+into\s/i,
  replace: /^\s*replace\s+into\s/i,
  truncate: /^\s*truncate\s+(?:table\s+)?[\w."`]/i,
}
const PROSE = /\b(?:the|an|your|this|that|please)\b/i
const SIGNS_OF_SQL = /[*=,(?$:`%]|\bwhere\b|^\s*(?:insert|delete|truncate|drop|alter|create)/
const LONGEST = 50_000
const MOST_JOINED = 60

/** Literals that are SQL; those joined by `+`, `.` or by standing next to each other are one. Linear. */
export function sqlStrings(source: string, tokens: Tokens): SqlString[] {
  const found: SqlString[] = []
  for (let index = 0; index < tokens.length; index += 1) {
    const first = tokens[index]
    if (!isText(first) || first.text.length < 8) continue
    const keyword = START.exec(first.text)?.[1]
    if (keyword === undefined) continue
    const last = joinedEnd(tokens, index)
    const parts = tokens.slice(index, last + 1)
    const end = tokens[last]?.end ?? first.end
    index = last
    if (end - first.at > LONGEST) continue
    const text = sameLength(source, first.at, end, parts)
    const lower = keyword.toLowerCase()
    const upper = keyword === keyword.toUpperCase()
    if ((!upper && keyword !== lower) || SECOND[lower]?.test(text) !== true) continue
    const head = text.slice(0, 600)
    if (!upper && (PROSE.test(head) || !SIGNS_OF_SQL.test(head))) continue
    found.push({ text, at: first.at, sure: upper })
  }
  return found
}

/** Index of the last literal that belongs to the one at `from`. */
function joinedEnd(tokens: Tokens, from: number): number {
  let last = from
  for (let count = 0; count < MOST_JOINED; count += 1) {
    const next = tokens[last + 1]
    if (isText(next)) last += 1
    else if (isJoin(next)) {
      if (isText(tokens[last + 2])) last += 2
      else if (isWord(tokens[last + 2]) && isJoin(tokens[last + 3]) && isText(tokens[last + 4])) last += 4
      else break
    } else break
  }
  return last
}

function isJoin(token: SourceToken | undefined): boolean {
  return isSign(token, '+') || isSign(token, '.') || isSign(token, '\\')
}

/** The literals' own text; quotes, signs and values between them are spaces and question marks. */
function sameLength(source: string, at: number, end: number, parts: Tokens): string {
  let text = ''
  let reached = at
  for (const token of parts) {
    text += ' '.repeat(token.at - reached)
    const written = source.slice(token.at, token.end)
    if (token.kind === 'string') {
      const from = written.indexOf(token.text)
      text += from === -1 ? ' '.repeat(written.length) : blankValues(token.text, from, written.length)
    } else text += token.kind === 'word' ? `?${' '.repeat(written.length - 1)}` : ' '.repeat(written.length)
    reached = token.end
  }
  return text.padEnd(end - at)
}

/** Escapes become what they mean; `${value}`, `#{value}`, `{value}` become `?`. */
function blankValues(text: string, before: number, length: number): string {
  let result = ' '.repeat(before)
  let at = 0
  let quotes = 0
  while (at < text.length) {
    const char = text.charAt(at)
    const next = text.charAt(at + 1)
    const opens = (char === '$' || char === '#') && next === '{' ? 2 : char === '{' ? 1 : 0
    if (opens > 0) {
      let depth = 1
      let to = at + opens
      while (to < text.length && depth > 0) {
        if (text.charAt(to) === '{') depth += 1
        else if (text.charAt(to) === '}') depth -= 1
        to += 1
      }
      result += `?${' '.repeat(to - at - 1)}`
      at = to
    } else if (char === '\\' && next !== '') {
      if (next === '"' || next === '`' || next === "'") {
        quotes += 1
        result += quotes % 2 === 1 ? ` ${next}` : `${next} `
      } else result += next === '\n' ? ' \n' : '  '
      at += 2
    } else {
      result += char
      at += 1
    }
  }
  return result.padEnd(length)
}
