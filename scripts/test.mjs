// `npm test`: sets up what is missing, runs every check and every test, ends with one line of totals.
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { checkoutEnvironment, node24, packageProgram, root } from './checkout.mjs'
import { ensureDependencies } from './install.mjs'
import { runProcess } from './processes.mjs'
import { BUBBLEWRAP, CHROMIUM, CLANGD, ensureSystem, GO, GOPLS, RIPGREP } from './system.mjs'

await ensureDependencies()
await ensureSystem([BUBBLEWRAP, RIPGREP, CHROMIUM])
await ensureSystem([CLANGD, GOPLS, GO])

const REPORTS = join(root, 'out', 'test-reports')
rmSync(REPORTS, { recursive: true, force: true })
mkdirSync(REPORTS, { recursive: true })

const totals = { passed: 0, failed: 0, skipped: 0 }
const skips = []
const failedSteps = []
const countedFailures = new Set()

const program = (name, path, ...args) => [packageProgram(name, path), ...args]
const script = (name, ...args) => [join(root, 'scripts', name), ...args]
const vitest = (project) =>
  program(
    'vitest',
    'vitest.mjs',
    'run',
    '--project',
    project,
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${join(REPORTS, `${project}.json`)}`,
  )

await step('format', program('prettier', 'bin/prettier.cjs', '--check', '--log-level', 'warn', '.'))
await step('lint', program('oxlint', 'bin/oxlint', '--deny-warnings'))
await step('types', script('typecheck.mjs'))
await step('layers', script('check-layers.mjs'))
await step('dead code', program('knip', 'bin/knip.js', '--no-progress'))
await step('unit tests', vitest('unit'))
readVitest('unit tests', 'unit')
// Some integration tests drive the built command line.
const isBuilt = await step('build', script('build.mjs'))
await step('integration tests', vitest('integration'))
readVitest('integration tests', 'integration')
if (isBuilt) {
  const report = join(REPORTS, 'e2e.json')
  await step('e2e tests', program('@playwright/test', 'cli.js', 'test', '--reporter=list,json'), {
    PLAYWRIGHT_JSON_OUTPUT_NAME: report,
    PLAYWRIGHT_JSON_OUTPUT_FILE: report,
  })
  readPlaywright(report)
}

if (skips.length > 0) process.stdout.write(`\nSkipped:\n${skips.map((skip) => `  ${skip}\n`).join('')}`)
// A check that failed, or a step that broke before it could count, is one failure in the totals.
totals.failed += failedSteps.filter((name) => !countedFailures.has(name)).length
if (failedSteps.length > 0) process.stdout.write(`\nFailed: ${failedSteps.join(', ')}\n`)
process.stdout.write(`\n${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped\n`)
process.exitCode = failedSteps.length === 0 && totals.failed === 0 ? 0 : 1

/** Runs one step to its end, whatever the others did; its output is shown as it comes. */
async function step(name, args, extra = {}) {
  process.stdout.write(`\n== ${name}\n`)
  const started = Date.now()
  const { code } = await runProcess(node24, args, { env: checkoutEnvironment(extra), onOutput: (chunk) => process.stdout.write(chunk) })
  process.stdout.write(
    `== ${name}: ${code === 0 ? 'ok' : `failed (${code ?? 'no exit code'})`}, ${((Date.now() - started) / 1000).toFixed(1)} s\n`,
  )
  if (code !== 0) failedSteps.push(name)
  return code === 0
}

/** A step that left no report has run no test that can be counted; its failure is already noted. */
function readReport(path) {
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : null
}

function readVitest(name, project) {
  const report = readReport(join(REPORTS, `${project}.json`))
  if (report === null) return
  totals.passed += report.numPassedTests
  totals.failed += report.numFailedTests
  if (report.numFailedTests > 0) countedFailures.add(name)
  totals.skipped += report.numPendingTests + report.numTodoTests
  for (const file of report.testResults) {
    for (const test of file.assertionResults) {
      if (!['skipped', 'pending', 'todo', 'disabled'].includes(test.status)) continue
      const why = test.meta?.reason ?? test.meta?.note ?? 'its condition does not hold on this machine'
      skips.push(`${test.fullName} (${why})`)
    }
  }
}

function readPlaywright(path) {
  const report = readReport(path)
  if (report === null) return
  totals.passed += report.stats.expected + report.stats.flaky
  totals.failed += report.stats.unexpected
  if (report.stats.unexpected > 0) countedFailures.add('e2e tests')
  totals.skipped += report.stats.skipped
  const visit = (suite) => {
    for (const inner of suite.suites ?? []) visit(inner)
    for (const spec of suite.specs ?? []) {
      for (const test of spec.tests) {
        if (test.status === 'skipped')
          skips.push(`${spec.title} (${test.annotations.map((note) => note.description ?? note.type).join('; ') || 'no reason given'})`)
      }
    }
  }
  for (const suite of report.suites) visit(suite)
}
