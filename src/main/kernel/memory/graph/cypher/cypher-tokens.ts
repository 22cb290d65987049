import { cypherFailure } from './cypher-failure'

export interface Token {
  readonly is: 'name' | 'number' | 'string' | 'parameter' | 'symbol' | 'end'
  /** As written; of a string or a quoted name what is between the quotes, escapes resolved. */
  readonly text: string
  /** Upper case, for names that are not quoted; '' for all else. */
  readonly word: string
  readonly at: number
  readonly end: number
}

const SPACE = /(?:\s+|\/\/[^\n]*|\/\*[\s\S]*?\*\/)+/y
const NAME = /[\p{L}_][\p{L}\p{N}_]*/uy
const NUMBER = /(?:\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)/y
const SYMBOL = /<=|>=|<>|!=|=~|\+=|\.\.|[-+*/%^=<>()[\]{},.:;|&!]/y
const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', b: '\b', f: '\f', '\\': '\\', "'": "'", '"': '"', '`': '`' }

/** Throws `cypher.syntax` for what is no token. */
export function tokensOf(source: string): Token[] {
  const tokens: Token[] = []
  let at = 0
  const match = (pattern: RegExp): string | null => {
    pattern.lastIndex = at
    return pattern.exec(source)?.[0] ?? null
  }
  for (;;) {
    at += match(SPACE)?.length ?? 0
    const start = at
    const first = source[at]
    if (first === undefined) break
    if (first === "'" || first === '"' || first === '`') {
      const quoted = readQuoted(source, at, first)
      at = quoted.end
      tokens.push({ is: first === '`' ? 'name' : 'string', text: quoted.text, word: '', at: start, end: at })
      continue
    }
    const name = match(NAME)
    // `1..5` is a range: the number ends before its dots.
    const number = name === null && !source.startsWith('..', at) ? match(NUMBER) : null
    const found = name ?? number ?? match(SYMBOL)
    if (first === '$') {
      at += 1
      const parameter = match(NAME)
      if (parameter === null)
        throw cypherFailure(source, { code: 'syntax', message: 'a parameter has a name, as $name.', at: start, expected: 'a name' })
      at += parameter.length
      tokens.push({ is: 'parameter', text: parameter, word: '', at: start, end: at })
      continue
    }
    if (found === null)
      throw cypherFailure(source, {
        code: 'syntax',
        message: `${JSON.stringify(String.fromCodePoint(source.codePointAt(at) ?? 0))} has no meaning here.`,
        at,
      })
    at += found.length
    const is = name !== null ? 'name' : number !== null ? 'number' : 'symbol'
    tokens.push({ is, text: found, word: name === null ? '' : name.toUpperCase(), at: start, end: at })
  }
  tokens.push({ is: 'end', text: '', word: '', at: source.length, end: source.length })
  return tokens
}

function readQuoted(source: string, start: number, quote: string): { text: string; end: number } {
  let text = ''
  for (let at = start + 1; at < source.length; at += 1) {
    const char = source[at] ?? ''
    if (char === quote) {
      if (quote !== '`' || source[at + 1] !== '`') return { text, end: at + 1 }
      text += '`'
      at += 1
    } else if (char === '\\' && quote !== '`') {
      at += 1
      const escape = source[at] ?? ''
      const code = escape === 'u' ? /^[0-9a-fA-F]{4}/.exec(source.slice(at + 1, at + 5))?.[0] : undefined
      if (code !== undefined) {
        text += String.fromCharCode(Number.parseInt(code, 16))
        at += 4
      } else {
        // A pattern is often written with single backslashes, as '\d+': kept as it is.
        text += ESCAPES[escape] ?? `\\${escape}`
      }
    } else text += char
  }
  throw cypherFailure(source, {
    code: 'syntax',
    message: `the ${quote === '`' ? 'name' : 'text'} that starts here has no closing ${quote}`,
    at: start,
    expected: quote,
  })
}
