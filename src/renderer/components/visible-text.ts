/** A run of text as it is, or one character that a reader would not see or that would change how the rest is read. */
export interface TextPiece {
  readonly text: string
  /** What a marked character is, such as "right-to-left override"; null for plain text. */
  readonly mark: string | null
}

const NAMES: Readonly<Record<number, string>> = {
  0x00: 'null',
  0x07: 'bell',
  0x08: 'backspace',
  0x0b: 'vertical tab',
  0x0c: 'form feed',
  0x0d: 'carriage return',
  0x1b: 'escape',
  0x7f: 'delete',
  0x85: 'next line',
  0x9b: 'control sequence introducer',
  0xa0: 'no-break space',
  0xad: 'soft hyphen',
  0x061c: 'Arabic letter mark',
  0x200b: 'zero width space',
  0x200c: 'zero width non-joiner',
  0x200d: 'zero width joiner',
  0x200e: 'left-to-right mark',
  0x200f: 'right-to-left mark',
  0x2028: 'line separator',
  0x2029: 'paragraph separator',
  0x202a: 'left-to-right embedding',
  0x202b: 'right-to-left embedding',
  0x202c: 'pop directional formatting',
  0x202d: 'left-to-right override',
  0x202e: 'right-to-left override',
  0x2066: 'left-to-right isolate',
  0x2067: 'right-to-left isolate',
  0x2068: 'first strong isolate',
  0x2069: 'pop directional isolate',
  0xfeff: 'byte order mark',
}

const SHORT: Readonly<Record<number, string>> = { 0x00: 'NUL', 0x07: 'BEL', 0x08: 'BS', 0x0d: 'CR', 0x1b: 'ESC', 0x7f: 'DEL' }

/**
 * Control and format characters, marks of direction, characters that are drawn as nothing, spaces that only look like one,
 * halves of pairs, and private characters whose look depends on the font. Line feed, tab and space are plain.
 */
const DECEIVING = /(?![\n\t ])[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}\p{Zs}\p{Default_Ignorable_Code_Point}]/u
const DECEIVING_ALL = new RegExp(DECEIVING.source, 'gu')

/** Splits text that somebody else wrote so that what cannot be seen is named: for places where a person decides by what they read. */
export function visiblePieces(text: string): TextPiece[] {
  const pieces: TextPiece[] = []
  let end = 0
  for (const found of text.matchAll(DECEIVING_ALL)) {
    if (found.index > end) pieces.push({ text: text.slice(end, found.index), mark: null })
    const code = found[0].codePointAt(0) ?? 0
    pieces.push({ text: SHORT[code] ?? hex(code), mark: NAMES[code] ?? 'invisible character' })
    end = found.index + found[0].length
  }
  if (end < text.length) pieces.push({ text: text.slice(end), mark: null })
  return pieces
}

/** The same in plain text: each such character as `<ESC>` or `<U+202E>`. */
export function visibleText(text: string): string {
  if (!DECEIVING.test(text)) return text
  return visiblePieces(text)
    .map((piece) => (piece.mark === null ? piece.text : `<${piece.text}>`))
    .join('')
}

function hex(code: number): string {
  return `U+${code.toString(16).toUpperCase().padStart(4, '0')}`
}
