/** A word, string, number or sign of a programming language, as far as all of them agree. Comments are left out. */
export interface SourceToken {
  readonly kind: 'word' | 'string' | 'number' | 'sign'
  /** Of a string what is in it, as written; places where values are put in stay as they are written. */
  readonly text: string
  readonly at: number
  readonly end: number
}

interface Dialect {
  readonly lineComments: readonly string[]
  readonly blockComments: boolean
  readonly quotes: string
  /** Strings over several lines within three quotes. */
  readonly triple: boolean
  /** Quotes within which nothing is escaped. */
  readonly raw: string
  /** Strings of all quotes go over lines. Elsewhere one that is not closed ends with its line. */
  readonly overLines: boolean
  readonly regularExpressions: boolean
}

const C_LIKE: Dialect = {
  lineComments: ['//'],
  blockComments: true,
  quotes: '"\'',
  triple: false,
  raw: '',
  overLines: false,
  regularExpressions: false,
}
const SCRIPT: Dialect = { ...C_LIKE, quotes: '"\'`', regularExpressions: true }
const HASH: Dialect = {
  lineComments: ['#'],
  blockComments: false,
  quotes: '"\'',
  triple: false,
  raw: '',
  overLines: false,
  regularExpressions: false,
}
const DIALECTS: Readonly<Record<string, Dialect>> = {
  ...Object.fromEntries(['js', 'jsx', 'mjs', 'cjs', 'ts', 'tsx', 'mts', 'cts', 'vue', 'svelte', 'astro'].map((ending) => [ending, SCRIPT])),
  ...Object.fromEntries(['py', 'pyi', 'pyw'].map((ending) => [ending, { ...HASH, triple: true }])),
  ...Object.fromEntries(
    ['rb', 'rake', 'gemspec', 'ru', 'pl', 'pm', 'ex', 'exs', 'r'].map((ending) => [ending, { ...HASH, overLines: true }]),
  ),
  ...Object.fromEntries(['sh', 'bash', 'zsh', 'ksh'].map((ending) => [ending, { ...HASH, overLines: true }])),
  go: { ...C_LIKE, quotes: '"`', raw: '`' },
  rs: { ...C_LIKE, quotes: '"', overLines: true },
  php: { ...C_LIKE, lineComments: ['//', '#'], overLines: true },
  ...Object.fromEntries(
    ['java', 'kt', 'kts', 'scala', 'groovy', 'gradle', 'swift', 'dart', 'cs'].map((ending) => [ending, { ...C_LIKE, triple: true }]),
  ),
  ...Object.fromEntries(['c', 'h', 'cc', 'cpp', 'cxx', 'hpp', 'hh', 'hxx', 'm', 'mm'].map((ending) => [ending, C_LIKE])),
}

/** A longer literal is data that was put into source. */
const LONGEST_STRING = 100_000
const WORD_START = /[A-Za-z_$\u0080-\uffff]/
const WORD = /[\w$\u0080-\uffff]*/y
const NUMBER = /[\w.]*/y
const BEFORE_EXPRESSION = new Set([
  'return',
  'typeof',
  'case',
  'in',
  'of',
  'delete',
  'void',
  'throw',
  'new',
  'else',
  'do',
  'await',
  'yield',
])

export function endingOf(path: string): string {
  const name = path.slice(path.lastIndexOf('/') + 1)
  const dot = name.lastIndexOf('.')
  return dot === -1 ? '' : name.slice(dot + 1).toLowerCase()
}

/** True for files whose text `sourceTokens` can take apart. */
export function isSource(path: string): boolean {
  return Object.hasOwn(DIALECTS, endingOf(path))
}

let last: { readonly path: string; readonly text: string; readonly tokens: readonly SourceToken[] } | null = null

/** Linear in the text. The tokens of the file that was asked for last are kept: several readers look at each file in turn. */
export function sourceTokens(path: string, text: string): readonly SourceToken[] {
  if (last?.text === text && last.path === path) return last.tokens
  const tokens = tokenise(text, DIALECTS[endingOf(path)] ?? C_LIKE)
  last = { path, text, tokens }
  return tokens
}

