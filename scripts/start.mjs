// `npm start [-- REPO] [--no-open] [--port N]`: from a fresh checkout to the open window. Node built-ins only.
import { spawn } from 'node:child_process'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { areDependenciesInstalled, checkoutEnvironment, cliEntry, isBuilt, node24, root } from './checkout.mjs'
import { giveUp, runProcess, withProgress } from './processes.mjs'
import { BUBBLEWRAP, CHROMIUM, ensureSystem, hasDisplay, RIPGREP } from './system.mjs'

const USAGE = `Usage: npm start [-- REPO] [--no-open] [--port N]

  REPO       the folder to open; a private copy of the sample workspace when left out
  --no-open  only serve and print the address
  --port N   the port to serve on; any free one when left out`

const { repo, open, port } = readArguments()
if (!areDependenciesInstalled()) {
  const { ensureDependencies } = await import('./install.mjs')
  await ensureDependencies()
}
const willOpen = open && hasDisplay()
await ensureSystem([BUBBLEWRAP, RIPGREP])
if (!isBuilt('all')) {
  const { ensureBuilt } = await import('./build.mjs')
  await ensureBuilt('all')
}
const electron = willOpen ? await findElectron() : null
if (electron !== null && port === null) run(electron, [root, repo ?? (await sampleCopy())])
else {
  if (willOpen) await ensureSystem([CHROMIUM])
  const target = repo === null ? ['--sample'] : [repo]
  run(node24, [
    '--disable-warning=ExperimentalWarning',
    cliEntry,
    willOpen ? 'open' : 'serve',
    ...target,
    ...(port === null ? [] : ['--port', port]),
  ])
}

function readArguments() {
  try {
    const { values, positionals } = parseArgs({
      options: { 'no-open': { type: 'boolean' }, port: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
      allowPositionals: true,
    })
    if (values.help) {
      process.stdout.write(`${USAGE}\n`)
      process.exit(0)
    }
    if (positionals.length > 1) giveUp(`Name one folder, not ${positionals.length}.\n\n${USAGE}`, 2)
    const repo = positionals[0] === undefined ? null : resolve(process.env.INIT_CWD ?? process.cwd(), positionals[0])
    if (repo !== null && !statSync(repo, { throwIfNoEntry: false })?.isDirectory()) giveUp(`${repo} is not a folder.\n\n${USAGE}`, 2)
    return { repo, open: values['no-open'] !== true, port: values.port ?? null }
  } catch (error) {
    if (!String(error.code).startsWith('ERR_PARSE_ARGS')) throw error
    return giveUp(`${error.message}\n\n${USAGE}`, 2)
  }
}

async function sampleCopy() {
  const { code, output } = await runProcess(node24, [cliEntry, 'sample'])
  if (code !== 0) giveUp(`The sample workspace could not be made:\n${output}`)
  return output.trim()
}

/** The Electron binary, fetched on first use where its release host can be reached. Null: the window is shown in a browser. */
async function findElectron() {
  const folder = join(root, 'node_modules', 'electron')
  const binary = () => {
    const pathFile = join(folder, 'path.txt')
    const path = existsSync(pathFile) ? join(folder, 'dist', readFileSync(pathFile, 'utf8').trim()) : null
    return path !== null && existsSync(path) ? path : null
  }
  // As root Chromium's sandbox cannot be used, in Electron as in the browser; the browser needs no fetch.
  if (process.getuid?.() === 0) return null
  const triedFile = join(root, 'out', '.electron-not-fetched')
  const triedLately = (statSync(triedFile, { throwIfNoEntry: false })?.mtimeMs ?? 0) > Date.now() - 24 * 3_600_000
  if (binary() === null && !triedLately) {
    await withProgress('Fetching Electron', () =>
      runProcess(node24, [join(folder, 'install.js')], { env: checkoutEnvironment(), timeoutMs: 90_000 }),
    )
    if (binary() === null) writeFileSync(triedFile, '')
  }
  if (binary() === null) process.stderr.write('Electron cannot be fetched here: the window opens in a browser instead.\n')
  return binary()
}

function run(program, args) {
  const child = spawn(program, args, { stdio: 'inherit', env: checkoutEnvironment() })
  // A terminal sends Ctrl-C to the whole group itself; what is sent to this process alone is passed on.
  process.on('SIGINT', () => process.stdin.isTTY !== true && child.kill('SIGINT'))
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('error', (error) => giveUp(`${program} could not be started: ${error.message}`))
  // Ending the window with Ctrl-C is how it is meant to end.
  child.on('exit', (code) => (process.exitCode = code === 130 ? 0 : (code ?? 1)))
}
