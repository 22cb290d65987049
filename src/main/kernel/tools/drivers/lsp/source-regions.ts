/** Where comments and strings of a source file lie; everything else is code. */
export interface SourceRegion {
  readonly from: number
  readonly to: number
  readonly kind: 'comment' | 'doc' | 'string'
}

interface Lexis {
  readonly lineComments: readonly string[]
  readonly blockComments: boolean
  /** Block comments within block comments count. */
  readonly nested: boolean
  readonly docs: RegExp
  /** Quotes of strings that end with their line. */
  readonly quotes: string
  /** Quotes of strings over several lines. */
  readonly longQuotes: readonly string[]
  /** Code inside a long string: `${`. */
  readonly interpolation: boolean
}

const C_LIKE: Lexis = {
  lineComments: ['//'],
  blockComments: true,
  nested: false,
  docs: /^(?:\/\*\*(?!\/)|\/\*!|\/\/\/(?!\/)|\/\/!)/,
  quotes: '"\'',
  longQuotes: [],
  interpolation: false,
}
const LEXES: Readonly<Record<string, Lexis>> = {
  typescript: { ...C_LIKE, longQuotes: ['`'], interpolation: true },
  go: { ...C_LIKE, longQuotes: ['`'], docs: /^(?!)/ },
  // A quote alone is a lifetime more often than a character.
  rust: { ...C_LIKE, nested: true, quotes: '', longQuotes: ['"'] },
  python: {
    lineComments: ['#'],
    blockComments: false,
    nested: false,
    docs: /^(?:"""|''')/,
    quotes: '"\'',
    longQuotes: ['"""', "'''"],
    interpolation: false,
  },
  c: C_LIKE,
}
const OTHER: Lexis = { ...C_LIKE, lineComments: ['//', '#', '--'] }

/** The part of a language id that says how sources are written. */
export function lexicalFamily(languageId: string): string {
  if (/^(?:typescript|javascript)/.test(languageId)) return 'typescript'
  if (/^(?:c|cpp|objective-c|objective-cpp)$/.test(languageId)) return 'c'
  return languageId
}

/** One pass over the text; what is not closed ends with its line or, where it may be longer, with the file. */
export function sourceRegions(text: string, languageId: string): SourceRegion[] {
  const lexis = LEXES[lexicalFamily(languageId)] ?? OTHER
  const regions: SourceRegion[] = []
  // Depth of braces in each open interpolation, innermost last.
  const interpolations: number[] = []
  let at = 0
  const add = (to: number, kind: SourceRegion['kind']): void => {
    const end = Math.min(to, text.length)
    regions.push({ from: at, to: end, kind: lexis.docs.test(text.slice(at, at + 4)) ? 'doc' : kind })
    at = end
  }
  const interesting = /["'`/#\-{}]/g
  for (;;) {
    interesting.lastIndex = at
    const found = interesting.exec(text)
    if (found === null) return regions
    at = found.index
    const rest = text.slice(at, at + 3)
    const long = lexis.longQuotes.find((quote) => rest.startsWith(quote))
    if (lexis.lineComments.some((mark) => rest.startsWith(mark))) add(lineEnd(text, at), 'comment')
    else if (lexis.blockComments && rest.startsWith('/*')) add(blockEnd(text, at, lexis.nested), 'comment')
    else if (long !== undefined) {
      const end = longEnd(text, at + long.length, long, lexis.interpolation)
      add(end.at, 'string')
      if (end.interpolates) interpolations.push(0)
    } else if (lexis.quotes.includes(text.charAt(at))) add(quoteEnd(text, at), 'string')
    else {
      const depth = interpolations.at(-1)
      if (depth !== undefined && text[at] === '{') interpolations[interpolations.length - 1] = depth + 1
      if (depth !== undefined && text[at] === '}') {
        if (depth > 0) interpolations[interpolations.length - 1] = depth - 1
        else {
          interpolations.pop()
          const end = longEnd(text, at + 1, '`', true)
          add(end.at, 'string')
          if (end.interpolates) interpolations.push(0)
          continue
        }
      }
      at += 1
    }
  }
}

function lineEnd(text: string, from: number): number {
  const end = text.indexOf('\n', from)
  return end < 0 ? text.length : end
}

function blockEnd(text: string, from: number, nested: boolean): number {
  let depth = 0
  const marks = /\/\*|\*\//g
  marks.lastIndex = from
  for (let mark = marks.exec(text); mark !== null; mark = marks.exec(text)) {
    if (mark[0] === '/*') depth = nested ? depth + 1 : 1
    else depth -= 1
    if (depth === 0) return marks.lastIndex
  }
  return text.length
}

function quoteEnd(text: string, from: number): number {
  const quote = text[from]
  for (let at = from + 1; at < text.length; at++) {
    if (text[at] === '\\') at += 1
    else if (text[at] === quote) return at + 1
    else if (text[at] === '\n') return at
  }
  return text.length
}

function longEnd(text: string, from: number, quote: string, interpolation: boolean): { at: number; interpolates: boolean } {
  for (let at = from; at < text.length; at++) {
    if (text[at] === '\\') at += 1
    else if (text.startsWith(quote, at)) return { at: at + quote.length, interpolates: false }
    else if (interpolation && text.startsWith('${', at)) return { at: at + 2, interpolates: true }
  }
  return { at: text.length, interpolates: false }
}
