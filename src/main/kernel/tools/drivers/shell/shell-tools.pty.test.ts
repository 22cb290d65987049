import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { z } from 'zod'
import { callTool, failureOf } from '../../../testing/driver-harness'
import type { LocalSandbox } from '../../../testing/local-sandbox'
import { openLocalShellSandbox } from '../../../testing/local-shell-sandbox'
import { ToolSchemas, type ToolName } from '../../schemas'
import { type ShellDriver, createShellDriver } from './shell-driver'

let sandbox: LocalSandbox
let driver: ShellDriver
const terminal = new Map<string, string>()

const call = <Name extends ToolName>(name: Name, args: z.input<(typeof ToolSchemas)[Name]['input']>) =>
  callTool(driver, sandbox, name, args)
const run = (command: string, waitFor?: 'input' | number) => call('shell.run', { command, ...(waitFor === undefined ? {} : { waitFor }) })

beforeEach(async () => {
  terminal.clear()
  sandbox = await openLocalShellSandbox()
  driver = createShellDriver({
    onTerminalData: (session, stream, data) => {
      if (stream === 'output') terminal.set(session, (terminal.get(session) ?? '') + data)
    },
  })
})
afterEach(async () => {
  await driver.dispose()
  await sandbox.dispose()
})

describe('what a command did', () => {
  it('is told with its directories, environment and what it left running', async () => {
    await run('export OLD=1 GONE=2')
    const result = await run(
      'mkdir sub; cd sub; export OLD=changed NEW="two words"; unset GONE; local_only=1; sleep 60 & disown; echo done',
    )
    expect(result).toMatchObject({
      state: 'ended',
      command: expect.stringContaining('mkdir sub'),
      cwdBefore: sandbox.workspaceDir,
      cwd: join(sandbox.workspaceDir, 'sub'),
      environment: {
        added: [{ name: 'NEW', value: 'two words' }],
        changed: [{ name: 'OLD', before: '1', after: 'changed' }],
        removed: ['GONE'],
      },
      processes: [{ pid: expect.any(Number), parent: expect.any(Number), line: 'sleep 60' }],
    })
    expect(result.durationMs).toBeGreaterThanOrEqual(0)
    const [left] = result.processes ?? []
    expect(await run(`kill ${left?.pid}; sleep 0.1; true`)).toMatchObject({
      processes: [],
      environment: { added: [], changed: [], removed: [] },
    })
  })

  it('says nothing of hints when it succeeded, and why it failed where the sandbox is the reason', async () => {
    expect((await run('echo "Invalid cross-device link"')).hints).toEqual([])
    expect((await run('echo "fatal: renaming failed: Invalid cross-device link" >&2; (exit 128)')).hints).toMatchObject([
      { code: 'cross-device' },
    ])
  })
})

describe('a program that asks', () => {
  it('is answered, and answered again, until it ends', async () => {
    const asked = await run(
      `read -p "name? " name; echo "hello $name"; read -rsp 'password: ' secret; echo; echo "\${#secret} characters"; (exit 4)`,
      'input',
    )
    expect(asked).toMatchObject({ state: 'running', exitCode: -1, output: 'name? ' })
    const second = await call('shell.input', { text: 'Ada', keys: ['enter'] })
    expect(second).toMatchObject({ state: 'running', output: expect.stringMatching(/^(name\? )?Ada\nhello Ada\npassword: ?$/) })
    expect(await call('shell.input', { text: 'hidden\n' })).toMatchObject({ state: 'ended', exitCode: 4, output: '\n6 characters\n' })
    expect(terminal.get('main')).not.toContain('hidden')
    expect(await run('echo free')).toMatchObject({ output: 'free\n', state: 'ended' })
  })

  it('keeps its session busy, which is said at once, and ends by keys', async () => {
    const started = await run('cat', 'input')
    expect(started.state).toBe('running')
    expect(driver.list()).toMatchObject([{ session: 'main', running: 'cat', processes: ['cat'] }])
    expect((await failureOf(run('echo no'))).code).toBe('shell.busy')
    expect(await call('shell.input', { text: 'echoed\n' })).toMatchObject({ state: 'running', output: 'echoed\nechoed\n' })
    expect(await call('shell.input', { keys: ['ctrl-d'], waitFor: 'end' })).toMatchObject({ state: 'ended', exitCode: 0 })
    expect(driver.list()).toMatchObject([{ session: 'main', running: null, processes: [] }])
  })

  it('is given back after a time that was asked for, waited for, and interrupted', async () => {
    const first = await run('echo one; until [ -e go ]; do sleep 0.05; done; echo two', 100)
    expect(first.state).toBe('running')
    await writeFile(join(sandbox.workspaceDir, 'go'), '')
    const rest = await call('shell.wait', { session: 'main' })
    expect(rest).toMatchObject({ state: 'ended', exitCode: 0 })
    expect(first.output + rest.output).toBe('one\ntwo\n')
    expect((await run('sleep 60', 50)).state).toBe('running')
    expect(await call('shell.wait', { session: 'main', timeoutMs: 100 })).toMatchObject({ state: 'running', timedOut: false })
    expect(await call('shell.interrupt', {})).toMatchObject({ state: 'ended', exitCode: 130 })
    await run(`bash -c 'trap "" INT; echo deaf; while :; do sleep 0.05; done'`, 50)
    await expect.poll(async () => (await call('shell.output', { session: 'main' })).text).toContain('deaf')
    expect((await call('shell.interrupt', {})).state).toBe('running')
    expect(await call('shell.interrupt', { force: true })).toMatchObject({ state: 'ended', exitCode: 137 })
  })

  it('is no way to type commands', async () => {
    await run('true')
    expect((await failureOf(call('shell.input', { text: 'touch made\n' }))).code).toBe('shell.nothing-runs')
    expect((await failureOf(call('shell.input', { session: 'other', text: 'x' }))).code).toBe('shell.no-session')
    expect((await failureOf(call('shell.interrupt', {}))).code).toBe('shell.nothing-runs')
    await run('cat', 'input')
    expect((await failureOf(call('shell.input', { keys: ['ctrl-alt-delete'] }))).code).toBe('shell.unknown-key')
  })

  it('may be a whole-screen program', async () => {
    await writeFile(join(sandbox.workspaceDir, 'long.txt'), Array.from({ length: 200 }, (_, line) => `line ${line}\n`).join(''))
    expect((await run('PAGER= less long.txt', 'input')).state).toBe('running')
    expect((await call('shell.input', { keys: ['G'] })).output).toContain('line 199')
    expect(await call('shell.input', { keys: ['q'] })).toMatchObject({ state: 'ended', exitCode: 0 })
    expect(await run('echo after')).toMatchObject({ output: 'after\n' })
  })
})

