export type TerminalPiece =
  { readonly kind: 'data'; readonly data: string } | { readonly kind: 'mark'; readonly letter: string; readonly fields: readonly string[] }

/** Longer than any mark that the shell integration writes. */
const MAX_MARK_CHARACTERS = 256

/**
 * Separates the shell integration's marks (`ESC ] 633 ; NONCE ; LETTER ; FIELDS BEL`) from what a terminal shows. Without the
 * session's nonce a mark is ordinary data, so output cannot forge one. Marks may be split over chunks; no more than one mark's
 * length of data is ever held back.
 */
export class TerminalMarks {
  readonly #prefix: string
  #held = ''

  constructor(nonce: string) {
    this.#prefix = `\x1b]633;${nonce};`
  }

  read(chunk: string): TerminalPiece[] {
    const pieces: TerminalPiece[] = []
    let text = this.#held + chunk
    this.#held = ''
    for (;;) {
      const start = text.indexOf(this.#prefix)
      if (start === -1) break
      const end = text.indexOf('\x07', start)
      const unfinished = end === -1 && text.length - start <= MAX_MARK_CHARACTERS
      if (unfinished) {
        this.#held = text.slice(start)
        text = text.slice(0, start)
        break
      }
      if (end === -1 || end - start > MAX_MARK_CHARACTERS) {
        addData(pieces, text.slice(0, start + this.#prefix.length))
        text = text.slice(start + this.#prefix.length)
        continue
      }
      addData(pieces, text.slice(0, start))
      const [letter = '', ...fields] = text.slice(start + this.#prefix.length, end).split(';')
      pieces.push({ kind: 'mark', letter, fields })
      text = text.slice(end + 1)
    }
    if (this.#held === '') {
      const split = this.#beginningOfPrefixAtEnd(text)
      this.#held = text.slice(text.length - split)
      text = text.slice(0, text.length - split)
    }
    addData(pieces, text)
    return pieces
  }

  #beginningOfPrefixAtEnd(text: string): number {
    for (let length = Math.min(this.#prefix.length - 1, text.length); length > 0; length -= 1) {
      if (text.endsWith(this.#prefix.slice(0, length))) return length
    }
    return 0
  }
}

function addData(pieces: TerminalPiece[], data: string): void {
  if (data !== '') pieces.push({ kind: 'data', data })
}
