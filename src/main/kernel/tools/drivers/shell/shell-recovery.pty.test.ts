import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { callTool } from '../../../testing/driver-harness'
import type { LocalSandbox } from '../../../testing/local-sandbox'
import { openLocalShellSandbox } from '../../../testing/local-shell-sandbox'
import { type ShellDriver, createShellDriver } from './shell-driver'

let sandbox: LocalSandbox
let driver: ShellDriver
let terminal: string

const run = (command: string, timeoutMs = 20_000) => callTool(driver, sandbox, 'shell.run', { command, timeoutMs })

beforeEach(async () => {
  terminal = ''
  sandbox = await openLocalShellSandbox()
  driver = createShellDriver({
    onTerminalData: (_session, stream, data) => {
      if (stream === 'output') terminal += data
    },
  })
  await run('kept=yes')
})
afterEach(async () => {
  await driver.dispose()
  await sandbox.dispose()
})

describe('a session goes on after', () => {
  it.each([
    ['the prompt variables are unset', 'unset PS0 PS1 PROMPT_COMMAND'],
    ['the prompt variables are read-only', `PS1='mine '; readonly PS1 PS0 PROMPT_COMMAND='echo hi'`],
    ['IFS is read-only', 'readonly IFS=ab'],
    ['a prompt command fails', `PROMPT_COMMAND='false; nonsense'`],
    ['a prompt command changes what is shown', `PROMPT_COMMAND='printf "\\e]0;title\\a"; PS1="$(date) "'`],
    ['the terminal is raw', 'stty raw -echo'],
    ['standard error goes elsewhere', 'exec 2>/dev/null'],
    ['standard output goes elsewhere and back', 'exec 5>&1 >/dev/null; true; exec >&5 5>&-'],
    ['interrupts are ignored', `trap '' INT TERM QUIT TSTP`],
    ['traps for everything', `trap 'echo d >/dev/null' DEBUG; trap 'touch err' ERR; trap : RETURN EXIT; set -ET`],
    ['options are set', 'set -uxvfCn; set -o posix; set -o vi; shopt -s extglob nullglob failglob nocasematch'],
    ['names are taken', 'eval() { :; }; printf() { :; }; history() { :; }; alias eval=: local=: echo="echo"; unset -f eval'],
    ['the hooks are attacked', '__kf_prompt() { :; }; unset -f __kf; __kf_nonce=x; unset __kf_dir'],
    ['a program leaves processes that print', '(sleep 0.3; echo late) & (while sleep 0.2; do echo noise; done >/dev/null) & disown -a'],
  ])('%s', async (_what, command) => {
    await run(command)
    const first = await run('echo "still $kept" >/dev/tty')
    expect(first).toMatchObject({ exitCode: 0, state: 'ended' })
    expect(first.output).toContain('still yes')
    expect((await run('(exit 6)')).exitCode).toBe(6)
    expect((await run('echo "again $kept" >/dev/tty')).output).toContain('again yes')
    await run('kill $(jobs -p) 2>/dev/null; true')
  })

  it('a command that ran out of time where interrupts are ignored and the terminal was raw', async () => {
    await run(`trap '' INT; stty raw -echo`)
    expect((await run('read -t 5 line </dev/tty', 300)).timedOut).toBe(true)
    expect((await run('echo $kept')).output).toBe('yes\n')
  })

  it.each([
    ['exit', 'exit 3', 3],
    ['kill -9', 'kill -9 $$', 137],
    ['logout of a subshell only', '(exit 3)', null],
    ['set -e', 'set -e; false', 1],
    ['a program in its place that ends', 'exec sh -c "exit 4"', 4],
    ['input from nothing', 'exec </dev/null', null],
  ])('its shell ended: %s', async (_what, command, exitCode) => {
    const result = await run(command)
    if (exitCode !== null) expect(result.exitCode).toBe(exitCode)
    expect(await run('echo $kept')).toMatchObject({ output: 'yes\n', exitCode: 0 })
  })

  it('its own files were made into pipes, folders and links', async () => {
    const file = (kind: string): string => `"${sandbox.exchangeDir}/main.${kind}"`
    await run(
      `rm ${file('history')} ${file('list')} ${file('traps')}; mkdir ${file('history')} ${file('list')}; ln -s /dev/full ${file('traps')}`,
    )
    expect((await run('(exit 6)')).exitCode).toBe(6)
    expect(await run(`rm ${file('state')}; mkfifo ${file('state')}`, 400)).toMatchObject({ state: 'ended' })
    expect(await run('echo $kept')).toMatchObject({ output: 'yes\n', exitCode: 0 })
  })

  it.each([['exec bash'], ['exec bash --norc -i'], ['exec sh']])('another shell took its place: %s', async (command) => {
    const result = await run(command)
    expect(result).toMatchObject({ state: 'ended', timedOut: false })
    expect(terminal).toContain('took the place of this one')
    expect((await run('echo $kept')).output).toBe('yes\n')
  })

  it('a person took its hooks away, or another shell in its place', async () => {
    driver.write('main', 'unset PROMPT_COMMAND PS1 PS0\r')
    await expect.poll(() => terminal).toContain('unset PROMPT_COMMAND')
    expect((await run('echo $kept')).output).toBe('yes\n')
    driver.write('main', 'PS1="new-prompt "; PROMPT_COMMAND=; exec bash --norc\r')
    await expect.poll(() => terminal).toMatch(/bash-\d|# $|\$ $/)
    expect((await run('echo $kept')).output).toBe('yes\n')
  })

  it('its sandbox was replaced by another', async () => {
    const other = await openLocalShellSandbox()
    const result = await callTool(driver, other, 'shell.run', { command: 'echo $kept; pwd' })
    expect(result.output).toBe(`yes\n${other.workspaceDir}\n`)
    await driver.dispose()
    await other.dispose()
  })
})
