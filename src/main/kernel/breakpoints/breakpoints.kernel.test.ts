import { afterEach, beforeEach, expect, it } from 'vitest'
import type { BreakpointCondition, BreakpointHit, BreakpointSettings } from '../../../shared/breakpoints'
import type { RunSummary } from '../../../shared/contract/methods'
import type { Frame } from '../../../shared/frames'
import { RunId } from '../../../shared/ids'
import type { AgentProgram } from '../agents/agent-api'
import { KernelFixture, pause } from '../testing/kernel-fixture'

const ROUNDS = 4

/** Reads, writes and says something, over and over. */
const clerk: AgentProgram = {
  ...{ id: 'clerk', version: 'clerk@1', title: 'Clerk', summary: 'Writes files.', examples: ['write'], mutates: true, role: 'coder' },
  async run(api) {
    for (let round = 1; round <= ROUNDS; round += 1) {
      await api.readFile('src/alpha.ts')
      await api.writeFile(`notes/${round}.md`, `note ${round}\n`)
      await api.setState('writing', { round })
    }
    return { ok: true, summary: 'written' }
  },
}

/** Writes on two branches side by side. */
const twins: AgentProgram = {
  ...{ id: 'twins', version: 'twins@1', title: 'Twins', summary: 'Rehearses.', examples: ['rehearse'], mutates: true, role: 'coder' },
  async run(api) {
    const results = await api.speculate(
      ['left', 'right'].map((label) => ({
        label,
        detail: label,
        async run(branch) {
          for (const name of ['a', 'b', 'c']) await branch.writeFile(`${label}/${name}.md`, `${name}\n`)
          return { ok: true, summary: label }
        },
      })),
    )
    return { ok: results.every((result) => result.ok), summary: 'rehearsed' }
  },
}

let fixture: KernelFixture
let hits: BreakpointHit[]
beforeEach(async () => {
  fixture = new KernelFixture('breakpoints')
  fixture.writeSmallProject()
  await open()
})
afterEach(() => fixture.dispose())

async function open(): Promise<void> {
  const kernel = await fixture.open(fixture.root, [clerk, twins])
  hits = []
  kernel.subscribe(
    (event, data) => {
      if (event === 'breakpoint.hit' && 'hits' in data) hits.push(...data.hits)
    },
    { id: 'listener', signal: new AbortController().signal },
  )
}

function breakOn(condition: BreakpointCondition, more: Partial<BreakpointSettings> = {}) {
  const settings = { name: '', enabled: true, condition, runId: null, branchId: null, fromHit: 1, ...more }
  return fixture.call('breakpoints.save', { id: null, settings })
}

async function until(runId: string, wanted: (run: RunSummary) => boolean): Promise<RunSummary> {
  for (;;) {
    const run = await fixture.call('runs.get', { runId })
    if (wanted(run)) return run
    if (['completed', 'failed', 'cancelled'].includes(run.state)) throw new Error(`the run is ${run.state}: ${run.summary}`)
    await pause(20)
  }
}

/** The run standing at a breakpoint, once the pause itself is recorded and nothing is added any more. */
async function stopped(runId: string, after: number): Promise<{ run: RunSummary; frames: readonly Frame[] }> {
  await until(runId, (one) => one.stoppedAt !== undefined && one.stoppedAt.frame > after)
  for (let before = -1; ;) {
    const frames = await fixture.frames(runId)
    const isRecorded = frames.some((frame) => frame.n > after && frame.kind === 'control' && frame.payload.by === 'breakpoint')
    if (frames.length === before && isRecorded) return { run: await fixture.call('runs.get', { runId }), frames }
    before = frames.length
    await pause(150)
  }
}

async function completed(runId: string): Promise<void> {
  const run = await until(runId, (one) => one.state === 'completed')
  expect(run.stoppedAt).toBeUndefined()
  expect(await fixture.call('replay.run', { runId, mode: 'exact' })).toMatchObject({ ok: true, divergence: null })
}

