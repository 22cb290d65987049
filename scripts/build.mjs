// Builds what has changed: `node scripts/build.mjs [main|all]`. Node built-ins only.
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { checkoutEnvironment, isBuilt, markBuilt, node24, packageProgram, root, sourceStamp } from './checkout.mjs'
import { giveUp, runProcess, withProgress } from './processes.mjs'

const LOCK = join(root, 'out', '.building')
const LOCK_TIMEOUT_MS = 300_000
/** Files of earlier builds are kept this long, for processes that still load their parts from them. */
const KEEP_OLD_MS = 10 * 60_000

/** Brings out/ up to date. `main` is the command line and the kernel, `all` the window as well. */
export async function ensureBuilt(scope) {
  if (isBuilt('all') || isBuilt(scope)) return
  await lock()
  try {
    if (!isBuilt(scope)) await build(scope)
  } finally {
    rmSync(LOCK, { force: true })
  }
}

async function build(scope) {
  const started = Date.now()
  const stamps = { main: sourceStamp('main'), all: sourceStamp('all') }
  const args = [packageProgram('electron-vite', 'bin/electron-vite.js'), 'build', '--logLevel', 'warn']
  const label = scope === 'main' ? 'Building the kernel and the command line' : 'Building the kernel and the window'
  const { code, output } = await withProgress(label, () =>
    runProcess(node24, args, { env: checkoutEnvironment({ KEYFRAME_BUILD: scope, NO_COLOR: '1' }) }),
  )
  if (code !== 0) giveUp(`The build failed:\n${output}`)
  markBuilt('main', stamps.main)
  if (scope === 'all') {
    markBuilt('all', stamps.all)
    removeOld(join(root, 'out', 'renderer'), started)
  }
  removeOld(join(root, 'out', 'main'), started)
}

/** Two commands started at once must not build into the same folder. */
async function lock() {
  mkdirSync(join(root, 'out'), { recursive: true })
  const until = Date.now() + LOCK_TIMEOUT_MS
  for (;;) {
    try {
      writeFileSync(LOCK, String(process.pid), { flag: 'wx' })
      return
    } catch (error) {
      if (error.code !== 'EEXIST') throw error
    }
    if (!isHolderAlive()) rmSync(LOCK, { force: true })
    else if (Date.now() > until) giveUp(`Another build has been running for long; if it is gone, remove ${LOCK}.`)
    else await new Promise((resolve) => setTimeout(resolve, 200))
  }
}

function isHolderAlive() {
  try {
    process.kill(Number(readFileSync(LOCK, 'utf8')), 0)
    return true
  } catch (error) {
    // ENOENT: it was released meanwhile; EPERM: it belongs to another user and lives.
    return error.code === 'EPERM' || error.code === 'ENOENT'
  }
}

function removeOld(folder, startedMs) {
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    const path = join(entry.parentPath, entry.name)
    if (entry.isFile() && statSync(path).mtimeMs < startedMs - KEEP_OLD_MS) rmSync(path, { force: true })
  }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  await ensureBuilt(process.argv[2] === 'main' ? 'main' : 'all')
}
