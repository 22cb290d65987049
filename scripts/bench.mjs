// `npm run bench [-- NAME] [--json] [--quick]`: runs bench/NAME.bench.ts, each of which default-exports a Benchmark (bench/support/measurement.ts).
// They are bundled first, as the product is, and each runs in a process of its own with the pinned Node. Exit 1 when a gate is missed.
// `--quick` shows that the benchmarks work, with few rounds on a small repository: its figures mean nothing and no gate is judged by them.
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, release, tmpdir, totalmem, type as system } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { checkoutEnvironment, node24, root } from './checkout.mjs'
import { giveUp, runProcess } from './processes.mjs'

/** Below the checkout, where the bundles find packages; of this run alone, so that two runs do not take each other's files away. */
const OUT = join(root, 'out', 'bench', String(process.pid))
const SUFFIX = '.bench.ts'
const QUICK_SCALE = '0.02'
const TIMEOUT_MS = 600_000
const FILE_SYSTEMS = {
  0xef53: 'ext4',
  0x9123683e: 'btrfs',
  0x58465342: 'xfs',
  0x01021994: 'tmpfs',
  0x794c7630: 'overlayfs',
  0x2fc12fc1: 'zfs',
}

if (process.execPath !== node24 && Number(process.versions.node.split('.')[0]) < 24) {
  const { ensureDependencies } = await import('./install.mjs')
  await ensureDependencies()
  const { code } = await runProcess(node24, process.argv.slice(1), { inherit: true, env: checkoutEnvironment() })
  process.exit(code ?? 1)
}

if (process.argv[2] === '--one') {
  const [bundleFile, resultFile] = process.argv.slice(3)
  const { default: benchmark } = await import(pathToFileURL(bundleFile).href)
  writeFileSync(resultFile, JSON.stringify(await benchmark()))
  process.exit(0)
}

const json = process.argv.includes('--json')
const quick = process.argv.includes('--quick')
const wanted = process.argv.slice(2).filter((argument) => !argument.startsWith('-'))
const names = readdirSync(join(root, 'bench')).flatMap((file) => (file.endsWith(SUFFIX) ? [file.slice(0, -SUFFIX.length)] : []))
const unknown = wanted.find((name) => !names.includes(name))
if (unknown !== undefined) giveUp(`There is no benchmark "${unknown}"; there are: ${names.join(', ')}`, 2)

const say = (text) => process.stderr.write(text)
await bundle()
const folder = mkdtempSync(join(process.env.KEYFRAME_BENCH_DIR ?? tmpdir(), 'keyframe-bench-'))
const machine = describeMachine(folder)
say(`${machine.text}\n`)
const loadBefore = loadavg()[0]
warnOfLoad(loadBefore, 'before')

let current = null
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => {
    current?.kill('SIGKILL')
    cleanUp()
    process.exit(130)
  })
}

const benchmarks = []
for (const name of wanted.length === 0 ? names : names.filter((known) => wanted.includes(known))) {
  const startedAt = Date.now()
  say(`${name} … `)
  const outcome = await runOne(name)
  const seconds = (Date.now() - startedAt) / 1000
  say(`${seconds.toFixed(1)} s${outcome.failure === null ? '' : `, FAILED:\n${outcome.failure}`}\n`)
  benchmarks.push({ name, seconds, loadAfter: loadavg()[0], ...outcome })
}
cleanUp()

const loadAfter = loadavg()[0]
const results = { at: new Date().toISOString(), quick, machine, loadBefore, loadAfter, benchmarks }
writeFileSync(join(root, 'bench', 'results.json'), `${JSON.stringify(results, null, 2)}\n`)
mkdirSync(join(root, 'out', 'bench'), { recursive: true })
writeFileSync(join(root, 'out', 'bench', 'results.md'), markdown(results))
if (json) process.stdout.write(`${JSON.stringify(results, null, 2)}\n`)
else process.stdout.write(`${table(benchmarks)}\n`)
// The load that matters is what else ran meanwhile; a benchmark itself keeps up to two cores busy.
say(`Load average ${loadBefore.toFixed(2)} before, ${loadAfter.toFixed(2)} after.\n`)
if (quick) say('A quick run: these figures mean nothing.\n')
const missed = benchmarks.flatMap(({ measurements }) => measurements).filter((measured) => isMet(measured) === false)
const failed = benchmarks.filter(({ failure }) => failure !== null)
process.exit(failed.length > 0 || (missed.length > 0 && !quick) ? 1 : 0)

async function bundle() {
  const { build } = await import('vite')
  const input = {
    'parse-worker': join(root, 'src/main/workers/parse-worker.ts'),
    'vector-worker': join(root, 'src/main/workers/vector-worker.ts'),
  }
  for (const name of names) input[`${name}.bench`] = join(root, 'bench', `${name}${SUFFIX}`)
  // Flat, as in the product's own build, so that modules find the worker's entry beside themselves.
  const output = { format: 'es', entryFileNames: '[name].js', chunkFileNames: '[name]-[hash].js' }
  const rolldownOptions = { input, output }
  await build({
    root,
    configFile: false,
    logLevel: 'error',
    build: { ssr: true, outDir: OUT, emptyOutDir: true, target: 'node24', minify: false, rolldownOptions },
  })
}

