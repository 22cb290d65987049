// Brings node_modules to what the lock file says. Node built-ins only.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { areDependenciesInstalled, node24, root } from './checkout.mjs'
import { giveUp, runProcess, withProgress } from './processes.mjs'

const OLDEST_NODE = 20

export async function ensureDependencies() {
  const major = Number(process.versions.node.split('.')[0])
  if (major < OLDEST_NODE)
    giveUp(`Keyframe needs Node ${OLDEST_NODE} or later to start; this is ${process.version}. See https://nodejs.org/.`, 2)
  if (areDependenciesInstalled()) return
  const npm = await runProcess('npm', ['--version'])
  if (npm.code !== 0) giveUp('npm is missing: it comes with Node (Debian: apt-get install npm).', 2)
  const total = Object.keys(JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages).length
  const { code, output } = await withProgress(
    'Installing dependencies (npm ci)',
    installLocked,
    () => `(${countInstalled()} of at most ${total} packages)`,
  )
  if (code !== 0) giveUp(`npm ci failed:\n${output}\nIs the package registry reachable? Run \`npm ci\` to see more.`)
  if (!existsSync(node24))
    giveUp('npm ci did not install the pinned Node (its install script was not run). Run `npm rebuild node` and start again.')
}

/**
 * Install scripts stay off: native packages come with prebuilt binaries, and npm would start a compiler for those that
 * carry a binding.gyp. Only the pinned Node needs its script, which fetches the binary for this platform.
 *
 * `npm ci` refuses a lock file without the optional packages of other platforms, which a registry that lacks them leaves
 * out; `npm install --no-save` installs the same locked versions then, and leaves the lock file alone.
 */
async function installLocked() {
  const flags = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']
  const clean = await runProcess('npm', ['ci', ...flags])
  const isOutOfStep = clean.code !== 0 && clean.output.includes('EUSAGE')
  const installed = isOutOfStep ? await runProcess('npm', ['install', '--no-save', ...flags]) : clean
  return installed.code === 0 ? runProcess('npm', ['rebuild', 'node', '--loglevel=error']) : installed
}

function countInstalled() {
  const modules = join(root, 'node_modules')
  if (!existsSync(modules)) return 0
  return readdirSync(modules).reduce((sum, name) => sum + (name.startsWith('@') ? readdirSync(join(modules, name)).length : 1), 0)
}
