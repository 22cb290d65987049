import { describe, expect, it } from 'vitest'
import { environmentChange } from './environment-change'
import { isInteractiveShell, lostPrograms } from './session-processes'
import { stateDifferences } from './state-differences'

const second = (fields: Record<number, string> = {}): Buffer => {
  const all = [
    'keyframe-shell-2',
    '4',
    '0',
    '/workspace',
    '0022\n',
    'shopt -s extglob\n',
    'set +o xtrace\n',
    '',
    '',
    '',
    '',
    '',
    '',
    '',
    '',
    'A=1',
    'end',
  ]
  return Buffer.from(all.map((field, index) => `${fields[index] ?? field}\0`).join(''))
}
const first = (fields: Record<number, string> = {}): Buffer => {
  const all = ['keyframe-shell-1', '4', '0', '/workspace', '0022\n', 'shopt -s extglob\n', 'set +o xtrace\n', '', '', '', '', '', 'end']
  return Buffer.from(all.map((field, index) => `${fields[index] ?? field}\0`).join(''))
}

describe('stateDifferences', () => {
  it('finds none where there are none, also against the older form', () => {
    expect(stateDifferences(second(), second({ 1: '9', 11: '[1] 7 Running x', 14: '3 /a' }))).toEqual([])
    expect(stateDifferences(first(), second({ 12: "'/x'\n" }))).toEqual([])
  })

  it('names what is gone or other', () => {
    const wanted = second({
      3: '/workspace/gone',
      4: '0077\n',
      5: 'shopt -s extglob\nshopt -u nullglob\n',
      6: 'set -o pipefail\n',
      7: `declare -- a="1"\ndeclare -ar list=([0]="x" [1]=$'y')\ndeclare -x two=$'lines'\nunset -v HOME\nPS1=mine\n`,
      8: 'f () \n{ \n    echo 1\n}\ng () \n{ \n    :\n}\n',
      9: "alias ll='ls -l'\n",
      10: "trap -- 'echo' USR1\n",
      12: '/workspace/x\n',
      13: 'open files   (-n) 5\n',
    })
    const found = second({ 7: `declare -- a="1"\ndeclare -x two=$'other'\n`, 8: 'f () \n{ \n    echo 2\n}\n' })
    expect(stateDifferences(wanted, found)).toEqual([
      'directory /workspace/gone: it is not there any more',
      'umask 0077',
      'option nullglob',
      'option pipefail',
      'variable list',
      'variable two',
      'variable HOME',
      'variable PS1',
      'function f',
      'function g',
      'alias ll',
      'trap USR1',
      'directory /workspace/x of the stack',
      'limit open files (-n) 5',
    ])
  })

  it('says so when the shell reports nothing', () => {
    expect(stateDifferences(second(), Buffer.from('nonsense'))).toEqual(['the state as a whole: the shell did not report it again'])
  })
})

it('compares environments by name', () => {
  const before = new Map([
    ['A', '1'],
    ['B', '2'],
    ['__proto__', 'x'],
  ])
  const after = new Map([
    ['A', '1'],
    ['B', '3'],
    ['C', 'y'.repeat(3000)],
  ])
  expect(environmentChange(before, after)).toEqual({
    added: [{ name: 'C', value: `${'y'.repeat(2000)}...` }],
    changed: [{ name: 'B', before: '2', after: '3' }],
    removed: ['__proto__'],
  })
})

it('lists lost processes once: not those of a job that is listed', () => {
  const processes = [
    { pid: 10, parent: 1, line: 'sleep 1' },
    { pid: 11, parent: 10, line: 'child of a job' },
    { pid: 12, parent: 1, line: 'daemon' },
  ]
  expect(lostPrograms(null, ['[1]+    10 Running   sleep 1 &'], processes)).toEqual(['process 12: daemon'])
  expect(lostPrograms('vim a', [], processes)).toEqual(['in the foreground: vim a'])
})

it('knows shells that read the terminal', () => {
  for (const line of ['bash', '-bash', '/bin/sh -i', 'zsh --no-rcs']) expect([line, isInteractiveShell(line)]).toEqual([line, true])
  for (const line of ['bash -c x', 'sh script.sh', 'python3', 'bash -lc x']) expect([line, isInteractiveShell(line)]).toEqual([line, false])
})
