import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { AgentProgram } from '../agents/agent-api'
import { KernelFixture } from '../testing/kernel-fixture'
import { writeFiles } from '../testing/git-repository'

const FILES = 14

/** Reads every file twice in a small context, and says what it was shown at the end. */
const reader: AgentProgram = {
  ...{ id: 'reader', version: 'reader@1', title: 'Reader', summary: 'Reads files.', examples: ['read'], mutates: false },
  role: 'code-analyzer',
  async run(api) {
    for (let round = 0; round < 2; round += 1) for (let index = 0; index < FILES; index += 1) await api.readFile(`src/f${index}.ts`)
    await api.setState('read', { shown: api.getContext().items.map(({ item }) => item.id) })
    return { ok: true, summary: `${api.getContext().items.length} items` }
  },
}

let fixture: KernelFixture
beforeEach(() => {
  fixture = new KernelFixture('by-hand')
})
afterEach(() => fixture.dispose())

describe('a context by hand', () => {
  it('condenses in the background, replays exactly, and takes files that are added as of the frame', async () => {
    const source = (name: string) =>
      Array.from({ length: 40 }, (_, line) => `export function ${name}n${line}() {\n  return ${line}\n}`).join('\n')
    writeFiles(fixture.root, Object.fromEntries(Array.from({ length: FILES }, (_, index) => [`src/f${index}.ts`, source(`f${index}`)])))
    fixture.git('init', '-q')
    fixture.git('add', '.')
    fixture.git('commit', '-qm', 'begin')
    await fixture.open(fixture.root, [reader])
    const { runId } = await fixture.call('runs.start', {
      ...{ agent: 'reader', task: 'read what is there', approval: 'yes' },
      budget: { totalTokens: 20_000, reserves: { system: 0, tools: 0, output: 0 }, l1Tokens: 2_000, l2Tokens: 4_000 },
    })
    expect(await fixture.ended(runId)).toMatchObject({ state: 'completed' })
    const frames = await fixture.frames(runId)
    const condensed = frames.filter(
      (frame) => frame.kind === 'context.edited' && frame.payload.changes.some((change) => change.op === 'rewrite'),
    )
    expect(condensed.length).toBeGreaterThan(0)
    expect(await fixture.call('replay.run', { runId, mode: 'exact' })).toMatchObject({ ok: true, divergence: null })

    const at = { runId, branchId: 'b0', n: frames.length }
    const edits = [{ op: 'add-file' as const, path: 'src/f3.ts', lines: { from: 4, to: 6 } }]
    const preview = await fixture.call('context.preview', { at, edits })
    expect(preview).toMatchObject({ failure: null, cache: { refillUsd: null } })
    expect(preview.cache?.refillTokens).toBeGreaterThan(0)
    const { frame } = await fixture.call('context.apply', { runId, branchId: 'b0', edits, note: 'look here' })
    const edited = (await fixture.frames(runId)).find((one) => one.n === frame)
    const put = edited?.kind === 'context.edited' ? edited.payload.changes.find((change) => change.op === 'put') : undefined
    expect(put?.op === 'put' ? put.item : null).toMatchObject({
      ...{ id: 'file:src/f3.ts:4-6', kind: 'file', reason: 'added by hand' },
      source: { by: 'human', path: 'src/f3.ts', lines: { from: 4, to: 6 } },
    })

    const missing = [{ op: 'add-file' as const, path: 'src/none.ts' }]
    expect(await fixture.call('context.preview', { at, edits: missing })).toMatchObject({
      changes: [],
      failure: { code: 'context.no-such-file' },
    })
    await expect(fixture.call('context.apply', { runId, branchId: 'b0', edits: missing, note: '' })).rejects.toMatchObject({
      failure: { code: 'context.no-such-file' },
    })
  }, 120_000)
})
