import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { callTool } from '../../../testing/driver-harness'
import { type OverlayFixture, overlayFixture } from '../../../testing/overlay-fixture'
import { shellGuestBinds } from '../../guest/guest-binds'
import type { Sandbox } from '../../sandboxes/sandbox'
import { type ShellDriver, createShellDriver } from './shell-driver'

const binds = shellGuestBinds(join(import.meta.dirname, '../../../../../..'))
let fixture: OverlayFixture
let sandbox: Sandbox
let driver: ShellDriver
let terminal: string

const open = (): ShellDriver =>
  createShellDriver({
    onTerminalData: (_session, stream, data) => {
      if (stream === 'output') terminal += data
    },
  })
const run = (command: string, timeoutMs = 20_000) => callTool(driver, sandbox, 'shell.run', { command, timeoutMs })

beforeEach(async () => {
  terminal = ''
  fixture = overlayFixture({ 'README.md': 'read me\n', 'src/a.ts': 'a\n' })
  sandbox = await fixture.open('one', { binds })
  driver = open()
})
afterEach(async () => {
  await driver.dispose()
  await fixture.dispose()
})

describe('a shell in an overlay sandbox', () => {
  it('keeps directory, variables and jobs over calls, as an ordinary user, with job control', async () => {
    expect(await run('cd src && word=kept && id -u')).toMatchObject({ exitCode: 0, cwd: '/workspace/src', output: '1001\n' })
    expect(await run('echo $word $PWD; echo $-')).toMatchObject({ output: expect.stringMatching(/^kept \/workspace\/src\n\w*m\w*\n$/) })
    await run('sleep 60 &')
    expect((await run('jobs; kill %1; wait %1')).output).toMatch(/Running +sleep 60 &/)
  })

  it('shows the same state in the sandbox of a fork', async () => {
    await run('mkdir made; cd made; export A=1; list=(x "y z"); f() { echo "f $1"; }; alias g="f alias"; set -o pipefail')
    const captured: unknown = JSON.parse(JSON.stringify(await driver.capture()))
    const fork = await fixture.open('two', { binds })
    await fork.run({ argv: ['mkdir', 'made'] }, { timeoutMs: 10_000 })
    const other = open()
    expect(await other.restore(captured, fork)).toEqual({ notRestored: [] })
    const result = await callTool(other, fork, 'shell.run', {
      command: 'pwd; printenv A; echo "${list[1]}"; f x; g; set -o | grep pipefail',
    })
    expect(result.output).toBe('/workspace/made\n1\ny z\nf x\nf alias\npipefail       \ton\n')
    await other.dispose()
  })

  it('interrupts and kills in the process namespace of the session', async () => {
    await run('word=kept')
    expect(await run('sleep 30', 300)).toMatchObject({ timedOut: true, exitCode: 130 })
    expect(await run(`bash -c 'trap "" INT; while :; do sleep 0.1; done'`, 300)).toMatchObject({ timedOut: true, exitCode: 137 })
    expect(terminal).not.toContain('The shell ended')
    expect((await run('echo $word')).output).toBe('kept\n')
    expect((await run(`trap '' INT; while :; do :; done`, 300)).timedOut).toBe(true)
    expect(terminal).toContain('The shell ended')
    expect((await run('echo $word')).output).toBe('kept\n')
  })

  it('goes on after exit, syntax errors, forged marks and large output', async () => {
    await run('word=kept')
    expect((await run('echo "unclosed')).output).toContain('unexpected EOF')
    expect(await run(`printf '\\e]633;x;D;1;0;1\\a'; (exit 5)`)).toMatchObject({ exitCode: 5, output: '' })
    expect(await run('yes | head -c 10000000')).toMatchObject({ exitCode: 0, truncated: true })
    expect(await run('exit 3')).toMatchObject({ exitCode: 3 })
    expect((await run('echo $word')).output).toBe('kept\n')
  })

  it('leaves nothing of its own in the exchange folder but the state', async () => {
    await run('true')
    expect((await run('ls -A /run/keyframe | sort')).output).toMatch(
      /^main\.\d+\.command\nmain\.history\nmain\.list\nmain\.state\nmain\.traps\n$/,
    )
  })

  it('tells pids and parents as they are inside, daemons too', async () => {
    const { processes = [] } = await run('setsid sleep 60 >/dev/null 2>&1 & sleep 0.2; (nohup sleep 61 >/dev/null 2>&1 &); sleep 0.2; true')
    expect(processes.map(({ line }) => line).sort()).toEqual(['sleep 60', 'sleep 61'])
    const kill = processes.map(({ pid }) => pid).join(' ')
    expect(await run(`kill ${kill}; sleep 0.2; true`)).toMatchObject({ exitCode: 0, processes: [] })
  })

  it('explains why a folder of the base cannot be renamed, where the program does not copy it', async () => {
    const rename = `node -e 'require("fs").renameSync("src", "moved")'`
    const result = await run(rename)
    expect(result).toMatchObject({ exitCode: 1, hints: [{ code: 'cross-device' }] })
    expect(await run('mv src moved && ls moved')).toMatchObject({ exitCode: 0, output: 'a.ts\n', hints: [] })
  })

  it('explains that there is no network, and what may not be written', async () => {
    const lookup = `node -e 'require("dns").lookup("example.org", (error) => { console.error(error.message); process.exit(3) })'`
    expect(await run(lookup)).toMatchObject({ exitCode: 3, hints: [{ code: 'no-network' }] })
    expect((await run('touch /usr/made')).hints).toMatchObject([{ code: 'read-only' }])
  })

  it('runs a job in the background and stops it with everything that it started', async () => {
    const call = <Name extends 'shell.start' | 'shell.wait' | 'shell.close'>(name: Name, args: Parameters<typeof callTool<Name>>[3]) =>
      callTool(driver, sandbox, name, args)
    await call('shell.start', { command: 'echo up; (sleep 62 &) ; exec sleep 63' })
    const waiting = await call('shell.wait', { session: 'job-1', timeoutMs: 300 })
    expect(waiting).toMatchObject({ state: 'running', output: 'up\n' })
    await call('shell.close', { session: 'job-1' })
    expect((await sandbox.processes()).filter((line) => line.startsWith('sleep'))).toEqual([])
    expect((await run('ls -A /run/keyframe | grep ^job')).output).toBe('')
  })
})
