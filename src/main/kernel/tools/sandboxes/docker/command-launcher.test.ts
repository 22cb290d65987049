import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { failureOf } from '../../../testing/driver-harness'
import { seccompProgram } from '../seccomp-program'
import { commandLauncher } from './command-launcher'

const filter = seccompProgram({ profile: 'build-tools', trace: false })
const isRunnable = process.platform === 'linux' && process.arch === 'x64'
let dir: string
let launcher: string
let broken: string

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'keyframe-launcher-'))
  launcher = join(dir, 'launch')
  broken = join(dir, 'broken')
  writeFileSync(launcher, commandLauncher(filter, 'x64'), { mode: 0o755 })
  writeFileSync(broken, commandLauncher(Buffer.alloc(8, 0xff), 'x64'), { mode: 0o755 })
})

afterAll(() => rmSync(dir, { recursive: true }))

const start = (program: string, argv: readonly string[]): { status: number | null; stdout: string } =>
  spawnSync(program, argv, { encoding: 'utf8', env: { KEPT: 'yes' } })

describe.skipIf(!isRunnable)('the launcher', { meta: { reason: 'made for another processor' } }, () => {
  it('hands on arguments, environment and exit code', () => {
    const script = 'echo "$0 $1 $KEPT"; exit 7'
    expect(start(launcher, ['/bin/sh', '-c', script, 'name', 'a b'])).toMatchObject({ status: 7, stdout: 'name a b yes\n' })
  })

  it('puts the filter on everything that follows, without new privileges', () => {
    const { stdout } = start(launcher, [
      '/bin/sh',
      '-c',
      'grep -E "^(NoNewPrivs|Seccomp):" /proc/self/status; unshare -U true 2>/dev/null || echo refused',
    ])
    expect(stdout.replaceAll('\t', ' ')).toBe('NoNewPrivs: 1\nSeccomp: 2\nrefused\n')
  })

  it('takes in processes whose parents have ended', () => {
    const { stdout } = start(launcher, ['/bin/sh', '-c', '(setsid sleep 0.3 &); sleep 0.1; cat /proc/$$/task/$$/children | wc -w'])
    // Beside the two of the pipeline.
    expect(Number(stdout)).toBe(3)
  })

  it('runs nothing without a filter, and says so for what cannot be started', () => {
    expect(start(broken, ['/bin/echo', 'ran'])).toMatchObject({ status: 126, stdout: '' })
    expect(start(launcher, ['/nonexistent'])).toMatchObject({ status: 126, stdout: '' })
  })
})

it('is the same program for arm64, and none for other processors', async () => {
  const arm = commandLauncher(filter, 'arm64')
  expect([arm.readUInt16LE(18), arm.readUInt32LE(120)]).toEqual([183, 0xd28004c0])
  expect(arm.includes(filter)).toBe(true)
  expect((await failureOf((async () => commandLauncher(filter, 'riscv64'))())).code).toBe('sandbox.unsupported-architecture')
})