function tokenise(text: string, dialect: Dialect): SourceToken[] {
  const tokens: SourceToken[] = []
  let at = 0
  const push = (kind: SourceToken['kind'], from: number, to: number, value: string): void => {
    tokens.push({ kind, text: value, at: from, end: to })
  }
  while (at < text.length) {
    const char = text.charAt(at)
    if (char === ' ' || char === '\n' || char === '\t' || char === '\r') {
      at += 1
    } else if (dialect.lineComments.some((comment) => text.startsWith(comment, at)) && !isHashInWord(text, at)) {
      at = lineEnd(text, at)
    } else if (dialect.blockComments && char === '/' && text.charAt(at + 1) === '*') {
      const to = text.indexOf('*/', at + 2)
      at = to === -1 ? text.length : to + 2
    } else if (dialect.quotes.includes(char)) {
      const marks = dialect.triple && text.startsWith(char.repeat(3), at) ? 3 : 1
      const inner = at + marks
      const to = stringEnd(text, inner, char, marks, dialect)
      const close = to.closed ? to.at - marks : to.at
      push('string', at, to.at, close - inner > LONGEST_STRING ? '' : text.slice(inner, close))
      at = to.at
    } else if (WORD_START.test(char)) {
      WORD.lastIndex = at
      const word = WORD.exec(text)?.[0] ?? char
      push('word', at, at + word.length, word)
      at += Math.max(1, word.length)
    } else if (char >= '0' && char <= '9') {
      NUMBER.lastIndex = at
      const number = NUMBER.exec(text)?.[0] ?? char
      push('number', at, at + number.length, number)
      at += Math.max(1, number.length)
    } else if (char === '/' && dialect.regularExpressions && isExpressionStart(tokens.at(-1))) {
      const to = regularExpressionEnd(text, at)
      push('sign', at, to, '/')
      at = to
    } else {
      push('sign', at, at + 1, char)
      at += 1
    }
  }
  return tokens
}

/** `$#` and `${#array}` of shells, `#{value}` of Ruby outside of strings. */
function isHashInWord(text: string, at: number): boolean {
  return text.charAt(at) === '#' && (text.charAt(at - 1) === '$' || text.charAt(at - 1) === '{' || text.charAt(at + 1) === '[')
}

function lineEnd(text: string, at: number): number {
  const to = text.indexOf('\n', at)
  return to === -1 ? text.length : to
}

function stringEnd(
  text: string,
  from: number,
  quote: string,
  marks: number,
  dialect: Dialect,
): { readonly at: number; readonly closed: boolean } {
  const close = quote.repeat(marks)
  const raw = dialect.raw.includes(quote)
  const overLines = dialect.overLines || marks === 3 || quote === '`'
  let at = from
  while (at < text.length) {
    const char = text.charAt(at)
    if (char === '\\' && !raw) at += 2
    else if (char === quote && (marks === 1 || text.startsWith(close, at))) return { at: at + marks, closed: true }
    else if (char === '\n' && !overLines) return { at, closed: false }
    else at += 1
  }
  return { at: text.length, closed: false }
}

function isExpressionStart(before: SourceToken | undefined): boolean {
  if (before === undefined) return true
  if (before.kind === 'word') return BEFORE_EXPRESSION.has(before.text)
  return before.kind === 'sign' && !')]}'.includes(before.text)
}

function regularExpressionEnd(text: string, from: number): number {
  let at = from + 1
  let inClass = false
  while (at < text.length) {
    const char = text.charAt(at)
    if (char === '\\') at += 2
    else if (char === '\n') return from + 1
    else if (char === '/' && !inClass) return at + 1
    else {
      if (char === '[') inClass = true
      else if (char === ']') inClass = false
      at += 1
    }
  }
  return from + 1
}
