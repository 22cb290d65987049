import { type Command } from '../command'
import { openInBrowser } from '../open-browser'
import { SERVE_HELP, SERVE_OPTIONS, serveWindow } from './serve'

export const command: Command = {
  usage: 'open [REPO | --sample] [--port N] [--json]',
  options: SERVE_OPTIONS,
  optionHelp: SERVE_HELP,
  maxPositionals: 1,
  run: (input, terminal) => serveWindow(input, terminal, (address, access) => openInBrowser(address, access.dataDir, terminal)),
}
