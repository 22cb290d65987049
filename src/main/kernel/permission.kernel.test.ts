import { createServer } from 'node:http'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import type { HumanAnswer, ToolOutcome } from '../../shared/frames'
import type { AgentProgram } from './agents/agent-api'
import { KernelFixture } from './testing/kernel-fixture'

/** Calls that the role `refactorer` (source files only, no network) has no policy for, one after the other. */
function asking(calls: readonly (readonly [tool: string, args: unknown])[], outcomes: ToolOutcome[]): AgentProgram {
  return {
    id: 'asking',
    version: '1',
    title: 'Asking',
    summary: 'Asks.',
    examples: [],
    mutates: true,
    role: 'refactorer',
    async run(api) {
      for (const [tool, args] of calls) outcomes.push((await api.call(tool, args, z.unknown())).outcome)
      return { ok: true, summary: 'asked' }
    },
  }
}

const write = (path: string) => ['fs.write', { path, text: `${path}\n` }] as const

let fixture: KernelFixture
beforeEach(() => {
  fixture = new KernelFixture('permission')
  fixture.writeSmallProject()
})
afterEach(() => fixture.dispose())

async function started(agent: AgentProgram): Promise<string> {
  await fixture.open(fixture.root, [agent])
  return (await fixture.call('runs.start', { agent: 'asking', task: 'ask', approval: 'ask' })).runId
}

type Given = Omit<HumanAnswer, 'requestId' | 'shown'>

async function answer(runId: string, given: Given): Promise<string> {
  const request = await fixture.asked(runId, 'authorize-action')
  await fixture.answer(runId, request, given)
  return request.authorize?.decisions.find((decision) => decision.outcome === 'ask')?.resource ?? ''
}

async function replays(runId: string): Promise<void> {
  expect((await fixture.call('replay.run', { runId, mode: 'exact' })).divergence).toBeNull()
}

describe('a call that no policy speaks of', () => {
  it('is permitted once, for the run, always, or denied with words for the agent', async () => {
    const outcomes: ToolOutcome[] = []
    const calls = [write('a.md'), write('b.md'), write('docs/c.md'), write('docs/d.md'), write('e.yaml'), write('f.yaml'), write('g.css')]
    const agent = asking(calls, outcomes)
    const runId = await started(agent)
    expect(await answer(runId, { decision: 'approve' })).toBe('a.md')
    expect(await answer(runId, { decision: 'deny', text: 'write no b' })).toBe('b.md')
    const forRun: Given = { decision: 'approve', scope: 'run', patterns: [{ action: 'fs.write', pattern: 'docs/**' }] }
    expect(await answer(runId, forRun)).toBe('docs/c.md')
    const always: Given = { decision: 'approve', scope: 'always', patterns: [{ action: 'fs.write', pattern: '**/*.yaml' }] }
    expect(await answer(runId, always)).toBe('e.yaml')
    expect(await answer(runId, { decision: 'deny' })).toBe('g.css')
    expect((await fixture.ended(runId)).state).toBe('completed')
    expect(outcomes.map((outcome) => outcome.ok)).toEqual([true, false, true, true, true, true, false])
    expect(outcomes[1]).toMatchObject({
      error: { code: 'policy.denied' },
      denials: [{ by: 'person', reason: 'a person denied it: write no b' }],
    })
    await replays(runId)

    const { grants } = await fixture.call('policy.get', {})
    expect(grants).toMatchObject([{ role: 'refactorer', action: 'fs.write', pattern: '**/*.yaml', scope: 'always' }])
    const check = { role: 'refactorer', action: 'fs.write', resource: 'h.yaml' } as const
    expect(await fixture.call('policy.check', check)).toMatchObject({ outcome: 'allow', policies: [grants[0]?.id] })
    await fixture.close()
    await fixture.open(fixture.root, [agent])
    expect(await fixture.call('policy.check', check)).toMatchObject({ outcome: 'allow' })
    await fixture.call('policy.revoke', { id: grants[0]?.id ?? '' })
    expect(await fixture.call('policy.check', check)).toMatchObject({ outcome: 'ask' })
    await replays(runId)
  })

  it('is asked again by a kernel that was closed in the middle, and goes on from there', async () => {
    const outcomes: ToolOutcome[] = []
    const agent = asking([write('a.md'), write('b.md')], outcomes)
    const runId = await started(agent)
    await answer(runId, { decision: 'approve', scope: 'run', patterns: [{ action: 'fs.write', pattern: 'a.md' }] })
    await fixture.asked(runId, 'authorize-action')
    await fixture.close()
    await fixture.open(fixture.root, [agent])
    await fixture.call('runs.resume', { runId })
    expect(await answer(runId, { decision: 'approve' })).toBe('b.md')
    expect((await fixture.ended(runId)).state).toBe('completed')
    expect(outcomes.at(-1)).toMatchObject({ ok: true })
    await replays(runId)
  })

  it('reaches no host, not even one that a person names, while policies forbid its address', async () => {
    const server = createServer((_request, response) => response.end('reached'))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    const fetchIt = `node -e "require('http').get({ host: '127.0.0.1', port: 3128, path: 'http://localhost:${port}/' }, (r) => r.pipe(process.stdout)).on('error', (e) => console.log(e.code))"`
    const outcomes: ToolOutcome[] = []
    const agent = asking(
      [
        ['shell.run', { command: fetchIt }],
        ['shell.run', { command: fetchIt }],
      ],
      outcomes,
    )
    const runId = await started(agent)
    const patterns = [
      { action: 'process.spawn', pattern: 'node' },
      { action: 'net.egress', pattern: `localhost:${port}` },
    ] as const
    await answer(runId, { decision: 'approve', scope: 'run', patterns: [...patterns] })
    await fixture.ended(runId)
    server.close()
    const last = outcomes.at(-1)
    expect(JSON.stringify(last?.output)).not.toContain('reached')
    expect(last?.denials).toMatchObject([{ by: 'network', action: 'net.egress', resource: `localhost:${port}` }])
    expect(last?.sideEffects.network).toMatchObject([{ host: 'localhost', port, allowed: false }])
    await replays(runId)
  })
})
