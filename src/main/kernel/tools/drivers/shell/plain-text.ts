import xterm from '@xterm/headless'

const LARGEST_SCROLLBACK = 200_000

// CSI, OSC, DCS and other strings, two-character sequences and stray control characters; not tab, LF.
// eslint-disable-next-line no-control-regex
const ESCAPES = /\x1b\[[0-?]*[ -/]*[@-~]|\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\|$)|\x1b[ -/]*[0-~]|[\x00-\x08\x0b-\x1f\x7f]/g
// What only changes colours or modes, or ends a line: the text is the same without it.
// eslint-disable-next-line no-control-regex
const HARMLESS = /\x1b\[[0-9;:]*m|\x1b\[\?[0-9;]*[hl]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[()][0-9A-B]|\x1b[=>]|\r+\n|\x07/g
// eslint-disable-next-line no-control-regex
const MOVES_CURSOR = /[\x08\x0b\x0c\r\x1b]/
const SWITCHES_SCREEN = '\x1b[?1049h'

/**
 * Terminal output as a person would read it off the screen: colours gone, progress lines as they ended, lines that the terminal
 * wrapped joined. Output that moves the cursor is drawn on a terminal of `cols` columns; a full-screen program leaves what the
 * main screen shows. Trailing blanks of drawn lines are lost.
 */
export async function toPlainText(output: string, cols: number): Promise<string> {
  const drawn = MOVES_CURSOR.test(output.replace(HARMLESS, '')) || output.includes(SWITCHES_SCREEN)
  if (drawn) return await draw(output, cols)
  return output.replace(/\r+\n/g, '\n').replace(ESCAPES, '')
}

async function draw(output: string, cols: number): Promise<string> {
  const lines = output.split('\n').length
  const scrollback = Math.min(LARGEST_SCROLLBACK, lines + Math.ceil(output.length / cols))
  const terminal = new xterm.Terminal({ cols, rows: 50, scrollback, allowProposedApi: true, logLevel: 'off' })
  try {
    await new Promise<void>((resolve) => terminal.write(output, resolve))
    const buffer = terminal.buffer.normal
    let text = ''
    for (let row = 0; row < buffer.length; row += 1) {
      const line = buffer.getLine(row)
      if (line === undefined) break
      const continues = buffer.getLine(row + 1)?.isWrapped === true
      text += line.translateToString(!continues) + (continues ? '' : '\n')
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
  return text.replace(/[\x00-\x08\x0b-\x1f\x7f]/g, (control) =>
    control === '\x7f' ? '^?' : `^${String.fromCharCode(control.charCodeAt(0) + 64)}`,
  )
}
