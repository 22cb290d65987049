import { mkdir, realpath } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { callTool, failureOf } from '../../../testing/driver-harness'
import type { LocalSandbox } from '../../../testing/local-sandbox'
import { openLocalShellSandbox } from '../../../testing/local-shell-sandbox'
import { type ShellDriver, createShellDriver } from './shell-driver'

let sandbox: LocalSandbox
let driver: ShellDriver
let terminal: string

function open(): ShellDriver {
  return createShellDriver({
    onTerminalData: (_session, stream, data) => {
      if (stream === 'output') terminal += data
    },
  })
}

const run = (command: string, options: { timeoutMs?: number } = {}) => callTool(driver, sandbox, 'shell.run', { command, ...options })

beforeEach(async () => {
  terminal = ''
  sandbox = await openLocalShellSandbox()
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
    expect(result).toMatchObject({
      session: 'main',
      exitCode: 3,
      output: 'red\n',
      truncated: false,
      cwd: await realpath(join(sandbox.workspaceDir, 'src')),
      timedOut: false,
    })
    expect(terminal).toContain('cd src\r\n> printf "\\e[31mred\\e[0m\\n"; (exit 3)\r\n')
    expect(terminal).not.toContain('__kf')
    expect(await run('echo $?; pwd')).toMatchObject({ exitCode: 0, output: `3\n${join(sandbox.workspaceDir, 'src')}\n` })
  })

  it('runs multi-line commands, here documents and declarations at top level', async () => {
    const result = await run('declare -A sizes=([a]=1)\ncat <<END\none $((1 + 1))\nEND\nfor x in 1 2; do\n  echo "x=$x"\ndone')
    expect(result).toMatchObject({ exitCode: 0, output: 'one 2\nx=1\nx=2\n' })
    expect((await run('echo "${sizes[a]}"')).output).toBe('1\n')
  })

  it('reports a syntax error without hanging and goes on', async () => {
    const broken = await run('echo "unclosed')
    expect(broken.exitCode).not.toBe(0)
    expect(broken.output).toContain('unexpected EOF')
    expect((await run('if then')).output).toContain('syntax error')
    expect((await run('echo fine')).output).toBe('fine\n')
  })

  it('takes any bytes a command may have: quotes, history marks, escapes, emoji, nothing to echo', async () => {
    const result = await run(`printf '%s|' 'it'"'"'s' "a!b" '\\' $'\\t' 'é🙂' "$(echo '$x')"`)
    expect(result.output).toBe("it's|a!b|\\|\t|é🙂|$x|")
    expect((await run('true')).output).toBe('')
  })

  it('does not believe marks in output', async () => {
    const forged = '\\e]633;D;1;0;1\\a\\e]633;0123456789abcdef0123456789abcdef;D;1;77;1\\a'
    const result = await run(`printf '${forged}'; printf '\\e]633;E;1\\a'; echo after; (exit 5)`)
    expect(result).toMatchObject({ exitCode: 5, output: 'after\n' })
  })

  it('interrupts a command that takes too long and keeps the session', async () => {
    await run('kept=yes')
    const result = await run('sleep 30', { timeoutMs: 300 })
    expect(result).toMatchObject({ timedOut: true, exitCode: 130 })
    expect((await run('echo $kept')).output).toBe('yes\n')
  })

  it('kills a command that ignores the interrupt', async () => {
    await run('kept=yes')
    const result = await run(`bash -c 'trap "" INT; while :; do sleep 0.1; done'`, { timeoutMs: 300 })
    expect(result).toMatchObject({ timedOut: true, exitCode: 137 })
    expect((await run('echo $kept')).output).toBe('yes\n')
  })

  it('makes the session again when the shell itself does not stop', async () => {
    await run('kept=yes')
    const result = await run(`trap '' INT; while :; do :; done`, { timeoutMs: 300 })
    expect(result.timedOut).toBe(true)
    expect((await run('echo $kept')).output).toBe('yes\n')
  })

  it('stops a cancelled command and says so', async () => {
    const abort = new AbortController()
    const call = callTool(driver, sandbox, 'shell.run', { command: 'sleep 30' }, { signal: abort.signal })
    setTimeout(() => abort.abort(), 200)
    expect((await failureOf(call)).code).toBe('cancelled')
    expect((await run('echo next')).output).toBe('next\n')
  })

  it('reports a command that ends the shell and goes on with the old state', async () => {
    await run('mkdir -p deep; cd deep; word=kept; say() { echo "said $1"; }; alias twice="say 2"')
    expect(await run('echo bye; exit 3')).toMatchObject({ exitCode: 3, output: 'bye\nexit\n', timedOut: false })
    const after = await run('pwd; echo $word; say x; twice')
    expect(after.output).toBe(`${join(sandbox.workspaceDir, 'deep')}\nkept\nsaid x\nsaid 2\n`)
  })

  it('keeps both ends of 10 MB of output in the result and all of it in the terminal', async () => {
    const result = await run('echo first; head -c 10000000 /dev/zero | tr "\\0" x | fold -w 99; echo; echo last')
    expect(result).toMatchObject({ exitCode: 0, truncated: true })
    expect(result.output.startsWith('first\nxxx')).toBe(true)
    expect(result.output.endsWith('xxx\nlast\n')).toBe(true)
    expect(result.output.length).toBeLessThan(1_100_000)
    expect(result.output).toMatch(/characters left out/)
    expect(terminal.match(/x/g)?.length).toBeGreaterThanOrEqual(10_000_000)
  })

  it('survives binary output', async () => {
    const result = await run('head -c 100000 /dev/urandom; (exit 4)')
    expect(result.exitCode).toBe(4)
    expect((await run('echo readable')).output).toBe('readable\n')
  })

  it('shows progress lines as they ended', async () => {
    const result = await run(`for i in 1 50 100; do printf '\\rprogress %s%%' $i; done; echo; printf 'one\\ntwo\\e[1A\\rONE\\e[1B\\n'`)
    expect(result.output).toBe('progress 100%\nONE\ntwo\n')
  })

  it('does not wait for background jobs and lists them as not restored', async () => {
    const result = await run('sleep 30 & echo started')
    expect(result.output).toMatch(/started/)
    const captured = JSON.parse(JSON.stringify(await driver.capture()))
    const other = open()
    const { notRestored } = await other.restore(captured, sandbox)
    expect(notRestored).toEqual([expect.stringMatching(/^main: \[1\].*Running +sleep 30/)])
    await other.dispose()
    await run('kill %1; wait')
  })

  it('survives set -eu, odd IFS, functions named like builtins and a changed prompt', async () => {
    await run(`IFS=x; printf() { echo mine; }; PS1='> '; PROMPT_COMMAND='seen=$((\${seen-0} + 1))'; set -u`)
    expect(await run('printf; echo "${IFS}"; echo $((seen > 0))')).toMatchObject({ exitCode: 0, output: 'mine\nx\n1\n' })
    expect((await run('echo "$undefined_name"')).exitCode).toBe(1)
    expect((await run('echo still')).output).toBe('still\n')
    expect((await run('set -x; echo traced')).output).toMatch(/\+ echo traced\ntraced\n/)
    expect((await run('set +x')).exitCode).toBe(0)
    await run('set -e')
    expect((await run('false')).exitCode).toBe(1)
    expect((await run('echo alive')).output).toBe('alive\n')
  })

  it('runs calls of one session one after the other', async () => {
    const results = await Promise.all([run('sleep 0.2; echo a; n=1'), run('echo b $n'), run('echo c')])
    expect(results.map(({ output }) => output)).toEqual(['a\n', 'b 1\n', 'c\n'])
  })

  it('empties a line that a person has begun, and is busy while their program runs', async () => {
    await run('true')
    driver.write('main', 'rm -rf unfinished')
    expect((await run('echo clean')).output).toBe('clean\n')
    driver.write('main', 'sleep 20\r')
    await expect.poll(() => terminal).toMatch(/sleep 20\r\n/)
    expect((await failureOf(run('echo no', { timeoutMs: 300 }))).code).toBe('shell.busy')
    driver.write('main', '\x03')
    expect((await run('echo free')).output).toBe('free\n')
  })
})

