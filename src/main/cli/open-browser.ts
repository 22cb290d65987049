import { spawn } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import type { Terminal } from './command'

/** In the order of preference; all know `--app`. */
const CHROMIUMS = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'microsoft-edge', 'brave-browser']

/**
 * Opens the window: in a Chromium of its own profile and without browser bars where there is one, else in the user's
 * browser. Without a display nothing is opened: the address was printed.
 */
export function openInBrowser(address: string, dataDir: string, terminal: Terminal): void {
  if (process.platform === 'linux' && !process.env['DISPLAY'] && !process.env['WAYLAND_DISPLAY']) {
    return terminal.err('There is no display here: open the address in a browser, over SSH with a forwarded port.')
  }
  const [program, args] = browserCommand(address, dataDir)
  const child = spawn(program, args, { stdio: 'ignore', detached: true })
  child.on('error', (error) => terminal.err(`No browser could be started (${error.message}): open the address yourself.`))
  child.unref()
}

function browserCommand(address: string, dataDir: string): [string, string[]] {
  if (process.platform === 'darwin') return ['open', [address]]
  const chromium = CHROMIUMS.map((name) => findProgram(name)).find((path) => path !== null)
  if (chromium === undefined || chromium === null) return ['xdg-open', [address]]
  const own = ['--no-first-run', '--no-default-browser-check', '--disable-sync', '--disable-component-update']
  // Chromium refuses its own sandbox to root; a profile of our own keeps the flag away from the user's other windows.
  const asRoot = process.getuid?.() === 0 ? ['--no-sandbox'] : []
  return [chromium, [`--app=${address}`, `--user-data-dir=${join(dataDir, 'browser')}`, ...own, ...asRoot]]
}

function findProgram(name: string): string | null {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    const path = join(folder, name)
    if (isExecutable(path)) return path
  }
  return null
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown) return false
    throw thrown
  }
}
