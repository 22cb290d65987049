// `npm run soak [-- --minutes N] [--calls N]`: agent-like traffic on one kernel, and whether anything of it grows (bench/soak.ts).
// Two hours and 5,000 tool calls unless said. A line of JSON for each run on stderr, the verdict on stdout; exit 1 when something grew.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { checkoutEnvironment, node24, root } from './checkout.mjs'
import { giveUp, runProcess } from './processes.mjs'

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '120' }, calls: { type: 'string', default: '5000' } } })
const [minutes, leastCalls] = [Number(values.minutes), Number(values.calls)]
if (!(minutes >= 0) || !(leastCalls > 0)) giveUp('--minutes and --calls are numbers', 2)

// The pinned Node, with a collector that can be called before memory is counted.
if (!process.execArgv.includes('--expose-gc')) {
  const { code } = await runProcess(node24, ['--expose-gc', ...process.argv.slice(1)], { inherit: true, env: checkoutEnvironment() })
  process.exit(code ?? 1)
}

const out = join(root, 'out', 'soak', String(process.pid))
const folder = mkdtempSync(join(process.env.KEYFRAME_BENCH_DIR ?? tmpdir(), 'keyframe-soak-'))
try {
  const { build } = await import('vite')
  const input = {
    'parse-worker': join(root, 'src/main/workers/parse-worker.ts'),
    'vector-worker': join(root, 'src/main/workers/vector-worker.ts'),
    soak: join(root, 'bench/soak.ts'),
  }
  const output = { format: 'es', entryFileNames: '[name].js', chunkFileNames: '[name]-[hash].js' }
  const rolldownOptions = { input, output }
  await build({
    root,
    configFile: false,
    logLevel: 'error',
    build: { ssr: true, outDir: out, emptyOutDir: true, target: 'node24', minify: false, rolldownOptions },
  })
  const { soak } = await import(pathToFileURL(join(out, 'soak.js')).href)
  const { samples, growth, ok } = await soak({ folder, minutes, leastCalls, say: (line) => process.stderr.write(`${line}\n`) })
  process.stdout.write(`${JSON.stringify({ runs: samples.length, last: samples.at(-1), growth, ok }, null, 2)}\n`)
  process.exitCode = ok ? 0 : 1
} finally {
  rmSync(out, { recursive: true, force: true })
  rmSync(folder, { recursive: true, force: true })
}
