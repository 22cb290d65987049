import { join } from 'node:path'
import { afterEach, expect, it, vi } from 'vitest'
import { overlayFixture } from '../../testing/overlay-fixture'
import { egressBinds } from '../guest/guest-binds'
import { detectIsolation } from './detect-isolation'
import { DEFAULT_PROFILE } from './sandbox'

// The machine of somebody who has not installed iproute2.
vi.mock('./host-programs', async (original) => {
  const programs = await original<typeof import('./host-programs')>()
  return { ...programs, findProgram: (name: string) => (name === 'ip' ? null : programs.findProgram(name)) }
})

const fixture = overlayFixture({ 'README.md': 'read me\n' })

afterEach(() => fixture.dispose())

it('gives each command a network of its own where ip is missing, and says so', async () => {
  const binds = egressBinds(join(import.meta.dirname, '../../../../..'))
  const profile = { ...DEFAULT_PROFILE, egress: () => ({ allowed: true, reason: 'never asked' }) }
  const sandbox = await fixture.open('one', { profile, binds })
  expect(sandbox.notices).toEqual([expect.stringContaining('iproute2'), 'There is no network: its proxy needs a network of the branch.'])
  const script = 'tail -n +3 /proc/net/dev | cut -d: -f1; ls /run; exec 3<>/dev/tcp/192.0.2.1/80'
  expect(await sandbox.run({ argv: ['bash', '-c', script] }, { timeoutMs: 5000 })).toMatchObject({
    stdout: expect.stringMatching(/^\s*lo\nkeyframe\n$/),
    stderr: expect.stringContaining('unreachable'),
  })
  const server = await sandbox.spawn({ argv: ['/opt/keyframe/bin/node', '-e', 'net.createServer().listen(8000, () => console.log(1))'] })
  await new Promise<void>((resolve) => server.onStdout(() => resolve()))
  expect((await sandbox.activity()).ports).toMatchObject([{ port: 8000, address: '::' }])
  expect((await sandbox.run({ argv: ['bash', '-c', 'exec 3<>/dev/tcp/127.0.0.1/8000'] }, { timeoutMs: 5000 })).stderr).toContain('refused')
  server.kill()
  await server.exited
  const report = await detectIsolation({ nodePath: process.execPath })
  expect(report.requirements.filter(({ state }) => state !== 'ok')).toMatchObject([{ name: 'iproute2', state: 'degraded' }])
  expect({ level: report.level, given: report.guarantees.find(({ what }) => what === 'Own ports')?.given }).toEqual({
    level: 'overlay',
    given: 'partly',
  })
  expect(report.proofs.filter(({ holds }) => !holds)).toEqual([])
})
