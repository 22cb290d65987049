import { readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { expect, it } from 'vitest'
import { DoctorReport } from '../../../../shared/contract/methods'
import { detectIsolation } from './detect-isolation'

it('finds overlay sandboxes by trying, in under a second, and leaves nothing behind', async () => {
  const startedAt = performance.now()
  const report = DoctorReport.parse(await detectIsolation({ nodePath: process.execPath }))
  const tookMs = performance.now() - startedAt
  expect(report.proofs.filter((proof) => !proof.holds)).toEqual([])
  expect(report.requirements.filter((requirement) => requirement.state !== 'ok')).toEqual([])
  expect({ level: report.level, proofs: report.proofs.length }).toEqual({ level: 'overlay', proofs: 19 })
  expect(tookMs).toBeLessThan(1000)
  expect(readdirSync(tmpdir()).filter((name) => name.startsWith('keyframe-doctor-'))).toEqual([])
})

it('reports a Node program that cannot be used as a missing piece, not as an exception', async () => {
  const report = await detectIsolation({ nodePath: '/nonexistent/node' })
  expect({ level: report.level, proofs: report.proofs }).toEqual({ level: 'none', proofs: [] })
  expect(report.summary).toContain('No isolation (missing: Node for the inside)')
  expect(report.requirements.find((requirement) => requirement.name === 'Node for the inside')).toMatchObject({
    state: 'missing',
    remedy: 'npm install',
  })
})
