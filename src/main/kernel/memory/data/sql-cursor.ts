import { foldedName, sqlName } from './sql-changes'
import type { SqlName } from './sql-changes'
import type { SqlToken } from './sql-tokens'

/** Walks over the tokens of a statement; never beyond its end. */
export class SqlCursor {
  readonly tokens: readonly SqlToken[]
  at: number

  constructor(tokens: readonly SqlToken[], at = 0) {
    this.tokens = tokens
    this.at = at
  }

  get done(): boolean {
    return this.at >= this.tokens.length
  }

  peek(offset = 0): SqlToken | undefined {
    return this.tokens[this.at + offset]
  }

  /** True and past them when the next words are these. */
  take(...words: readonly string[]): boolean {
    for (const [index, word] of words.entries()) if (this.peek(index)?.upper !== word) return false
    this.at += words.length
    return true
  }

  takeAny(words: ReadonlySet<string>): boolean {
    const next = this.peek()?.upper ?? ''
    if (next === '' || !words.has(next)) return false
    this.at += 1
    return true
  }

  /** A name of up to four parts joined by dots. */
  name(): SqlName | null {
    const parts: string[] = []
    const at = this.peek()?.at ?? 0
    while (parts.length < 4) {
      const token = this.peek()
      if (token === undefined || (token.kind !== 'word' && token.kind !== 'quoted') || token.text === '') break
      parts.push(foldedName(token.text, token.kind === 'quoted'))
      this.at += 1
      if (this.peek()?.text !== '.' || this.peek()?.kind !== 'sign') break
      this.at += 1
    }
    return parts.length === 0 ? null : sqlName(parts, at)
  }

  /** Tokens within the parentheses that open here, and behind them. */
  group(): readonly SqlToken[] {
    const from = this.at + 1
    this.skipGroup()
    return this.tokens.slice(from, Math.max(from, this.at - 1))
  }

  skipGroup(): void {
    let depth = 0
    while (!this.done) {
      const upper = this.peek()?.upper
      this.at += 1
      if (upper === '(') depth += 1
      else if (upper === ')') {
        depth -= 1
        if (depth <= 0) return
      }
    }
  }
}

/** Parts between the commas that are in no parentheses. */
export function splitByComma(tokens: readonly SqlToken[]): SqlToken[][] {
  const parts: SqlToken[][] = []
  let part: SqlToken[] = []
  let depth = 0
  for (const token of tokens) {
    if (token.upper === '(') depth += 1
    else if (token.upper === ')') depth -= 1
    if (token.upper === ',' && depth === 0) {
      parts.push(part)
      part = []
    } else part.push(token)
  }
  if (part.length > 0) parts.push(part)
  return parts
}

/** First names of each part of a list: `(lower(email), name DESC, id)` gives name and id. */
export function columnList(tokens: readonly SqlToken[]): string[] {
  return splitByComma(tokens).flatMap((part) => {
    const [first, second] = part
    if (first === undefined || (first.kind !== 'word' && first.kind !== 'quoted')) return []
    return second?.upper === '(' && !/^\d*$/.test(part[2]?.text ?? '') ? [] : [foldedName(first.text, first.kind === 'quoted')]
  })
}
