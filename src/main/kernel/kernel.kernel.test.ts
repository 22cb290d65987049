import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { RunSummary } from '../../shared/contract/methods'
import type { Caller } from '../../shared/contract/service'
import type { Frame, HumanAnswer, HumanRequest } from '../../shared/frames'
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

async function answered(
  runId: string,
  type: HumanRequest['type'],
  answer: Partial<HumanAnswer> & Pick<HumanAnswer, 'decision'>,
): Promise<HumanRequest> {
  for (;;) {
    const pending = await kernel.call('humans.list', {}, caller)
    const request = pending.find((one) => one.runId === runId && one.type === type)
    if (request !== undefined) {
      await kernel.call('humans.answer', { runId, answer: { requestId: request.requestId, shown: request.shown, ...answer } }, caller)
      return request
    }
    const { state, summary } = await kernel.call('runs.get', { runId }, caller)
    if (state !== 'running' && state !== 'waiting') throw new Error(`the run is ${state} (${summary}) and asked for no ${type}`)
    await new Promise((resume) => setTimeout(resume, 50))
  }
}

async function framesOf(runId: string): Promise<Frame[]> {
  return (await kernel.call('frames.list', { runId, from: 1, limit: 5000 }, caller)).frames
}

const RENAME = 'rename symbol calculateInvoiceTotal to invoiceTotal'
const ENDED = ['completed', 'failed', 'cancelled'] as const

