import { setImmediate } from 'node:timers/promises'
import xterm from '@xterm/headless'

const SLICE_CHARACTERS = 16 * 1024
const DRAWN_CHARACTERS = 16 * 1024
const WRITTEN_CHARACTERS = 4 * 1024
const SCREEN_ROWS = 50
const ROWS_AT_ONCE = 500

const LINE_ENDINGS = /\r+\n/g

// CSI, OSC, DCS and other strings, two-character sequences and stray control characters; not tab, LF.
// eslint-disable-next-line no-control-regex
const ESCAPES = /\x1b\[[0-?]*[ -/]*[@-~]|\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\|$)|\x1b[ -/]*[0-~]|[\x00-\x08\x0b-\x1f\x7f]/g
// What only changes colours or modes, or ends a line: the text is the same without it.
// eslint-disable-next-line no-control-regex
const HARMLESS = /\x1b\[[0-9;:]*m|\x1b\[\?[0-9;]*[hl]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[()][0-9A-B]|\x1b[=>]|\r+\n|\x07/g
// eslint-disable-next-line no-control-regex
const MOVES_CURSOR = /[\x08\x0b\x0c\r\x1b]/
const SWITCHES_SCREEN = '\x1b[?1049h'

// eslint-disable-next-line no-control-regex
const EIGHT_BIT_CONTROLS = /[\x80-\x9f]/g

/** The same with 8-bit control characters as the two characters that they stand for. */
export function sevenBit(text: string): string {
  return text.replace(EIGHT_BIT_CONTROLS, (control) => `\x1b${String.fromCharCode(control.charCodeAt(0) - 0x40)}`)
}

/**
 * Terminal output as a person would read it off the screen: colours gone, progress lines as they ended, lines that the terminal
 * wrapped joined. Output that moves the cursor is drawn on a terminal of `cols` columns, some thousand lines at a time; a full-screen
 * program leaves what the main screen shows. Trailing blanks of drawn lines are lost. Yields to the event loop every few milliseconds.
 */
export async function toPlainText(printed: string, cols: number): Promise<string> {
  const output = sevenBit(printed)
  const slices = inSlices(output, SLICE_CHARACTERS)
  for (const slice of slices) {
    if (MOVES_CURSOR.test(slice.replace(HARMLESS, '')) || slice.includes(SWITCHES_SCREEN)) return await drawAll(output, cols)
    await setImmediate()
  }
  const plain: string[] = []
  for (const slice of slices) {
    plain.push(slice.replace(LINE_ENDINGS, '\n').replace(ESCAPES, ''))
    await setImmediate()
  }
  return plain.join('')
}

/** Parts of `length` and up to the end of the line, so that a line is never in two. */
function inSlices(text: string, length: number): string[] {
  const slices: string[] = []
  for (let start = 0; start < text.length;) {
    const lineEnd = text.indexOf('\n', start + length)
    const end = lineEnd === -1 ? text.length : lineEnd + 1
    slices.push(text.slice(start, end))
    start = end
  }
  return slices
}

async function drawAll(output: string, cols: number): Promise<string> {
  const drawn: string[] = []
  for (const part of inSlices(output, DRAWN_CHARACTERS)) drawn.push(await draw(part, cols))
  return drawn.join('')
}

async function draw(output: string, cols: number): Promise<string> {
  const scrollback = output.split('\n').length + Math.ceil(output.length / cols)
  const terminal = new xterm.Terminal({ cols, rows: SCREEN_ROWS, scrollback, allowProposedApi: true, logLevel: 'off' })
  try {
    for (let start = 0; start < output.length; start += WRITTEN_CHARACTERS) {
      await new Promise<void>((resolve) => terminal.write(output.slice(start, start + WRITTEN_CHARACTERS), resolve))
    }
    const buffer = terminal.buffer.normal
    let text = ''
    for (let row = 0; row < buffer.length; row += 1) {
      const line = buffer.getLine(row)
      if (line === undefined) break
      const continues = buffer.getLine(row + 1)?.isWrapped === true
      text += line.translateToString(!continues) + (continues ? '' : '\n')
      if (row % ROWS_AT_ONCE === 0) await setImmediate()
    }
    const trimmed = text.replace(/\n+$/, '')
    return /[\r\n]\s*$/.test(output) && trimmed !== '' ? `${trimmed}\n` : trimmed
  } finally {
    terminal.dispose()
  }
}

/** Text of ours that is put on a terminal: control characters are shown, not obeyed. */
export function showControls(text: string): string {
  // eslint-disable-next-line no-control-regex
  return text.replace(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/g, (control) => {
    const code = control.charCodeAt(0)
    if (code > 0x7f) return `\\u00${code.toString(16)}`
    return control === '\x7f' ? '^?' : `^${String.fromCharCode(code + 64)}`
  })
}