describe('a person at the terminal', () => {
  it('has a session of their own, resizable and listed', async () => {
    await driver.attach(sandbox)
    expect(await driver.open(null, 90, 20)).toMatchObject({ session: 'user', live: true, cols: 90, rows: 20 })
    driver.write('user', 'stty size; echo "from a person"\r')
    await expect.poll(() => terminal).toMatch(/20 90\r\nfrom a person\r\n/)
    driver.resize('user', 100, 40)
    driver.write('user', 'stty size\r')
    await expect.poll(() => terminal).toMatch(/40 100\r\n/)
    expect(driver.list()).toEqual([expect.objectContaining({ session: 'user', title: 'You', cols: 100, rows: 40 })])
    expect(() => driver.write('nobody', 'x')).toThrow('There is no session nobody.')
  })
})

describe('state', () => {
  it('is the same after capture and restore', async () => {
    await run('mkdir -p "a dir"; cd "a dir"; umask 077')
    await run(
      `export EXPORTED='it'"'"'s'; local_one=$'two\\nlines\\x01'; list=(1 "2 3"); declare -A map=([k]=v); declare -ri fixed=7; IFS=:`,
    )
    await run('greet() {\n  echo "hello $1"\n}\nexport -f greet; alias gg="greet again"')
    await run('shopt -s extglob nullglob; set -u; set -o pipefail; set +o braceexpand')
    await run(`PS1='mine> '; trap 'echo bye' USR1`)
    const captured = JSON.parse(JSON.stringify(await driver.capture()))
    const before = await run(
      'declare -p EXPORTED local_one list map fixed IFS; declare -f; alias; shopt -p; set +o; umask; pwd; trap -p; echo "$PS1"',
    )
    const other = open()
    expect(await other.restore(captured, sandbox)).toEqual({ notRestored: [] })
    expect(other.list()).toEqual([expect.objectContaining({ session: 'main', live: true, cwd: join(sandbox.workspaceDir, 'a dir') })])
    const args = {
      command: 'declare -p EXPORTED local_one list map fixed IFS; declare -f; alias; shopt -p; set +o; umask; pwd; trap -p; echo "$PS1"',
    }
    const after = await callTool(other, sandbox, 'shell.run', args)
    const withoutNonce = (text: string): string => text.replace(/[0-9a-f]{32}/g, 'NONCE')
    expect(withoutNonce(after.output)).toBe(withoutNonce(before.output))
    expect(after.cwd).toBe(before.cwd)
    const history = await callTool(other, sandbox, 'shell.run', { command: 'fc -ln 1 1; gg; bash -c "greet child"' })
    expect(history.output).toBe('\t mkdir -p "a dir"; cd "a dir"; umask 077\nhello again\nhello child\n')
    await other.dispose()
  })

  it('of a folder that is gone begins in the workspace and says so', async () => {
    await run('mkdir gone; cd gone; word=kept')
    const captured = await driver.capture()
    await run('cd ..; rmdir gone')
    const other = open()
    await other.restore(captured, sandbox)
    const result = await callTool(other, sandbox, 'shell.run', { command: 'pwd; echo $word' })
    expect(result.output).toBe(`${sandbox.workspaceDir}\nkept\n`)
    expect(terminal).toContain('is not there any more')
    await other.dispose()
  })

  it('is not taken from a file that a command put in its place', async () => {
    await run('word=kept')
    const before = JSON.stringify(await driver.capture())
    const forged = `trap 'printf "keyframe-shell-1\\0999\\0000\\0/etc\\0" >"${sandbox.exchangeDir}/main.state"; kill -9 $$' USR1; kill -USR1 $$; sleep 1`
    expect((await run(forged)).exitCode).toBe(137)
    expect(JSON.stringify(await driver.capture()).length).toBeGreaterThanOrEqual(before.length)
    expect(await run('echo $word')).toMatchObject({ output: 'kept\n', cwd: sandbox.workspaceDir })
  })

  it('that is no capture is refused', async () => {
    expect((await failureOf(driver.restore({ version: 2 }, sandbox))).code).toBe('shell.bad-capture')
    expect(await driver.restore(null, sandbox)).toEqual({ notRestored: [] })
  })
})
