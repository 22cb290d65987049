import type { IDisposable, Terminal } from '@xterm/xterm'

/**
 * Operating system commands that a program may print and that a terminal would act on. What an agent runs is not trusted, so
 * all of them are read and dropped: titles (0-2), palette (4, 10-12, 104, 110-112), folder (7), hyperlinks (8), notifications
 * and progress (9, 99, 777), clipboard (52), shell integration marks (133, 633), files and images (1337).
 */
const DROPPED_OSC = [0, 1, 2, 4, 7, 8, 9, 10, 11, 12, 52, 99, 104, 110, 111, 112, 133, 633, 777, 1337]

export function dropOperatingSystemCommands(terminal: Terminal): IDisposable {
  const handlers = DROPPED_OSC.map((code) => terminal.parser.registerOscHandler(code, () => true))
  return { dispose: () => handlers.forEach((handler) => handler.dispose()) }
}

const ESC = '\\u001b'
const REPLY = new RegExp(
  [
    `${ESC}\\[[?>=]?[\\d;]*[cnR]`, // device attributes, status, cursor position
    `${ESC}\\[\\??[\\d;]+\\$y`, // modes
    `${ESC}\\[[IO]`, // focus
    `${ESC}\\[<[\\d;]+[Mm]`, // mouse
    `${ESC}\\[M[\\s\\S]{3}`, // mouse, old form
    `${ESC}\\[[\\d;]*t`, // window reports
    `${ESC}[P\\]][\\s\\S]*?(?:${ESC}\\\\|\\u0007)`, // strings: settings, colours
  ].join('|'),
  'y',
)

/**
 * True for what the terminal says by itself when a program asks it something, as opposed to what a person types. Only a live
 * terminal of a person's own may answer: a recorded question must not type into a shell.
 */
export function isTerminalReply(data: string): boolean {
  if (data === '') return false
  REPLY.lastIndex = 0
  while (REPLY.lastIndex < data.length) {
    const from = REPLY.lastIndex
    if (!REPLY.test(data) || REPLY.lastIndex === from) return false
  }
  return true
}

/** Text as it may be pasted: one kind of line end, and no control characters that a shell would act on. */
export function cleanPaste(text: string): string {
  return (
    text
      .replace(/\r\n?/g, '\n')
      // eslint-disable-next-line no-control-regex
      .replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '')
  )
}

/** Several lines run one after the other as soon as they are pasted, so that a person is asked first. */
export function needsAsking(text: string): boolean {
  return text.includes('\n')
}
