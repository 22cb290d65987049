// Checks the types of every layer against what that layer may see, and that the compiler really refuses what it may not.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { checkoutEnvironment, node24, packageProgram, root } from './checkout.mjs'
import { runProcess } from './processes.mjs'

const LAYERS = ['src/shared', 'src/main/kernel', 'src/main', 'src/preload', 'src/renderer', 'e2e', 'bench']

/** What each layer has to refuse; a checker that passes these checks nothing. */
const REFUSED = [
  { layer: 'src/shared', source: 'export const title: string = document.title', error: "Cannot find name 'document'" },
  { layer: 'src/shared', source: "import { readFileSync } from 'node:fs'\nexport const read = readFileSync", error: "'node:fs'" },
  { layer: 'src/main/kernel', source: 'export const title: string = document.title', error: "Cannot find name 'document'" },
  { layer: 'src/renderer', source: "import { readFileSync } from 'node:fs'\nexport const read = readFileSync", error: "'node:fs'" },
  { layer: 'src/renderer', source: 'export const pid: number = process.pid', error: "Cannot find name 'process'" },
]

const compile = (project) => runProcess(node24, [packageProgram('typescript', 'lib/tsc.js'), '-p', project], { env: checkoutEnvironment() })

async function checkLayer(layer) {
  const { code, output } = await compile(join(root, layer))
  if (code !== 0) process.stdout.write(`${layer}:\n${output}\n`)
  return code === 0
}

async function checkRefusal({ layer, source, error }) {
  const folder = mkdtempSync(join(tmpdir(), 'keyframe-refused-'))
  try {
    writeFileSync(join(folder, 'refused.ts'), `${source}\n`)
    const options = { typeRoots: [join(root, 'node_modules', '@types'), join(root, 'node_modules')] }
    writeFileSync(
      join(folder, 'tsconfig.json'),
      JSON.stringify({ extends: join(root, layer, 'tsconfig.json'), compilerOptions: options, include: ['refused.ts'], exclude: [] }),
    )
    const { code, output } = await compile(folder)
    const isRefused = code !== 0 && output.includes(error)
    if (!isRefused) process.stdout.write(`${layer} does not refuse:\n${source}\n${output}\n`)
    return isRefused
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const work = [...LAYERS.map((layer) => () => checkLayer(layer)), ...REFUSED.map((refused) => () => checkRefusal(refused))]
const results = []
const next = async () => {
  for (let check = work.shift(); check !== undefined; check = work.shift()) results.push(await check())
}
await Promise.all([next(), next()])
const failed = results.filter((ok) => !ok).length
process.stdout.write(`${LAYERS.length} layers and ${REFUSED.length} refusals checked, ${failed} failed\n`)
process.exitCode = failed === 0 ? 0 : 1
