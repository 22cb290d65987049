import type { SourceToken } from './source-tokens'

/** Groups are followed as far as this; what is longer is data. */
const FARTHEST = 1_000

export type Tokens = readonly SourceToken[]

export function isSign(token: SourceToken | undefined, sign: string): boolean {
  return token?.kind === 'sign' && token.text === sign
}

export function isWord(token: SourceToken | undefined, word?: string): token is SourceToken {
  return token?.kind === 'word' && (word === undefined || token.text === word)
}

export function isText(token: SourceToken | undefined): token is SourceToken {
  return token?.kind === 'string'
}

/** Index of the sign that closes the group that opens at `open`; the last token that was looked at when none does. */
export function closing(tokens: Tokens, open: number): number {
  let depth = 0
  const end = Math.min(tokens.length, open + FARTHEST)
  for (let at = open; at < end; at += 1) {
    const token = tokens[at]
    if (token?.kind !== 'sign') continue
    if (token.text === '(' || token.text === '[' || token.text === '{') depth += 1
    else if (token.text === ')' || token.text === ']' || token.text === '}') {
      depth -= 1
      if (depth === 0) return at
    }
  }
  return Math.max(open, end - 1)
}

/** Index of the sign that opens the group that closes at `close`. */
export function opening(tokens: Tokens, close: number): number {
  let depth = 0
  const end = Math.max(0, close - FARTHEST)
  for (let at = close; at >= end; at -= 1) {
    const token = tokens[at]
    if (token?.kind !== 'sign') continue
    if (token.text === ')' || token.text === ']' || token.text === '}') depth += 1
    else if (token.text === '(' || token.text === '[' || token.text === '{') {
      depth -= 1
      if (depth === 0) return at
    }
  }
  return end
}

const MOST_CALLS = 40

/** Names of the methods called on what stands at `at` (a word or a closing sign): of `db('users').where(x).del()` after the first group `where`, `del`. */
export function callsAfter(tokens: Tokens, at: number): string[] {
  const found: string[] = []
  let next = at + 1
  while (found.length < MOST_CALLS) {
    if (isSign(tokens[next], '?') || isSign(tokens[next], '!')) next += 1
    const arrow = isSign(tokens[next], '-') && isSign(tokens[next + 1], '>')
    if (!isSign(tokens[next], '.') && !arrow) break
    const word = tokens[next + (arrow ? 2 : 1)]
    if (!isWord(word)) break
    next += arrow ? 3 : 2
    found.push(word.text)
    if (isSign(tokens[next], '(')) next = closing(tokens, next) + 1
  }
  return found
}

/** Names in the chain that leads to the word at `at`: of `db.select().from` before `from` it is `select`, `db`. */
export function chainBefore(tokens: Tokens, at: number): string[] {
  const found: string[] = []
  let before = at - 1
  while (found.length < MOST_CALLS) {
    if (isSign(tokens[before], '>') && isSign(tokens[before - 1], '-')) before -= 2
    else if (isSign(tokens[before], ':') && isSign(tokens[before - 1], ':')) before -= 2
    else if (isSign(tokens[before], '.')) before -= 1
    else break
    if (isSign(tokens[before], '?') || isSign(tokens[before], '!')) before -= 1
    if (isSign(tokens[before], ')')) before = opening(tokens, before) - 1
    const word = tokens[before]
    if (!isWord(word)) break
    found.push(word.text)
    before -= 1
  }
  return found
}

/** Indexes at which the arguments of the call start whose parenthesis opens at `open`. */
export function argumentStarts(tokens: Tokens, open: number): number[] {
  const end = closing(tokens, open)
  const starts: number[] = []
  let at = open + 1
  if (at < end) starts.push(at)
  while (at < end) {
    const token = tokens[at]
    if (isSign(token, '(') || isSign(token, '[') || isSign(token, '{')) at = closing(tokens, at) + 1
    else {
      if (isSign(token, ',') && at + 1 < end) starts.push(at + 1)
      at += 1
    }
  }
  return starts
}
