import { sevenBit } from './plain-text'

/** Longest beginning of a sequence that is held back to be read with what follows. */
const MAX_HELD = 64

const SEQUENCE =
  // eslint-disable-next-line no-control-regex
  /\x1b\[\?([\d;]+)([hl])|\x1b\[(\d*);?(\d*)r|\x1b\[4([hl])|\x1b([=>])|\x1b[(]([0-9A-B])|\x1b(c)|([\x0e\x0f])|(\x1b[\]PX^_])|(\x07|\x1b\\|\x18|\x1a)/g
// eslint-disable-next-line no-control-regex
const UNFINISHED = /\x1b(?:\[[?\d;]*|\()?$/

/** Modes whose ordinary state is on. */
const ON_BY_DEFAULT = new Set(['7', '25'])
/** Readline's own at every prompt. */
const NOT_OURS = new Set(['2004'])
const ALTERNATE_SCREENS = new Set(['47', '1047', '1049'])
const MODES = new Set([
  '1',
  '5',
  '6',
  '7',
  '9',
  '25',
  '45',
  '66',
  '1000',
  '1001',
  '1002',
  '1003',
  '1004',
  '1005',
  '1006',
  '1007',
  '1015',
  '1016',
  '2026',
  ...ALTERNATE_SCREENS,
])

/**
 * Follows what a program's output does to a terminal and says how to undo what it left behind: alternate screens, mouse reporting, a
 * hidden cursor, scrolling margins, other character sets, control strings without an end. Bounded memory.
 */
export class TerminalModes {
  #held = ''
  readonly #modes = new Map<string, boolean>()
  #margins = false
  #charset = false
  #insert = false
  #keypad = false
  #inString = false

  read(data: string): void {
    let text = this.#held + sevenBit(data)
    this.#held = ''
    const unfinished = UNFINISHED.exec(text)
    if (unfinished !== null && text.length - unfinished.index <= MAX_HELD) {
      this.#held = text.slice(unfinished.index)
      text = text.slice(0, unfinished.index)
    }
    if (!this.#inString && !MAY_MATTER.test(text)) return
    for (const [, modes, onOff, top, bottom, insert, keypad, charset, reset, shift, string, end] of text.matchAll(SEQUENCE)) {
      if (end !== undefined) this.#inString = false
      else if (string !== undefined) this.#inString = true
      else if (this.#inString) continue
      else if (modes !== undefined) for (const mode of modes.split(';')) this.#set(mode, onOff === 'h')
      else if (insert !== undefined) this.#insert = insert === 'h'
      else if (keypad !== undefined) this.#keypad = keypad === '='
      else if (charset !== undefined) this.#charset = charset !== 'B'
      else if (shift !== undefined) this.#charset = shift === '\x0e'
      else if (reset !== undefined) this.#forget()
      else this.#margins = `${top ?? ''}${bottom ?? ''}` !== ''
    }
  }

  /** What puts the terminal back; empty when there is nothing to undo. Forgets it. */
  undo(): string {
    let sequence = this.#inString || this.#held !== '' ? '\x18' : ''
    this.#held = ''
    const moved = this.#margins || this.#modes.has('6')
    for (const [mode, on] of this.#modes) sequence += `\x1b[?${mode}${on ? 'l' : 'h'}`
    if (this.#margins) sequence += '\x1b[r'
    if (this.#charset) sequence += '\x0f\x1b(B'
    if (this.#insert) sequence += '\x1b[4l'
    if (this.#keypad) sequence += '\x1b>'
    // Both put the cursor into a corner, over what is there.
    if (moved) sequence += '\x1b[9999;1H\r\n'
    this.#forget()
    return sequence
  }

  #set(mode: string, on: boolean): void {
    if (NOT_OURS.has(mode) || !MODES.has(mode)) return
    if (on === ON_BY_DEFAULT.has(mode)) this.#modes.delete(mode)
    else this.#modes.set(mode, on)
  }

  #forget(): void {
    this.#modes.clear()
    this.#margins = this.#charset = this.#insert = this.#keypad = this.#inString = false
  }
}

// eslint-disable-next-line no-control-regex
const MAY_MATTER = /[\x1b\x0e\x0f]/
