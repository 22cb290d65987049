// Checks the import rules of .dependency-cruiser.cjs over the source, and first that each rule fires on a planted violation.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { checkoutEnvironment, node24, packageProgram, root } from './checkout.mjs'
import { giveUp, runProcess } from './processes.mjs'

const CONFIG = join(root, '.dependency-cruiser.cjs')
const rules = createRequire(import.meta.url)(CONFIG).forbidden.map((rule) => rule.name)

/** One violation of each rule; keys are paths, values what they import. */
const PLANTED = {
  'src/shared/reaches-out.ts': '../main/rpc/serve',
  'src/main/rpc/serve.ts': '../kernel/kernel',
  'src/main/kernel/kernel.ts': '../rpc/serve',
  'src/main/kernel/journal/inner.ts': '../testing/fake',
  'src/main/kernel/testing/fake.ts': null,
  'src/main/cli/command.ts': '../kernel/journal/inner',
  'src/preload/index.ts': '../renderer/app/app',
  'src/renderer/app/app.ts': '../../main/rpc/serve',
  'src/renderer/app/node.ts': 'node:fs',
  'src/renderer/components/button.ts': '../features/runs/view',
  'src/renderer/features/runs/view.ts': '../timeline/view',
  'src/renderer/features/timeline/view.ts': './nowhere',
}

async function cruise(cwd, config) {
  const args = [packageProgram('dependency-cruiser', 'bin/dependency-cruiser.mjs'), 'src', '--config', config, '--output-type', 'json']
  const { output } = await runProcess(node24, args, { cwd, env: checkoutEnvironment() })
  const start = output.indexOf('{')
  if (start === -1) giveUp(`dependency-cruiser printed no report:\n${output}`)
  return JSON.parse(output.slice(start)).summary
}

const planted = mkdtempSync(join(tmpdir(), 'keyframe-layers-'))
try {
  for (const [path, target] of Object.entries(PLANTED)) {
    mkdirSync(dirname(join(planted, path)), { recursive: true })
    writeFileSync(join(planted, path), target === null ? 'export {}\n' : `import '${target}'\n`)
  }
  const found = new Set((await cruise(planted, CONFIG)).violations.map((violation) => violation.rule.name))
  const silent = rules.filter((rule) => !found.has(rule))
  if (silent.length > 0) giveUp(`These rules did not fire on a planted violation, so they check nothing: ${silent.join(', ')}`)
} finally {
  rmSync(planted, { recursive: true, force: true })
}

const { totalCruised, violations } = await cruise(root, CONFIG)
if (totalCruised === 0) giveUp('No module was looked at: the check would pass on anything.')
for (const violation of violations) {
  const path = violation.cycle?.map((step) => step.name).join(' -> ')
  process.stdout.write(`${violation.rule.name}: ${violation.from} -> ${path ?? violation.to}\n`)
}
process.stdout.write(`${totalCruised} modules, ${rules.length} rules, ${violations.length} violations\n`)
process.exitCode = violations.length === 0 ? 0 : 1
