import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { removeTree } from '../../../checkpoints/remove-tree'
import { noEngineReason, startDockerEngine, type DockerEngine } from '../../../testing/docker-engine'
import { callTool } from '../../../testing/driver-harness'
import { writeOwned } from '../../../testing/overlay-fixture'
import { shellGuestBinds } from '../../guest/guest-binds'
import { createDockerProvider, type DockerProvider } from '../../sandboxes/docker/docker-sandbox'
import { DEFAULT_LIMITS, type Sandbox } from '../../sandboxes/sandbox'
import { createShellDriver, type ShellDriver } from './shell-driver'

const reason = noEngineReason()

describe.skipIf(reason !== null)('a shell in a container', { meta: { reason: reason ?? '' } }, () => {
  let engine: DockerEngine
  let provider: DockerProvider
  let root: string
  let sandbox: Sandbox
  let driver: ShellDriver
  const run = (command: string, timeoutMs = 20_000) => callTool(driver, sandbox, 'shell.run', { command, timeoutMs })

  beforeAll(async () => {
    engine = await startDockerEngine()
    root = mkdtempSync(join(tmpdir(), 'keyframe-docker-shell-'))
    writeOwned(join(root, 'base'), { 'src/a.ts': 'a\n' })
    provider = createDockerProvider({ dockerPath: engine.dockerPath, host: engine.host, image: engine.image, nodePath: process.execPath })
    sandbox = await provider.open({
      dir: join(root, 'branch'),
      baseDir: join(root, 'base'),
      layerDir: null,
      dependencies: [],
      binds: shellGuestBinds(join(import.meta.dirname, '../../../../../..')),
      limits: DEFAULT_LIMITS,
    })
    driver = createShellDriver({ onTerminalData: () => undefined })
  }, 60_000)
  afterAll(async () => {
    await driver.dispose()
    await sandbox.dispose()
    await engine.dispose()
    await removeTree(root)
  }, 60_000)

  it('keeps its state, tells what runs, is interrupted and answered', async () => {
    expect(await run('cd src; export WORD=kept')).toMatchObject({
      exitCode: 0,
      cwd: '/workspace/src',
      environment: { added: [{ name: 'WORD', value: 'kept' }] },
    })
    expect((await run('sleep 60 & sleep 0.2')).processes).toMatchObject([{ line: 'sleep 60' }])
    expect(await run('kill %1; sleep 30', 300)).toMatchObject({ timedOut: true, exitCode: 130 })
    expect(await run(`bash -c 'trap "" INT; while :; do sleep 0.1; done'`, 300)).toMatchObject({ timedOut: true, exitCode: 137 })
    const asked = await callTool(driver, sandbox, 'shell.run', {
      command: 'read -p "name? " name; echo "hello $name $WORD"',
      waitFor: 'input',
    })
    expect(asked).toMatchObject({ state: 'running', output: 'name? ' })
    const answered = await callTool(driver, sandbox, 'shell.input', { text: 'Ada\n' })
    expect(answered.output).toContain('hello Ada kept')
    expect(await run('exit 3')).toMatchObject({ exitCode: 3 })
    expect(await run('echo $WORD')).toMatchObject({ output: 'kept\n', cwd: '/workspace/src' })
  })
})
