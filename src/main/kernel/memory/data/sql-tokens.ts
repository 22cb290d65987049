/** A word, name, string, number or sign of SQL. Of strings nothing but the place is kept: they may hold data of people. */
export interface SqlToken {
  readonly kind: 'word' | 'quoted' | 'string' | 'number' | 'sign'
  /** Of a quoted name what is in the quotes. */
  readonly text: string
  /** Upper case of a word or sign, '' for everything else: what keywords are compared with. */
  readonly upper: string
  readonly at: number
  readonly end: number
}

export interface SqlStatement {
  readonly tokens: readonly SqlToken[]
  readonly at: number
  readonly end: number
  /** In a part that undoes a migration (`-- +goose Down`, `-- migrate:down`). */
  readonly undo: boolean
}

const SPACE = /\s/
const WORD_START = /[A-Za-z_\u0080-\uffff#@]/
const WORD = /[\w$#@\u0080-\uffff]*/y
const NUMBER = /[\d.]+(?:[eE][+-]?\d+)?/y
const DOLLAR = /\$(?:[A-Za-z_]\w{0,60})?\$/y
const DOWN = /^--\s{0,4}(?:\+goose\s+down|migrate:down|\+migrate\s+down|down(?:\s+migration)?\s{0,4}$)/i
const UP = /^--\s{0,4}(?:\+goose\s+up|migrate:up|\+migrate\s+up|up(?:\s+migration)?\s{0,4}$)/i
const DELIMITER = /delimiter[ \t]+(\S{1,10})[^\n]*/iy
const GO = /go[ \t]*(?:\r?\n|$)/iy
/** More of one statement is data, not schema. */
const MOST_TOKENS = 60_000

/** Statements of a text of SQL in any dialect, comments, `GO`, `DELIMITER`, the lines of psql and the rows of `COPY` left out. Linear. */
export function sqlStatements(text: string): SqlStatement[] {
  const statements: SqlStatement[] = []
  const backslashes = text.includes('`') || /\bENGINE\s?=/i.test(text)
  let tokens: SqlToken[] = []
  let at = 0
  let undo = false
  let delimiter: string | null = null
  const end = (): void => {
    const [first] = tokens
    const last = tokens.at(-1)
    if (first !== undefined && last !== undefined) statements.push({ tokens, at: first.at, end: last.end, undo })
    tokens = []
  }
  const push = (kind: SqlToken['kind'], from: number, to: number, value: string): void => {
    if (tokens.length < MOST_TOKENS)
      tokens.push({ kind, text: value, upper: kind === 'word' || kind === 'sign' ? value.toUpperCase() : '', at: from, end: to })
  }
  while (at < text.length) {
    const char = text.charAt(at)
    if (SPACE.test(char)) {
      at += 1
      continue
    }
    const lineStart = at === 0 || text.charAt(at - 1) === '\n'
    if (text.startsWith('--', at) || (char === '#' && backslashes)) {
      const to = lineEnd(text, at)
      const comment = text.slice(at, Math.min(to, at + 80))
      if (UP.test(comment) || DOWN.test(comment)) {
        end()
        undo = DOWN.test(comment)
      }
      at = to
    } else if (text.startsWith('/*!', at)) at += 3 + (/\d*/.exec(text.slice(at + 3, at + 10))?.[0].length ?? 0)
    else if (text.startsWith('*/', at)) at += 2
    else if (text.startsWith('/*', at)) {
      const to = text.indexOf('*/', at + 2)
      at = to === -1 ? text.length : to + 2
    } else if (delimiter !== null && text.startsWith(delimiter, at)) {
      end()
      at += delimiter.length
    } else if (char === ';') {
      const copied = isCopyFromInput(tokens)
      end()
      at += 1
      if (copied) {
        const stop = text.indexOf('\n\\.', at)
        at = stop === -1 ? text.length : lineEnd(text, stop + 1)
      }
    } else if (lineStart && char === '\\') at = lineEnd(text, at)
    else if (char === "'") {
      const escapes = backslashes || tokens.at(-1)?.end === at
      const to = quoteEnd(text, at, "'", escapes)
      push('string', at, to, '')
      at = to
    } else if (char === '"' || char === '`' || (char === '[' && isBracketName(text, at))) {
      const close = char === '[' ? ']' : char
      const to = quoteEnd(text, at, close, false)
      push('quoted', at, to, text.slice(at + 1, to - 1))
      at = to
    } else if (char === '$' && delimiter === null && matchAt(DOLLAR, text, at) !== null) {
      const tag = matchAt(DOLLAR, text, at)?.[0] ?? ''
      const to = text.indexOf(tag, at + tag.length)
      const stop = to === -1 ? text.length : to + tag.length
      push('string', at, stop, '')
      at = stop
    } else if (WORD_START.test(char)) {
      const directive = lineStart ? matchAt(DELIMITER, text, at) : null
      const go = lineStart ? matchAt(GO, text, at) : null
      if (directive !== null) {
        end()
        delimiter = directive[1] === ';' ? null : (directive[1] ?? null)
        at += directive[0].length
      } else if (go !== null) {
        end()
        at += go[0].length
      } else {
        const word = matchAt(WORD, text, at)?.[0] ?? char
        push('word', at, at + word.length, word)
        at += word.length
      }
    } else if (char >= '0' && char <= '9') {
      const number = matchAt(NUMBER, text, at)?.[0] ?? char
      push('number', at, at + number.length, number)
      at += number.length
    } else {
      push('sign', at, at + 1, char)
      at += 1
    }
  }
  end()
  return statements
}

export function lineEnd(text: string, at: number): number {
  const to = text.indexOf('\n', at)
  return to === -1 ? text.length : to
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at
  return pattern.exec(text)
}

/** Behind the closing quote; a doubled quote is one that belongs to the text. */
function quoteEnd(text: string, at: number, close: string, backslashes: boolean): number {
  let to = at + 1
  while (to < text.length) {
    const char = text.charAt(to)
    if (char === '\\' && backslashes) to += 2
    else if (char !== close) to += 1
    else if (text.charAt(to + 1) === close) to += 2
    else return to + 1
  }
  return text.length
}

/** `[Order Details]` of SQL Server, but not `integer[]` or `tags[1]`. */
function isBracketName(text: string, at: number): boolean {
  const before = text.charAt(at - 1)
  return /[A-Za-z_]/.test(text.charAt(at + 1)) && !/[\w\])]/.test(before)
}

function isCopyFromInput(tokens: readonly SqlToken[]): boolean {
  return tokens[0]?.upper === 'COPY' && tokens.some((token) => token.upper === 'STDIN')
}
