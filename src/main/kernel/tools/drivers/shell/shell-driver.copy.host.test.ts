import { mkdtempSync, realpathSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { removeTree } from '../../../checkpoints/remove-tree'
import { callTool } from '../../../testing/driver-harness'
import { writeOwned } from '../../../testing/overlay-fixture'
import { shellGuestBinds } from '../../guest/guest-binds'
import { createCopyProvider } from '../../sandboxes/copy/copy-provider'
import { DEFAULT_LIMITS, type Sandbox } from '../../sandboxes/sandbox'
import { createShellDriver, type ShellDriver } from './shell-driver'

const binds = shellGuestBinds(join(import.meta.dirname, '../../../../../..'))
const provider = createCopyProvider({ nodePath: realpathSync(process.execPath) })
let root: string
let sandboxes: Sandbox[]
let drivers: ShellDriver[]

async function branch(): Promise<{ sandbox: Sandbox; driver: ShellDriver }> {
  const dir = join(root, 'branches', `b${sandboxes.length}`)
  const baseDir = join(root, 'base')
  const ports = { first: 20_000 + 10 * sandboxes.length, last: 20_009 + 10 * sandboxes.length }
  const sandbox = await provider.open({ dir, baseDir, layerDir: null, dependencies: [], binds, limits: DEFAULT_LIMITS, ports })
  const driver = createShellDriver({ onTerminalData: () => undefined })
  sandboxes.push(sandbox)
  drivers.push(driver)
  return { sandbox, driver }
}

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'keyframe-copied-shells-'))
  writeOwned(join(root, 'base'), { 'README.md': 'read me\n', 'src/a.ts': 'a\n' })
  sandboxes = []
  drivers = []
})
afterEach(async () => {
  for (const driver of drivers) await driver.dispose()
  for (const sandbox of sandboxes) await sandbox.dispose()
  await removeTree(root)
})

it('works in the copy’s own folders, and a fork in its own', async () => {
  const one = await branch()
  const run = (command: string, timeoutMs = 20_000) => callTool(one.driver, one.sandbox, 'shell.run', { command, timeoutMs })
  const { workspace } = one.sandbox.guest
  expect(await run('cd src; export WORD=kept; pushd .. >/dev/null; popd >/dev/null; echo $PWD $PORT')).toMatchObject({
    output: `${workspace}/src 20000\n`,
    cwdBefore: workspace,
    environment: { added: [{ name: 'WORD', value: 'kept' }], changed: [], removed: [] },
  })
  expect(await run('sleep 30', 300)).toMatchObject({ timedOut: true, exitCode: 130 })
  expect((await run('sleep 60 & sleep 0.1')).processes).toMatchObject([{ line: 'sleep 60' }])
  const captured: unknown = JSON.parse(JSON.stringify(await one.driver.capture()))

  const two = await branch()
  const { notRestored } = await two.driver.restore(captured, two.sandbox)
  expect(notRestored).toEqual([expect.stringMatching(/^main: \[1\].*sleep 60/)])
  const there = await callTool(two.driver, two.sandbox, 'shell.run', { command: 'echo $PWD $OLDPWD $WORD $PORT' })
  expect(there.output).toBe(`${two.sandbox.guest.workspace}/src ${two.sandbox.guest.workspace} kept 20010\n`)
})
