// What the system has to provide beside Node. Node built-ins only.
import { accessSync, constants, existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { runProcess, withProgress } from './processes.mjs'

export const BUBBLEWRAP = { name: 'bubblewrap', why: 'agents run isolated', programs: ['bwrap'], package: 'bubblewrap' }
export const RIPGREP = { name: 'ripgrep', why: 'agents search quickly', programs: ['rg'], package: 'ripgrep' }
/** For the tests alone: what is missing is skipped there and said so. */
export const CLANGD = { name: 'clangd', why: 'the C and C++ language server is tested', programs: ['clangd'], package: 'clangd' }
export const GOPLS = { name: 'gopls', why: 'the Go language server is tested', programs: ['gopls'], package: 'gopls' }
export const GO = { name: 'go', why: 'gopls asks it about packages', programs: ['go'], package: 'golang-go' }
export const CHROMIUM = {
  name: 'a Chromium browser',
  why: 'the window is shown in it',
  programs: ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'microsoft-edge', 'brave-browser'],
  package: 'chromium',
}

export function findProgram(names) {
  for (const name of names) {
    for (const folder of (process.env.PATH ?? '').split(delimiter)) {
      const path = join(folder, name)
      try {
        accessSync(path, constants.X_OK)
        return path
      } catch (error) {
        if (error.code === undefined) throw error
      }
    }
  }
  return null
}

export const hasDisplay = () => process.platform !== 'linux' || Boolean(process.env.DISPLAY || process.env.WAYLAND_DISPLAY)

/** Installs what is missing where that needs no question (root on Debian or Ubuntu); says the exact command otherwise. Returns what is still missing. */
export async function ensureSystem(needs) {
  if (process.platform !== 'linux') return []
  const missing = needs.filter((need) => findProgram(need.programs) === null)
  if (missing.length === 0) return []
  const packages = missing.map((need) => need.package)
  if (process.getuid?.() === 0 && existsSync('/etc/debian_version') && findProgram(['apt-get']) !== null) {
    await withProgress(`Installing ${packages.join(', ')} (apt-get)`, () => aptInstall(packages))
  }
  const still = needs.filter((need) => findProgram(need.programs) === null)
  for (const need of still) process.stderr.write(`${need.name} is missing (${need.why}). Install it with:\n  ${installCommand(need)}\n`)
  return still
}

async function aptInstall(packages) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const install = () => runProcess('apt-get', ['install', '-y', '--no-install-recommends', ...packages], { env })
  let result = await install()
  if (result.code === 0) return
  // A fresh machine has no package lists yet.
  await runProcess('apt-get', ['update'], { env })
  result = await install()
  if (result.code !== 0) process.stderr.write(`apt-get failed:\n${result.output.split('\n').slice(-8).join('\n')}\n`)
}

function installCommand(need) {
  if (findProgram(['apt-get']) !== null) return `sudo apt-get install -y ${need.package}`
  if (findProgram(['dnf']) !== null) return `sudo dnf install -y ${need.package}`
  if (findProgram(['pacman']) !== null) return `sudo pacman -S ${need.package}`
  return `install the package ${need.package} with your system's package manager`
}
