// `npm run bench [-- NAME] [--json]`: runs bench/NAME.bench.ts, each of which default-exports `() => Promise<Measurement[]>`:
//   { name, unit, value, gate?: number (the value may not be above it), peer?: { name, value }, note? }
// Exit 1 when a gate is missed. Benchmarks are loaded from source by Vite's module runner.
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { checkoutEnvironment, node24, root } from './checkout.mjs'
import { giveUp } from './processes.mjs'

if (process.execPath !== node24 && Number(process.versions.node.split('.')[0]) < 24) {
  const { ensureDependencies } = await import('./install.mjs')
  await ensureDependencies()
  const { runProcess } = await import('./processes.mjs')
  const { code } = await runProcess(node24, process.argv.slice(1), { inherit: true, env: checkoutEnvironment() })
  process.exit(code ?? 1)
}

const json = process.argv.includes('--json')
const wanted = process.argv.slice(2).find((argument) => !argument.startsWith('-'))
const folder = join(root, 'bench')
const names = existsSync(folder)
  ? readdirSync(folder).flatMap((file) => (file.endsWith('.bench.ts') ? [file.slice(0, -'.bench.ts'.length)] : []))
  : []
const chosen = wanted === undefined ? names : names.filter((name) => name === wanted)
if (chosen.length === 0)
  giveUp(
    wanted === undefined ? 'There are no benchmarks in bench/.' : `There is no benchmark "${wanted}"; there are: ${names.join(', ')}`,
    2,
  )

const { runnerImport } = await import('vite')
const results = []
for (const name of chosen) {
  if (!json) process.stdout.write(`\n${name}\n`)
  const { module } = await runnerImport(join(folder, `${name}.bench.ts`), { root, configFile: false, logLevel: 'error' })
  const measurements = await module.default()
  for (const measured of measurements) if (!json) process.stdout.write(`  ${line(measured)}\n`)
  results.push({ benchmark: name, measurements })
}
if (json) process.stdout.write(`${JSON.stringify(results, null, 2)}\n`)
const missed = results.flatMap(({ measurements }) => measurements.filter(isMissed))
process.exit(missed.length === 0 ? 0 : 1)

function isMissed({ value, gate }) {
  return gate !== undefined && value > gate
}

function line(measured) {
  const { name, value, unit, gate, peer, note } = measured
  const limit = gate === undefined ? '' : `, gate ${gate} ${unit}${isMissed(measured) ? ' MISSED' : ''}`
  const beside = peer === undefined ? '' : `, ${peer.name} ${peer.value} ${unit}`
  return `${name}: ${Number(value.toPrecision(4))} ${unit}${limit}${beside}${note === undefined ? '' : ` (${note})`}`
}