it('pauses where the breakpoint is, steps, goes on to the next, and replays exactly without a pause', async () => {
  const breakpoint = await breakOn({ on: 'file', pattern: 'notes/*.md', access: 'changed' }, { name: 'a note', fromHit: 2 })
  const runId = await fixture.start('write', 'yes', 'clerk')
  const first = await stopped(runId, 0)
  const hitAt = first.run.stoppedAt?.frame ?? 0
  expect(first.run).toMatchObject({ state: 'paused', stoppedAt: { breakpointId: breakpoint.id, name: 'a note', branchId: 'b0' } })
  const hit = first.frames[hitAt - 1]
  expect(hit?.kind === 'tool.outcome' ? hit.payload.sideEffects.files.map((file) => file.path) : []).toEqual(['notes/2.md'])
  expect(first.frames.filter((frame) => frame.kind === 'control').map((frame) => frame.payload)).toEqual([
    { action: 'pause', text: `a note, frame ${hitAt}`, by: 'breakpoint' },
  ])
  expect(first.frames.filter((frame) => frame.n > hitAt && frame.kind === 'decision')).toEqual([])

  await fixture.call('runs.control', { runId, action: 'step' })
  const stepped = await fixture.frame(runId, (frame) => frame.n > first.frames.length && frame.kind === 'agent.state').catch(() => null)
  expect(stepped?.kind).toBe('agent.state')
  expect((await fixture.call('runs.get', { runId })).state).toBe('paused')

  await fixture.call('runs.control', { runId, action: 'resume' })
  const second = await stopped(runId, hitAt)
  expect(second.run.stoppedAt?.frame).toBeGreaterThan(hitAt)
  const { id: _, ...settings } = breakpoint
  await fixture.call('breakpoints.save', { id: breakpoint.id, settings: { ...settings, enabled: false } })
  await fixture.call('runs.control', { runId, action: 'resume' })
  await completed(runId)
  expect(hits.map((one) => one.frame)).toEqual([hitAt, second.run.stoppedAt?.frame])
}, 60_000)

it('survives the end of the kernel: what was answered from the journal stops nothing, what follows does', async () => {
  await breakOn({ on: 'tool', pattern: 'fs.write' })
  const runId = await fixture.start('write', 'yes', 'clerk')
  const first = await stopped(runId, 0)
  await fixture.close()
  await open()
  expect(await fixture.call('breakpoints.list', {})).toHaveLength(1)
  expect(await fixture.call('runs.get', { runId })).toMatchObject({ state: 'interrupted' })
  await fixture.call('runs.resume', { runId })
  const second = await stopped(runId, first.frames.length)
  expect(hits.map((one) => one.frame)).toEqual([second.run.stoppedAt?.frame])
  const intents = second.frames.filter((frame) => frame.kind === 'tool.intent' && frame.payload.tool === 'fs.write')
  expect(intents.map((frame) => frame.n)).toEqual([first.run.stoppedAt?.frame, second.run.stoppedAt?.frame])
  const [only] = await fixture.call('breakpoints.list', {})
  await fixture.call('breakpoints.remove', { id: only?.id ?? '' })
  await fixture.call('runs.control', { runId, action: 'resume' })
  await completed(runId)
}, 60_000)

it('stops all branches of a run that work side by side', async () => {
  const breakpoint = await breakOn({ on: 'file', pattern: 'left/b.md', access: 'changed' })
  const runId = await fixture.start('rehearse', 'yes', 'twins')
  const { run, frames } = await stopped(runId, 0)
  const hit = run.stoppedAt
  expect(frames[(hit?.frame ?? 0) - 1]).toMatchObject({ kind: 'tool.outcome', branchId: hit?.branchId })
  expect(hit?.branchId).not.toBe('b0')
  const paused = frames.flatMap((frame) => (frame.kind === 'control' ? [frame.branchId] : []))
  expect(paused).toEqual([...new Set(paused)])
  expect(paused).toEqual(expect.arrayContaining(['b0', hit?.branchId]))
  await fixture.call('breakpoints.remove', { id: breakpoint.id })
  await fixture.call('runs.control', { runId, action: 'resume' })
  await completed(runId)
  expect(hits).toHaveLength(1)
}, 60_000)

it('stops only the run that is named', async () => {
  const named = await fixture.start('write', 'yes', 'clerk')
  await completed(named)
  await breakOn({ on: 'kind', kinds: ['agent.state'] }, { runId: RunId.parse(named) })
  const runId = await fixture.start('write', 'yes', 'clerk')
  await completed(runId)
  expect((await fixture.frames(runId)).some((frame) => frame.kind === 'control')).toBe(false)
  expect(hits).toEqual([])
}, 60_000)

it('keeps marks beside the chain', async () => {
  const runId = await fixture.start('write', 'yes', 'clerk')
  await completed(runId)
  const { frames } = await fixture.call('runs.get', { runId })
  const mark = await fixture.call('marks.save', { runId, frame: 3, id: null, name: 'here', note: 'it began', shape: 'star' })
  await fixture.call('marks.save', { runId, frame: 3, id: mark.id, name: 'there', note: 'it began', shape: 'flag' })
  await expect(fixture.call('marks.save', { runId, frame: frames + 1, id: null, name: '', note: '', shape: 'flag' })).rejects.toMatchObject(
    { code: 'run.no-such-frame' },
  )
  await fixture.close()
  await open()
  expect(await fixture.call('marks.list', { runId })).toEqual([{ ...mark, name: 'there', shape: 'flag' }])
  expect((await fixture.call('runs.get', { runId })).frames).toBe(frames)
  await fixture.call('marks.remove', { runId, id: mark.id })
  await expect(fixture.call('marks.remove', { runId, id: mark.id })).rejects.toMatchObject({ code: 'mark.not-found' })
  await completed(runId)
}, 60_000)
