import { afterEach, beforeEach, expect, it } from 'vitest'
import { overlayFixture, type OverlayFixture } from '../../testing/overlay-fixture'
import type { Sandbox, SandboxPty } from './sandbox'

let fixture: OverlayFixture
let sandbox: Sandbox
let terminal: SandboxPty
let screen: string

beforeEach(async () => {
  fixture = overlayFixture({ 'README.md': 'read me\n' })
  sandbox = await fixture.open('one')
  screen = ''
  terminal = await sandbox.pty({ argv: ['bash', '--norc', '-i'], env: { PS1: '$ ' } }, { cols: 100, rows: 30 })
  terminal.onData((data) => (screen += data))
})

afterEach(async () => {
  terminal.kill()
  await terminal.exited
  await fixture.dispose()
})

async function shows(pattern: RegExp): Promise<void> {
  for (let round = 0; round < 1500; round += 1) {
    if (pattern.test(screen)) return
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  throw new Error(`${pattern} did not show in: ${screen}`)
}

it('is interactive, with job control, and follows its size', async () => {
  await shows(/\$ $/)
  expect(screen).not.toMatch(/no job control|cannot set terminal/)
  terminal.write('stty size; sleep 100 & jobs\n')
  await shows(/30 100\r\n[\s\S]*Running +sleep 100/)
  terminal.resize(120, 40)
  terminal.write('stty size; kill %1\n')
  await shows(/40 120/)
  terminal.write('sleep 200\n')
  while (!(await sandbox.processes()).includes('sleep 200')) await new Promise((resolve) => setTimeout(resolve, 10))
  terminal.write('\x1a')
  await shows(/Stopped +sleep 200/)
  terminal.write('fg\n')
  await shows(/\$ fg[\s\S]*sleep 200\r\n/)
  await new Promise((resolve) => setTimeout(resolve, 100))
  terminal.write('\x03')
  terminal.write('echo code $?\n')
  await shows(/code 130/)
  terminal.write('exit 5\n')
  expect(await terminal.exited).toBe(5)
  terminal.write('after the end')
  terminal.resize(10, 10)
})

it('keeps a foreground job through a freeze', async () => {
  await shows(/\$ $/)
  terminal.write('sleep 0.5; echo finis"hed"\n')
  while (!(await sandbox.processes()).includes('sleep 0.5')) await new Promise((resolve) => setTimeout(resolve, 5))
  for (let round = 0; round < 5; round += 1) await sandbox.frozen(() => new Promise((resolve) => setTimeout(resolve, 20)))
  await shows(/finished/)
  expect(screen).not.toMatch(/Stopped/)
})

it('is ended with everything in it', async () => {
  await shows(/\$ $/)
  terminal.write('(trap "" HUP; setsid sleep 100 &) ; sleep 100\n')
  while ((await sandbox.processes()).length < 3) await new Promise((resolve) => setTimeout(resolve, 10))
  terminal.kill()
  expect(await terminal.exited).toBe(137)
  expect(await sandbox.processes()).toEqual([])
})