describe('the main job', () => {
  it('renames a symbol: rehearses variants, judges them, merges the best, and replays exactly', async () => {
    const { runId } = await kernel.call('runs.start', { agent: 'refactorer', task: RENAME, approval: 'yes' }, caller)
    const run = await until(runId, ENDED)
    expect(run).toMatchObject({ state: 'completed' })
    expect(run.branches.map((branch) => branch.state).sort()).toEqual(['completed', 'merged', 'passed', 'passed'])
    expect(git('grep', '-lw', 'invoiceTotal', '--', 'src').split('\n').length).toBeGreaterThan(2)
    expect(git('status', '--porcelain')).not.toContain('??')
    expect(readFileSync(join(root, 'package.json'), 'utf8')).toBe(readFileSync(join(appRoot, 'resources/sample/package.json'), 'utf8'))

    const report = await kernel.call('replay.run', { runId, mode: 'exact' }, caller)
    expect(report).toMatchObject({ ok: true, divergence: null })
    expect(report.stateRoot).toBe(report.recordedRoot)

    await kernel.close()
    const journalPath = join(kernel.dataDir, 'journal.db')
    const bytes = readFileSync(journalPath)
    const at = bytes.indexOf('"symbol":"calculateInvoiceTotal"')
    bytes[at + 12] = 'C'.charCodeAt(0)
    writeFileSync(journalPath, bytes)
    kernel = await open()
    const damaged = await kernel.call('replay.run', { runId, mode: 'exact' }, caller)
    expect(damaged).toMatchObject({ ok: false, divergence: { frame: 4, kind: 'journal' } })
  })

  it('asks a person, merges only the hunks that they kept, and leaves the rest alone', async () => {
    const { runId } = await kernel.call('runs.start', { agent: 'refactorer', task: RENAME, approval: 'ask' }, caller)
    const plan = await answered(runId, 'approve-plan', { decision: 'approve' })
    expect(plan.plan?.affectedFiles).toContain('src/billing/calculate-total.ts')
    const review = await reviewOf(runId)
    const branch = review.branches?.find((one) => one.label === 'keep a deprecated alias')
    if (branch === undefined) throw new Error('no variant keeps an alias')
    const { diffs } = await kernel.call('branches.mergePreview', { runId, branchId: branch.branchId }, caller)
    const hunks = Object.fromEntries(
      diffs.map((diff) => [
        diff.path,
        diff.path.startsWith('src/billing/calculate') || diff.path === 'src/billing/billing.ts' ? diff.hunks.map((hunk) => hunk.id) : [],
      ]),
    )
    await answered(runId, 'review-merge', { decision: 'approve', branchId: branch.branchId, hunks })
    await until(runId, ENDED)
    const changed = git('diff', '--name-only').trim().split('\n').sort()
    expect(changed).toEqual(
      diffs
        .map((diff) => diff.path)
        .filter((path) => (hunks[path] ?? []).length > 0)
        .sort(),
    )
    expect((await kernel.call('replay.run', { runId, mode: 'exact' }, caller)).divergence).toBeNull()
  })

  it('changes nothing when the plan is denied', async () => {
    const { runId } = await kernel.call('runs.start', { agent: 'refactorer', task: RENAME, approval: 'ask' }, caller)
    await answered(runId, 'approve-plan', { decision: 'deny', text: 'not today' })
    const run = await until(runId, ENDED)
    expect(run.state).toBe('failed')
    expect(git('status', '--porcelain')).toBe('')
    const notes = (await framesOf(runId)).flatMap((frame) => (frame.kind === 'context.changed' ? frame.payload.changes : []))
    expect(notes).toContainEqual(
      expect.objectContaining({
        op: 'put',
        item: expect.objectContaining({ kind: 'note', source: expect.objectContaining({ by: 'human' }) }),
      }),
    )
  })

  it('forks from a frame with an edited context item, which the fork obeys', async () => {
    const { runId } = await kernel.call('runs.start', { agent: 'refactorer', task: RENAME, approval: 'deny' }, caller)
    await until(runId, ENDED)
    const at = (await framesOf(runId)).find((frame) => frame.kind === 'agent.state')?.n ?? 0
    const { branchId } = await kernel.call(
      'branches.fork',
      {
        runId,
        branchId: 'b0',
        n: at,
        task: null,
        edits: [{ op: 'edit', id: 'task', text: 'rename symbol calculateInvoiceTotal to grandTotal' }],
        approval: 'yes',
      },
      caller,
    )
    await until(runId, ENDED)
    expect(git('grep', '-lw', 'grandTotal', '--', 'src')).toContain('src/billing/calculate-total.ts')
    expect(readFileSync(join(root, 'src/billing/calculate-total.ts'), 'utf8')).not.toContain('invoiceTotal(')
    const fork = (await framesOf(runId)).find((frame) => frame.kind === 'fork' && frame.branchId === branchId)
    expect(fork?.payload).toMatchObject({
      parent: 'b0',
      fromFrame: at,
      reason: 'human',
      task: 'rename symbol calculateInvoiceTotal to grandTotal',
    })
    expect((await kernel.call('replay.run', { runId, mode: 'exact' }, caller)).divergence).toBeNull()
  })

  it('goes on after its kernel ended in the middle, and ends the same', async () => {
    const { runId } = await kernel.call('runs.start', { agent: 'refactorer', task: RENAME, approval: 'yes' }, caller)
    while (!(await framesOf(runId)).some((frame) => frame.kind === 'tool.outcome' && frame.checkpoint !== null))
      await new Promise((resume) => setTimeout(resume, 20))
    await kernel.close()
    kernel = await open()
    expect(await kernel.call('runs.get', { runId }, caller)).toMatchObject({ state: 'interrupted' })
    await kernel.call('runs.resume', { runId }, caller)
    const run = await until(runId, ENDED)
    expect(run.state).toBe('completed')
    expect(git('grep', '-lw', 'invoiceTotal', '--', 'src').split('\n').length).toBeGreaterThan(2)
    expect((await kernel.call('replay.run', { runId, mode: 'exact' }, caller)).divergence).toBeNull()
  })

  it('refuses a second kernel on the same workspace and names the first', async () => {
    await expect(open()).rejects.toMatchObject({ code: 'workspace.locked', failure: { details: { pid: process.pid } } })
  })
})

async function reviewOf(runId: string) {
  for (;;) {
    const request = (await kernel.call('humans.list', {}, caller)).find((one) => one.runId === runId && one.type === 'review-merge')
    if (request !== undefined) return request
    await new Promise((resume) => setTimeout(resume, 50))
  }
}
