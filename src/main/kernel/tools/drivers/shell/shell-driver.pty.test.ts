import { mkdir, realpath } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { callTool } from '../../../testing/driver-harness'
import { type LocalSandbox, openLocalSandbox } from '../../../testing/local-sandbox'
import { guestScriptDir } from '../../guest/guest-binds'
import { type ShellDriver, createShellDriver } from './shell-driver'

const rcfile = join(guestScriptDir(join(import.meta.dirname, '../../../../../..')), 'shell-integration.bash')
let sandbox: LocalSandbox
let driver: ShellDriver
let terminal: string

function open(): ShellDriver {
  return createShellDriver({
    rcfile,
    guestExchangeDir: sandbox.exchangeDir,
    onTerminalData: (_session, stream, data) => {
      if (stream === 'output') terminal += data
    },
  })
}

const run = (command: string, options: { timeoutMs?: number } = {}) => callTool(driver, sandbox, 'shell.run', { command, ...options })

beforeEach(async () => {
  terminal = ''
  sandbox = await openLocalSandbox()
  driver = open()
})
afterEach(async () => {
  await driver.dispose()
  await sandbox.dispose()
})

describe('shell.run', () => {
  it('returns exit code, plain output and directory, and shows the command as typed', async () => {
    await mkdir(join(sandbox.workspaceDir, 'src'))
    const result = await run('cd src\nprintf "\\e[31mred\\e[0m\\n"; (exit 3)')
    expect(result).toEqual({
      session: 'main',
      exitCode: 3,
      output: 'red\n',
      truncated: false,
      cwd: await realpath(join(sandbox.workspaceDir, 'src')),
      timedOut: false,
    })
    expect(terminal).toContain('cd src\r\n> printf "\\e[31mred\\e[0m\\n"; (exit 3)\r\n')
    expect(terminal).not.toContain('__kf')
    expect(await run('pwd; echo $?')).toMatchObject({ exitCode: 0, output: `${join(sandbox.workspaceDir, 'src')}\n0\n` })
  })
})