function runOne(name) {
  const resultFile = join(folder, `${name}.json`)
  const scale = quick ? { KEYFRAME_BENCH_SCALE: QUICK_SCALE } : {}
  const env = checkoutEnvironment({ KEYFRAME_BENCH_DIR: folder, ...scale })
  return new Promise((resolve) => {
    const args = ['--disable-warning=ExperimentalWarning', import.meta.filename, '--one', join(OUT, `${name}.bench.js`), resultFile]
    const child = spawn(node24, args, { env, stdio: ['ignore', 'ignore', 'pipe'] })
    current = child
    let errors = ''
    child.stderr.setEncoding('utf8').on('data', (chunk) => (errors += chunk))
    const timer = setTimeout(() => {
      errors += `\nit was ended after ${TIMEOUT_MS / 1000} s\n`
      child.kill('SIGKILL')
    }, TIMEOUT_MS)
    child.on('close', (code) => {
      current = null
      clearTimeout(timer)
      if (code === 0 && existsSync(resultFile)) resolve({ failure: null, measurements: JSON.parse(readFileSync(resultFile, 'utf8')) })
      else resolve({ failure: errors.trim() || `it ended with ${code}`, measurements: [] })
    })
  })
}

function cleanUp() {
  rmSync(OUT, { recursive: true, force: true })
  removeInBackground(folder)
}

/** Tens of thousands of files: nobody waits for that. */
function removeInBackground(path) {
  // Overlay's work folders have no permissions at all; root does not mind, others must open them first.
  const script = 'chmod -R u+rwX -- "$1" 2>/dev/null; exec rm -rf -- "$1"'
  const child = spawn('nice', ['-n', '19', 'sh', '-c', script, 'sh', path], { detached: true, stdio: 'ignore' })
  child.on('error', () => rmSync(path, { recursive: true, force: true }))
  child.unref()
}

function describeMachine(path) {
  const [cpu] = cpus()
  const fileSystem = FILE_SYSTEMS[statfsSync(path).type] ?? 'unknown'
  const cores = cpus().length
  const memoryGb = totalmem() / 1024 ** 3
  const text = `${cpu?.model.trim() ?? 'unknown processor'}, ${cores} cores, ${memoryGb.toFixed(1)} GB, ${system()} ${release()}, ${fileSystem} at ${path}, Node ${process.versions.node}`
  if (fileSystem === 'tmpfs')
    say('The folder of the benchmarks is in memory, where nothing is ever synced: set KEYFRAME_BENCH_DIR to one on a disk.\n')
  return { cpu: cpu?.model ?? null, cores, memoryGb, kernel: release(), fileSystem, node: process.versions.node, text }
}

function warnOfLoad(load, when) {
  if (load > 1)
    say(`Load average ${load.toFixed(2)} ${when}: the machine is busy with something else, and figures will be worse than they are.\n`)
}

function isMet({ value, gate }) {
  if (gate === null) return null
  return gate.is === 'at most' ? value <= gate.limit : value >= gate.limit
}

function number(value) {
  if (value === null || value === undefined) return '-'
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en')
  return Number(value.toPrecision(3)).toString()
}

/** What bench/README.md shows. */
function markdown({ at, benchmarks: all, machine: { text } }) {
  const lines = [`${at.slice(0, 10)}, ${text.replace(/ at \S+/, '')}; load average ${loadBefore.toFixed(2)} before.`, '']
  lines.push('| Benchmark | Figure | p50 | Gate | | Peers in the same run |', '|---|---|---|---|---|---|')
  for (const { name, measurements } of all) {
    for (const measured of measurements) {
      const { unit, gate, spread, figure, value } = measured
      const met = isMet(measured)
      const cells = [
        `\`${name}\` ${measured.name}`,
        `${number(value)} ${unit}${spread === undefined ? '' : ` (${figure})`}`,
        spread === undefined ? '' : number(spread.p50),
        gate === null ? '' : `${gate.is === 'at most' ? '<=' : '>='} ${number(gate.limit)} ${unit}`,
        met === null ? '' : met ? 'met' : '**not met**',
        peersOf(measured),
      ]
      lines.push(`| ${cells.join(' | ')} |`)
    }
  }
  return `${lines.join('\n')}\n`
}

function peersOf({ peers, unit }) {
  return peers.map((peer) => `${peer.name} ${peer.value === null ? peer.note : `${number(peer.value)} ${unit}`}`).join('; ')
}

function table(all) {
  const rows = [['', 'figure', 'p50', 'p95', 'p99', 'max', 'n', 'gate', '', 'peers in the same run']]
  const notes = []
  for (const { name, measurements } of all) {
    rows.push([name.toUpperCase()])
    for (const measured of measurements) {
      const { spread, gate, unit } = measured
      const met = isMet(measured)
      if (measured.note !== undefined) notes.push(`${name}: ${measured.name}: ${measured.note}.`)
      rows.push([
        `  ${measured.name}`,
        `${number(measured.value)} ${unit}${spread === undefined ? '' : ` (${measured.figure})`}`,
        ...['p50', 'p95', 'p99', 'max', 'count'].map((key) => (spread === undefined ? '' : number(spread[key]))),
        gate === null ? '' : `${gate.is === 'at most' ? '<=' : '>='} ${number(gate.limit)} ${unit}`,
        met === null ? '' : met ? 'met' : 'NOT MET',
        peersOf(measured),
      ])
    }
  }
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => (row.length > 1 ? (row[column] ?? '').length : 0))))
  const lines = rows.map((row) =>
    row
      .map((cell, column) =>
        row.length === 1 ? cell : column === 0 || column > 6 ? cell.padEnd(widths[column]) : cell.padStart(widths[column]),
      )
      .join('  ')
      .trimEnd(),
  )
  return [...lines, '', ...notes].join('\n')
}