describe('background jobs', () => {
  it('run beside the session with its state, are read in parts, and end with their exit code', async () => {
    await run('mkdir -p deep; cd deep; export WORD=kept')
    const { job, cwd } = await call('shell.start', { command: 'echo "$WORD $PWD"; read line; echo "got $line"; exit 7' })
    expect([job, cwd]).toEqual(['job-1', join(sandbox.workspaceDir, 'deep')])
    expect(await run('echo meanwhile')).toMatchObject({ output: 'meanwhile\n' })
    await expect.poll(async () => (await call('shell.output', { session: job, offset: 0 })).text).toBe(`kept ${cwd}\n`)
    const first = await call('shell.output', { session: job })
    expect(first).toMatchObject({ state: 'running', exitCode: null })
    expect((await call('shell.jobs', {})).jobs).toMatchObject([{ job, state: 'running', exitCode: null, lastOutput: `kept ${cwd}\n` }])
    await call('shell.input', { session: job, text: 'x\n', waitFor: 'end' })
    expect(await call('shell.wait', { session: job })).toMatchObject({ state: 'ended', exitCode: 7 })
    await expect.poll(async () => (await call('shell.jobs', {})).jobs).toMatchObject([{ job, state: 'ended', exitCode: 7 }])
    expect((await call('shell.output', { session: job, offset: first.nextOffset })).text).toContain('got x\n')
    expect(terminal.get(job)).toContain('got x')
    expect((await call('shell.sessions', {})).sessions.map(({ session }) => session)).toEqual(['main'])
  })

  it('can be waited for, closed and are listed as not restored', async () => {
    await call('shell.start', { command: 'sleep 60' })
    await call('shell.start', { command: 'sleep 61' })
    expect(await call('shell.wait', { session: 'job-1', timeoutMs: 100 })).toMatchObject({ state: 'running', command: 'sleep 60' })
    const captured: unknown = JSON.parse(JSON.stringify(await driver.capture()))
    expect(await call('shell.close', { session: 'job-1' })).toEqual({ session: 'job-1', ended: ['sleep 60'] })
    expect((await call('shell.jobs', {})).jobs).toMatchObject([{ state: 'stopped' }, { state: 'running' }])
    const other = createShellDriver({ onTerminalData: () => undefined })
    expect(await other.restore(captured, sandbox)).toEqual({ notRestored: ['job-1: sleep 60', 'job-2: sleep 61'] })
    expect((await callTool(other, sandbox, 'shell.start', { command: 'true' })).job).toBe('job-3')
    await other.dispose()
  })

  it('are as many as are allowed', async () => {
    expect((await failureOf(call('shell.wait', { session: 'job-9' }))).code).toBe('shell.no-session')
    expect((await failureOf(call('shell.run', { command: 'true', session: 'job-1' }))).code).toBe('shell.bad-session')
  })
})

describe('sessions', () => {
  it('have names, sizes and states of their own', async () => {
    await call('shell.run', { command: 'cd /; x=1; (exit 3)', session: 'build' })
    await run('x=2')
    expect(await call('shell.run', { command: 'echo $x $PWD', session: 'build' })).toMatchObject({ output: '1 /\n' })
    await call('shell.resize', { session: 'build', cols: 77, rows: 11 })
    expect(await call('shell.run', { command: 'stty size; (exit 5)', session: 'build' })).toMatchObject({ output: '11 77\n' })
    expect((await call('shell.sessions', {})).sessions).toMatchObject([
      { session: 'build', cwd: '/', live: true, running: null, lastExitCode: 5, cols: 77 },
      { session: 'main', cwd: sandbox.workspaceDir, lastExitCode: 0 },
    ])
    await call('shell.close', { session: 'build' })
    expect((await call('shell.sessions', {})).sessions.map(({ session }) => session)).toEqual(['main'])
  })

  it('of a person are not the agent’s to use', async () => {
    await driver.attach(sandbox)
    await driver.open(null, 80, 24)
    for (const call_ of [
      call('shell.run', { command: 'true', session: 'user' }),
      call('shell.input', { text: 'x', session: 'user' }),
      call('shell.close', { session: 'user' }),
      call('shell.run', { command: 'true', session: 'user-2' }),
    ])
      expect((await failureOf(call_)).code).toBe('shell.not-yours')
    expect((await call('shell.sessions', {})).sessions.map(({ session }) => session)).toEqual(['user'])
  })

  it('show what a person runs in them', async () => {
    await driver.attach(sandbox)
    await driver.open('mine', 80, 24)
    driver.write('mine', 'sleep 60\r')
    await expect.poll(() => driver.list()).toMatchObject([{ session: 'mine', running: 'sleep 60', processes: ['sleep 60'] }])
    await driver.close('mine')
    expect(driver.list()).toEqual([])
  })
})
