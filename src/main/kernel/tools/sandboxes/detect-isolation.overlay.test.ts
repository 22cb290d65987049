import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { DoctorReport } from '../../../../shared/contract/methods'
import { detectIsolation } from './detect-isolation'
import { GUARANTEE_NAMES } from './guarantee-names'

let temporary: string

beforeEach(() => {
  temporary = mkdtempSync(join(tmpdir(), 'keyframe-detect-'))
  vi.stubEnv('TMPDIR', temporary)
})

afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(temporary, { recursive: true })
})

it('finds overlay sandboxes by trying and leaves nothing behind', async () => {
  const report = DoctorReport.parse(await detectIsolation({ nodePath: process.execPath }))
  expect(report.proofs.filter((proof) => !proof.holds)).toEqual([])
  expect(report.requirements.filter((requirement) => requirement.state !== 'ok')).toEqual([])
  expect({ level: report.level, proofs: report.proofs.length }).toEqual({ level: 'overlay', proofs: 26 })
  expect(report.guarantees.map(({ what }) => what)).toEqual([...GUARANTEE_NAMES])
  expect(readdirSync(temporary)).toEqual([])
})

it('reports a Node program that cannot be used as a missing piece, not as an exception', async () => {
  const report = await detectIsolation({ nodePath: '/nonexistent/node' })
  expect({ level: report.level, proofs: report.proofs }).toEqual({ level: 'none', proofs: [] })
  expect(report.summary).toContain('No isolation (missing: Node for the inside)')
  const found = report.requirements.find((requirement) => requirement.name === 'Node for the inside')
  expect(found).toMatchObject({ state: 'missing', remedy: 'npm install' })
  expect(readdirSync(temporary)).toEqual([])
})
