import type { Node } from 'web-tree-sitter'

/** One word of a command, as far as it can be known without running anything. */
export interface Word {
  /** Without quoting; pieces that are not known stand as `UNKNOWN_PIECE`. */
  readonly text: string
  /** `exact`: this text. `partly`: one word with unknown pieces. `open`: any number of words, or names of files that fit a pattern. */
  readonly kind: 'exact' | 'partly' | 'open'
  readonly raw: string
}

/** Object replacement character: no file of a program has it in its name by accident. */
export const UNKNOWN_PIECE = '\uFFFC'

interface Pieces {
  text: string
  /** The text with quoted characters blanked out: where braces and stars still mean something. */
  bare: string
  known: boolean
  splits: boolean
}

export function exactWord(text: string): Word {
  return { text, kind: 'exact', raw: text }
}

export function wordOf(node: Node): Word {
  return wordFrom(piecesOf(node), node.text)
}

/** The grammar splits some words: nodes that touch are one word for the shell. */
export function wordsOf(nodes: readonly Node[]): Word[] {
  const groups: Node[][] = []
  for (const node of nodes) {
    const group = groups.at(-1)
    if (group !== undefined && group.at(-1)?.endIndex === node.startIndex) group.push(node)
    else groups.push([node])
  }
  return groups.map((group) => {
    // `$"text"` is text to be translated.
    const parts = group.filter((node, index) => node.text !== '$' || group[index + 1]?.type !== 'string')
    return wordFrom(joined(parts.map(piecesOf)), group.map((node) => node.text).join(''))
  })
}

function wordFrom(pieces: Pieces, raw: string): Word {
  const expands = /[*?[]/u.test(pieces.bare) || (pieces.bare.includes('{') && /,|\.\./u.test(pieces.bare))
  // A piece that cannot be known may hold what a neighbouring quote or bracket makes of it.
  const kind = pieces.splits || expands ? 'open' : pieces.known && !pieces.text.includes(UNKNOWN_PIECE) ? 'exact' : 'partly'
  return { text: pieces.text, kind, raw }
}

function piecesOf(node: Node): Pieces {
  switch (node.type) {
    case 'word':
    case 'number':
    case 'variable_name':
    case 'command_name':
    case 'test_operator':
      return node.type === 'command_name' ? joined(node.children.map((child) => piecesOf(child))) : unquoted(node.text)
    case 'raw_string':
      return quoted(node.text.slice(1, -1))
    case 'ansi_c_string':
      return quoted(decodeAnsiC(node.text.slice(2, -1)))
    case 'string':
      return quotedString(node)
    case 'translated_string':
      return joined(node.namedChildren.map((child) => piecesOf(child)))
    case 'concatenation':
      return joined(node.children.map((child) => piecesOf(child)))
    case 'process_substitution':
    case 'arithmetic_expansion':
      return { text: UNKNOWN_PIECE, bare: '', known: false, splits: false }
    default:
      return node.isNamed ? { text: UNKNOWN_PIECE, bare: '', known: false, splits: true } : unquoted(node.text)
  }
}

function joined(parts: readonly Pieces[]): Pieces {
  return {
    text: parts.map(({ text }) => text).join(''),
    bare: parts.map(({ bare }) => bare).join(''),
    known: parts.every(({ known }) => known),
    splits: parts.some(({ splits }) => splits),
  }
}

function quoted(text: string): Pieces {
  return { text, bare: text.replace(/./gsu, 'x'), known: true, splits: false }
}

function unquoted(raw: string): Pieces {
  return {
    text: raw.replace(/\\\n/gu, '').replace(/\\(.)/gsu, '$1'),
    bare: raw.replace(/\\./gsu, 'x'),
    known: true,
    splits: false,
  }
}

/** The grammar leaves blanks at a string's ends out of its parts, so the text between the expansions is taken from the source. */
function quotedString(node: Node): Pieces {
  let text = ''
  let at = 1
  let splits = false
  const plain = (from: number, to: number): string =>
    node.text
      .slice(from, to)
      .replace(/\\\n/gu, '')
      .replace(/\\([\\"$`])/gu, '$1')
  for (const child of node.namedChildren) {
    if (child.type === 'string_content') continue
    const start = child.startIndex - node.startIndex
    text += plain(at, start) + UNKNOWN_PIECE
    at = child.endIndex - node.startIndex
    if (/^\$(?:@|\{(?:@|[^}]*\[@\]|!))/u.test(child.text)) splits = true
  }
  text += plain(at, node.text.length - 1)
  const known = !text.includes(UNKNOWN_PIECE)
  return { text, bare: '', known, splits }
}

const ANSI_C: Readonly<Record<string, string>> = {
  a: '\u0007',
  b: '\b',
  e: '\u001b',
  E: '\u001b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
}

function decodeAnsiC(text: string): string {
  return text.replace(
    /\\(?:x([0-9a-f]{1,2})|u([0-9a-f]{1,4})|U([0-9a-f]{1,8})|([0-7]{1,3})|c(.)|(.))/giu,
    (whole, hex: string, short: string, long: string, octal: string, control: string, plain: string) => {
      // The letters of \x, \u and \c are those of the shell: other cases are plain.
      if (whole.startsWith('\\X') || whole.startsWith('\\C')) return whole
      const code = hex ?? short ?? long
      if (code !== undefined) return characterOf(Number.parseInt(code, 16))
      if (octal !== undefined) return characterOf(Number.parseInt(octal, 8) & 0xff)
      if (control !== undefined) return characterOf((control.codePointAt(0) ?? 0) & 0x1f)
      return ANSI_C[plain] ?? plain
    },
  )
}

/** Bytes above 127 and what is no character at all cannot be told here. */
function characterOf(code: number): string {
  return code === 0 || code > 0x10ffff || (code > 0x7f && code < 0xa0) ? UNKNOWN_PIECE : String.fromCodePoint(code)
}
