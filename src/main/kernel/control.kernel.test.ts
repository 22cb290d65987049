import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { RunSummary } from '../../shared/contract/methods'
import type { Caller } from '../../shared/contract/service'
import type { Frame, FrameKind } from '../../shared/frames'
import { type Kernel, openKernel } from './kernel'
import { createSampleWorkspace } from './workspace/sample-workspace'

const appRoot = resolve(import.meta.dirname, '../../..')
const caller: Caller = { id: 'test', signal: new AbortController().signal }
const TASK = 'rename symbol calculateInvoiceTotal to invoiceTotal'

let folder: string
let kernel: Kernel

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'keyframe-control-'))
  const root = join(folder, 'sample')
  await createSampleWorkspace(join(appRoot, 'resources/sample'), root)
  kernel = await openKernel({ root, home: join(folder, 'home'), appRoot, nodePath: process.execPath, log: () => undefined })
})

afterEach(async () => {
  await kernel.close()
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
})

async function eventually<T>(read: () => Promise<T | undefined>): Promise<T> {
  for (;;) {
    const found = await read()
    if (found !== undefined) return found
    await new Promise((wait) => setTimeout(wait, 25))
  }
}

async function framesOf(runId: string): Promise<Frame[]> {
  return (await kernel.call('frames.list', { runId, from: 1, limit: 5000 }, caller)).frames
}

function frameOfKind(runId: string, kind: FrameKind): Promise<Frame> {
  return eventually(async () => (await framesOf(runId)).find((frame) => frame.kind === kind))
}

function ended(runId: string): Promise<RunSummary> {
  return eventually(async () => {
    const run = await kernel.call('runs.get', { runId }, caller)
    return ['completed', 'failed', 'cancelled'].includes(run.state) ? run : undefined
  })
}

describe('a person at the controls', () => {
  it('pauses, steps, edits the context in between and goes on; the run replays exactly', async () => {
    const { runId } = await kernel.call('runs.start', { agent: 'refactorer', task: TASK, approval: 'yes' }, caller)
    await frameOfKind(runId, 'tool.outcome')
    await kernel.call('runs.control', { runId, action: 'pause' }, caller)
    expect((await kernel.call('runs.get', { runId }, caller)).state).toBe('paused')
    const still = await eventually(async () => {
      const before = (await framesOf(runId)).length
      await new Promise((wait) => setTimeout(wait, 1500))
      const after = (await framesOf(runId)).length
      return before === after ? after : undefined
    })
    const edited = await kernel.call(
      'context.apply',
      { runId, branchId: 'b0', edits: [{ op: 'add-note', title: 'Rule', text: 'Totals are in cents.' }], note: 'a rule' },
      caller,
    )
    expect(edited.frame).toBe(still + 1)
    await kernel.call('runs.control', { runId, action: 'step' }, caller)
    const decisions = await eventually(async () => {
      const after = (await framesOf(runId)).slice(edited.frame).filter((frame) => frame.kind === 'decision')
      return after.length > 0 ? after : undefined
    })
    expect(decisions).toHaveLength(1)
    await kernel.call('runs.control', { runId, action: 'resume' }, caller)
    expect((await ended(runId)).state).toBe('completed')
    const report = await kernel.call('replay.run', { runId, mode: 'exact' }, caller)
    expect(report).toMatchObject({ ok: true, divergence: null })
  })

  it('cancels; what was recorded replays, and nothing was merged', async () => {
    const { runId } = await kernel.call('runs.start', { agent: 'refactorer', task: TASK, approval: 'yes' }, caller)
    await frameOfKind(runId, 'speculate.intent')
    await kernel.call('runs.control', { runId, action: 'cancel' }, caller)
    expect(await ended(runId)).toMatchObject({ state: 'cancelled' })
    expect(await kernel.call('workspace.get', {}, caller)).toMatchObject({ git: { dirtyFiles: 0 } })
    expect((await kernel.call('replay.run', { runId, mode: 'exact' }, caller)).divergence).toBeNull()
  })

  it('runs a queued instruction when the run is over, on what it merged', async () => {
    const { runId } = await kernel.call('runs.start', { agent: 'refactorer', task: TASK, approval: 'yes' }, caller)
    await kernel.call('runs.control', { runId, action: 'instruct', text: 'rename symbol invoiceTotal to grandTotal' }, caller)
    expect((await ended(runId)).state).toBe('completed')
    const next = await eventually(async () => (await kernel.call('runs.list', {}, caller)).find((run) => run.runId !== runId))
    expect(await ended(next.runId)).toMatchObject({ state: 'completed', task: 'rename symbol invoiceTotal to grandTotal' })
  })

  it('restores a frame as a branch of its own and shows before which files change', async () => {
    const { runId } = await kernel.call('runs.start', { agent: 'refactorer', task: TASK, approval: 'yes' }, caller)
    const run = await ended(runId)
    const changed = (await framesOf(runId)).find((frame) => frame.kind === 'tool.outcome' && frame.payload.sideEffects.files.length > 0)
    if (changed === undefined) throw new Error('no frame changed a file')
    const at = { runId, branchId: changed.branchId, n: changed.n - 1 }
    const preview = await kernel.call('branches.restorePreview', at, caller)
    expect(preview.files.map((file) => [file.path, file.madeBy])).toContainEqual(['src/billing/calculate-total.ts', 'agent'])
    const { branchId } = await kernel.call('branches.restore', at, caller)
    const tip = (await framesOf(runId)).at(-1)?.n ?? 0
    expect(tip).toBe(run.frames + 2)
    const { text } = await kernel.call('files.read', { runId, branchId, n: tip, path: 'src/billing/calculate-total.ts' }, caller)
    expect(text).toContain('calculateInvoiceTotal(')
    expect((await kernel.call('replay.run', { runId, mode: 'exact' }, caller)).divergence).toBeNull()
  })
})

describe('a throw-away sandbox', () => {
  it('runs a command as nobody, shows what it would have changed, and keeps nothing', async () => {
    const result = await kernel.call(
      'sandbox.exec',
      { at: null, argv: ['sh', '-c', 'id -u; echo x > new.txt; rm README.md'], timeoutMs: 30_000 },
      caller,
    )
    expect(result).toMatchObject({ exitCode: 0, stdout: '1001\n', isolation: 'overlay' })
    expect(result.sideEffects.files.map((file) => [file.change, file.path])).toEqual([
      ['deleted', 'README.md'],
      ['created', 'new.txt'],
    ])
    expect(await kernel.call('workspace.get', {}, caller)).toMatchObject({ git: { dirtyFiles: 0 } })
  })

  it('decides tool calls by role', async () => {
    const write = (role: string) =>
      kernel.call('sandbox.tool', { at: null, role, name: 'fs.write', args: { path: 'a.txt', text: 'a' } }, caller)
    expect(await write('code-analyzer')).toMatchObject({ ok: false, error: { code: 'policy.denied' } })
    expect(await write('coder')).toMatchObject({ ok: true, sideEffects: { files: [{ change: 'created', path: 'a.txt' }] } })
  })
})
