import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type MethodName, type MethodParams, Methods } from '../../shared/contract/methods'
import { Failure, toFailure } from '../../shared/failure'
import { arbitraryParams, type Likely } from './testing/arbitrary-params'
import { KernelFixture, pause } from './testing/kernel-fixture'

/** What opens a sandbox, starts a run or replays one is called less often. */
const HEAVY: readonly MethodName[] = [
  'runs.start',
  'branches.fork',
  'branches.merge',
  'terminal.open',
  'terminal.write',
  'terminal.resize',
  'lsp.open',
  'sandbox.exec',
  'sandbox.tool',
  'replay.run',
  'workspace.get',
  'doctor.get',
  'index.refresh',
]
const SEED = Number(process.env['KEYFRAME_SEED'] ?? Date.now() % 1_000_000)

let at: KernelFixture
let runId: string
let likely: Likely

beforeAll(async () => {
  at = new KernelFixture('fuzz')
  at.writeSmallProject()
  await at.open()
  runId = await at.start('rename symbol alpha to beta', 'deny')
  await at.ended(runId)
  const frames = await at.frames(runId)
  const text = JSON.stringify(frames)
  const hashes = [...new Set(text.match(/[0-9a-f]{64}/g) ?? [])]
  const points = [1, 2, Math.ceil(frames.length / 2), frames.length, frames.length + 1, 99_999]
  likely = {
    runId: [...Array.from({ length: 12 }, () => runId), 'r0000000000000000', 'r'],
    branchId: [...Array.from({ length: 8 }, () => 'b0'), 'b1', 'b99', '../b0'],
    n: points,
    from: [...points, 'file:src/alpha.ts', 'symbol:src/alpha.ts#alpha'],
    to: ['file:src/use.ts', 'L1', 'L2', 'L3', ''],
    requestId: ['b0-1', ''],
    shown: [...hashes.slice(0, 2)],
    decision: ['approve', 'deny'],
    hash: [...hashes.slice(0, 10), '0'.repeat(64)],
    path: [
      'src/alpha.ts',
      'src',
      '',
      '.',
      '..',
      '../../etc/passwd',
      '/etc/passwd',
      'src//alpha.ts',
      'a\0b',
      '\ud800',
      '.git/config',
      'x'.repeat(5000),
      '__proto__',
    ],
    agent: ['nobody', 'analyst', '__proto__', 'constructor'],
    role: ['nobody', 'analyst', 'refactorer', 'constructor'],
    name: ['fs.read', 'fs.write', 'lsp.references', 'shell.run', 'nothing', 'toString'],
    args: [{ path: 'src/alpha.ts' }, { path: '../../etc/passwd' }, { command: 'true' }, {}, null],
    argv: [['true'], ['echo', 'x'.repeat(200_000)], ['nothing-like-it'], ['bash', '-c', 'exit 7'], [''], ['\0'], ['cat', 'src/alpha.ts']],
    id: ['task', 'src/alpha.ts', 'file:src/alpha.ts', 'symbol:src/alpha.ts#alpha', '__proto__', ''],
    task: ['', ' ', 'rename symbol alpha to alpha', 'do the impossible', 'find references of nothing'],
    session: ['main', 'checks', 'nobody', ''],
    channel: ['lsp-1', 'lsp-999', ''],
    key: ['layout', '', '__proto__'],
    language: ['typescript', 'cobol', ''],
    timeoutMs: [100, 5000],
    query: ['alpha', '"', '*', 'a AND', "'; DROP TABLE frames; --", '(', '\0', ''],
  }
})
afterAll(() => at.dispose())

describe(`every method of the contract, called with all kinds of parameters (KEYFRAME_SEED=${SEED})`, () => {
  it.each(Object.keys(Methods) as MethodName[])('%s answers, or fails by a code that is no fault', async (method) => {
    const codes = new Map<string, number>()
    await fc.assert(
      fc.asyncProperty(arbitraryParams(method, likely), async (params) => {
        let code = 'ok'
        try {
          const result: unknown = await at.call(method, params as MethodParams<MethodName>)
          Methods[method].result.parse(result)
        } catch (thrown) {
          const failure = Failure.parse(toFailure(thrown))
          if (failure.code === 'internal') throw thrown
          code = failure.code
        }
        codes.set(code, (codes.get(code) ?? 0) + 1)
      }),
      { seed: SEED, numRuns: HEAVY.includes(method) ? 25 : 80, endOnFailure: true },
    )
    console.log(`${method}: ${[...codes].map(([code, count]) => `${code} ${count}`).join(', ')}`)
  })

  it('edits of the context that come while a run ends are made or refused, none is left waiting', async () => {
    // One that was saved by chance would stop the run.
    for (const { id } of await at.call('breakpoints.list', {})) await at.call('breakpoints.remove', { id })
    const busy = await at.start('rename symbol alpha to delta', 'deny')
    const asked: Promise<string>[] = []
    while ((await at.call('runs.get', { runId: busy })).endedAtMs === null) {
      const edits = [{ op: 'add-note' as const, title: 'note', text: `note ${asked.length}` }]
      const made = at.call('context.apply', { runId: busy, branchId: 'b0', edits, note: 'meanwhile' })
      asked.push(
        made.then(
          () => 'made',
          (thrown: unknown) => toFailure(thrown).code,
        ),
      )
      await pause(5)
    }
    const answers = await Promise.race([Promise.all(asked), pause(10_000).then(() => ['still waiting'])])
    expect(new Set(answers)).toEqual(new Set(['made']))
    expect(await at.call('replay.run', { runId: busy, mode: 'exact' })).toMatchObject({ ok: true, divergence: null })
  })

  it('and the kernel goes on as before', async () => {
    for (const run of await at.call('runs.list', {})) {
      if (run.state === 'running' || run.state === 'waiting' || run.state === 'paused')
        await at.call('runs.control', { runId: run.runId, action: 'cancel' })
      await at.ended(run.runId)
    }
    expect(await at.call('replay.run', { runId, mode: 'exact' })).toMatchObject({ ok: true, divergence: null })
    const after = await at.start('rename symbol alpha to gamma')
    expect(await at.ended(after)).toMatchObject({ state: 'completed' })
    expect(readFileSync(join(at.root, 'src/use.ts'), 'utf8')).toContain('gamma(1)')
  })
})
