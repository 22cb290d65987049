import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { callTool } from '../../../testing/driver-harness'
import type { LocalSandbox } from '../../../testing/local-sandbox'
import { openLocalShellSandbox } from '../../../testing/local-shell-sandbox'
import type { Sandbox } from '../../sandboxes/sandbox'
import { type ShellDriver, createShellDriver } from './shell-driver'

let sandbox: LocalSandbox
let driver: ShellDriver
let others: ShellDriver[]

const open = (): ShellDriver => createShellDriver({ onTerminalData: () => undefined })
const run = (command: string, of = driver, where: Sandbox = sandbox) => callTool(of, where, 'shell.run', { command })
const kept = async (): Promise<unknown> => JSON.parse(JSON.stringify(await driver.capture()))

/** A driver with what was captured, and what it says it could not bring back. */
async function restored(where: Sandbox = sandbox): Promise<{ other: ShellDriver; notRestored: readonly string[] }> {
  const other = open()
  others.push(other)
  const { notRestored } = await other.restore(await kept(), where)
  return { other, notRestored }
}

beforeEach(async () => {
  others = []
  sandbox = await openLocalShellSandbox()
  driver = open()
})
afterEach(async () => {
  for (const one of [driver, ...others]) await one.dispose()
  await sandbox.dispose()
})

describe('a restored shell has', () => {
  it.each([
    [
      'arrays and attributes',
      `a=(1 '2 3' [7]=x); declare -A m=(["k 1"]=v [']']=w); declare -i n=7; declare -ru U=upper; declare -l L=LOW; e=()`,
      'declare -p a m n U L e',
    ],
    ['namerefs', 'target=value; declare -n ref=target; declare -n unset_ref=nothing_yet', 'declare -p ref unset_ref; echo $ref'],
    ['exported and unset exported names', `export A=$'two\\nlines' B; export -n C=1; declare -x D`, 'declare -p A B C D; env | grep ^A='],
    ['odd values', `q=$'quote\\'s "and" \\\\ \\t \\x01 é🙂 $(no) \`no\`'; empty=; IFS=$' \\t\\n:'`, 'declare -p q empty IFS'],
    [
      'functions of all kinds',
      `f() { local x=1; echo "f $x $*"; }; g() (cd /; pwd); export -f f; declare -ft f; readonly -f g; h-i() { cat <<'E'\nfunction body () { }\nE\n}`,
      'declare -f; declare -F; h-i; bash -c "f child"',
    ],
    ['aliases', `alias ll='ls -l' q='echo "a b"'`, 'alias -p'],
    [
      'traps, also of the shell’s own',
      `trap 'echo "int $x"' INT; trap '' HUP; trap ': err' ERR; trap ': ret' RETURN; trap ': dbg' DEBUG; trap ': bye' EXIT`,
      'trap -p',
    ],
    ['options', 'set -o pipefail -o noclobber; set +o monitor; shopt -s globstar dotglob; shopt -u checkwinsize', 'set +o; shopt -p'],
    [
      'umask, limits and directories',
      'mkdir -p "a b" c d; umask 027; ulimit -S -c 0; ulimit -S -n 333; ulimit -S -s 4096; cd "a b"; pushd ../c >/dev/null; pushd -n ../d >/dev/null',
      'umask; ulimit -Sc; ulimit -Sn; ulimit -Ss; dirs -l; echo "$OLDPWD"',
    ],
    ['history', 'echo one; true "two\n lines"', 'fc -ln 1 1'],
    [
      'names that the sandbox gave and that are gone or changed',
      'unset HOME; PATH="$PATH:/more"',
      'echo "${HOME-gone} $PATH"; env | grep -c ^HOME=',
    ],
  ])('%s', async (_what, make, tell) => {
    await run(make)
    // Before the question, which belongs to the history of the first.
    const { other, notRestored } = await restored()
    const before = await run(tell)
    expect(notRestored).toEqual([])
    expect(await run(tell, other)).toMatchObject({ output: before.output, exitCode: before.exitCode, cwd: before.cwd })
  })

  it('what its own sandbox gives, not what another gave', async () => {
    await run('export MINE=1')
    const state = await kept()
    const text = JSON.stringify(state)
    expect(text).toContain('MINE')
    expect(text).not.toContain('declare -x HOME')
    const elsewhere = await openLocalShellSandbox()
    const other = open()
    expect(await other.restore(state, elsewhere)).toEqual({ notRestored: [] })
    const { output } = await run('echo "$MINE $HOME $PWD"', other, elsewhere)
    expect(output).toBe(`1 ${elsewhere.workspaceDir.replace(/workspace$/, 'home')} ${elsewhere.workspaceDir}\n`)
    await other.dispose()
    await elsewhere.dispose()
  })

  it('its place in a workspace of another name', async () => {
    await run('mkdir -p one two; cd one; pushd ../two >/dev/null')
    const state = await kept()
    const elsewhere = await openLocalShellSandbox()
    const other = open()
    await run('mkdir one two', other, elsewhere)
    expect(await other.restore(state, elsewhere)).toEqual({ notRestored: [] })
    expect(await run('dirs -l -p; echo $OLDPWD', other, elsewhere)).toMatchObject({
      cwd: `${elsewhere.workspaceDir}/two`,
      output: `${elsewhere.workspaceDir}/two\n${elsewhere.workspaceDir}/one\n${elsewhere.workspaceDir}/one\n`,
    })
    await other.dispose()
    await elsewhere.dispose()
  })

  it('a state of several megabytes', async () => {
    await run(`big=$(head -c 5000000 /dev/zero | tr '\\0' x)`)
    const { other, notRestored } = await restored()
    expect(notRestored).toEqual([])
    expect((await run('echo ${#big}', other)).output).toBe('5000000\n')
  })
})

