import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { RunSummary } from '../../shared/contract/methods'
import type { Caller } from '../../shared/contract/service'
import { type Kernel, openKernel } from './kernel'
import { createSampleWorkspace } from './workspace/sample-workspace'

const appRoot = resolve(import.meta.dirname, '../../..')
const caller: Caller = { id: 'test', signal: new AbortController().signal }

let folder: string
let root: string
let kernel: Kernel
const logged: string[] = []

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'keyframe-kernel-'))
  root = join(folder, 'sample')
  await createSampleWorkspace(join(appRoot, 'resources/sample'), root)
  kernel = await open()
})

afterEach(async () => {
  await kernel.close()
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
})

function open(): Promise<Kernel> {
  return openKernel({ root, home: join(folder, 'home'), appRoot, nodePath: process.execPath, log: (line) => logged.push(line) })
}

async function until(runId: string, states: readonly RunSummary['state'][]): Promise<RunSummary> {
  for (;;) {
    const run = await kernel.call('runs.get', { runId }, caller)
    if (states.includes(run.state)) return run
    await new Promise((resume) => setTimeout(resume, 50))
  }
}

function git(...args: string[]): string {
  return execFileSync('git', ['-C', root, ...args], { encoding: 'utf8' })
}

describe('the main job', () => {
  it('renames a symbol: rehearses variants, judges them, merges the best, and replays exactly', async () => {
    const { runId } = await kernel.call(
      'runs.start',
      { agent: 'refactorer', task: 'rename symbol calculateInvoiceTotal to invoiceTotal', approval: 'yes' },
      caller,
    )
    const run = await until(runId, ['completed', 'failed', 'cancelled'])
    const { frames } = await kernel.call('frames.list', { runId, from: 1, limit: 5000 }, caller)
    if (process.env['KEYFRAME_TRACE'] !== undefined) {
      for (const frame of frames) console.log(frame.n, frame.branchId, frame.kind, JSON.stringify(frame.payload).slice(0, 300))
      console.log(JSON.stringify(run, null, 1), logged)
    }
    expect(run).toMatchObject({ state: 'completed' })
    expect(run.branches.length).toBeGreaterThanOrEqual(3)
    expect(git('grep', '-lw', 'invoiceTotal', '--', 'src').split('\n').length).toBeGreaterThan(2)
    expect(git('status', '--porcelain')).not.toContain('??')

    const report = await kernel.call('replay.run', { runId, mode: 'exact' }, caller)
    expect(report).toMatchObject({ ok: true, divergence: null })
    expect(report.stateRoot).toBe(report.recordedRoot)
    expect(readFileSync(join(root, 'package.json'), 'utf8')).toBe(readFileSync(join(appRoot, 'resources/sample/package.json'), 'utf8'))
  })
})
