import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { KernelFixture } from '../../../testing/kernel-fixture'

let fixture: KernelFixture
let wanted: string | undefined

beforeEach(async () => {
  wanted = process.env['KEYFRAME_SANDBOX']
  process.env['KEYFRAME_SANDBOX'] = 'copy'
  fixture = new KernelFixture('copy-run')
  fixture.writeSmallProject()
  await fixture.open()
})
afterEach(async () => {
  if (wanted === undefined) delete process.env['KEYFRAME_SANDBOX']
  else process.env['KEYFRAME_SANDBOX'] = wanted
  await fixture.dispose()
})

const RENAME = { agent: 'refactorer', task: 'rename symbol alpha to beta', approval: 'yes' } as const

it('runs nothing in plain copies without consent', async () => {
  await expect(fixture.call('runs.start', RENAME)).rejects.toMatchObject({
    failure: { action: expect.stringContaining('--allow-unisolated') as string },
  })
})

it('rehearses, judges, merges and replays a rename in plain copies', async () => {
  const { runId } = await fixture.call('runs.start', { ...RENAME, allowUnisolated: true })
  const run = await fixture.ended(runId)
  expect(run).toMatchObject({ state: 'completed' })
  expect(readFileSync(join(fixture.root, 'src/use.ts'), 'utf8')).toBe("import { beta } from './alpha'\n\nexport const two = beta(1)\n")
  const frames = await fixture.frames(runId)
  expect(frames.find((frame) => frame.kind === 'run.started')?.payload).toMatchObject({ isolation: 'copy' })
  expect(frames.filter((frame) => frame.kind === 'judge.verdict').length).toBeGreaterThan(0)
  const report = await fixture.call('replay.run', { runId: run.runId, mode: 'exact' })
  expect(report).toMatchObject({ ok: true, divergence: null, stateRoot: report.recordedRoot })
})