describe('what cannot be brought back is listed:', () => {
  it('jobs, coprocesses, processes and open files', async () => {
    await run('sleep 61 & coproc HELPER { cat; }; (sleep 62 & disown); exec 7>log.txt')
    const { notRestored } = await restored()
    expect(notRestored).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^main: \[1\].*sleep 61/),
        expect.stringMatching(/^main: \[2\].*HELPER/),
        `main: open file descriptor 7 ${sandbox.workspaceDir}/log.txt`,
        expect.stringMatching(/^main: open file descriptor \d+ pipe:/),
      ]),
    )
    await run('kill %1 %2; pkill -P 1 -f "^sleep 62$" 2>/dev/null; exec 7>&-; true')
  })

  it('what the shell does not report again', async () => {
    await run('mkdir gone; pushd gone >/dev/null; mkdir ../stack; pushd ../stack >/dev/null; cd ../gone')
    await run('readonly LOCKED=old; limited=1')
    const state = await kept()
    const text = JSON.stringify(state).replace('declare -- limited=', 'declare -- BASH_VERSINFO=1\\ndeclare -- limited=')
    await run('cd ..; rm -r gone stack')
    const other = open()
    others.push(other)
    const { notRestored } = await other.restore(JSON.parse(text), sandbox)
    expect(notRestored).toEqual([
      expect.stringMatching(/^main: directory .*gone: it is not there any more$/),
      'main: variable BASH_VERSINFO',
      expect.stringMatching(/^main: directory .*gone of the stack$/),
    ])
    expect((await run('echo "$LOCKED $limited"', other)).output).toBe('old 1\n')
  })

  it('a program in the foreground', async () => {
    await callTool(driver, sandbox, 'shell.run', { command: 'cat', waitFor: 'input' })
    expect((await restored()).notRestored).toEqual(['main: in the foreground: cat'])
  })

  it('a state that is larger than what is kept', async () => {
    await run('kept=1')
    await run(`kept=2; big=$(head -c 17000000 /dev/zero | tr '\\0' x)`)
    const { other, notRestored } = await restored()
    expect(notRestored).toEqual([expect.stringMatching(/^main: variables and functions: 17\d{6} bytes are more than is kept/)])
    expect((await run('echo $kept ${#big}', other)).output).toBe('1 0\n')
  })

  it('a state of which only the beginning is one', async () => {
    await run('word=kept')
    const text = JSON.stringify(await kept()).replace('\\u0000end\\u0000', '\\u0000')
    const other = open()
    others.push(other)
    const { notRestored } = await other.restore(JSON.parse(text), sandbox)
    expect(notRestored).toEqual([expect.stringContaining('main: the state as a whole')])
    expect((await run('echo "[$word]"', other)).output).toBe('[]\n')
  })
})
