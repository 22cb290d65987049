import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { FrameKind, FramePayload } from '../../../../shared/frames'
import { DEFAULT_BUDGET } from '../../../../shared/context'
import type { BranchId, ContentHash, RunId } from '../../../../shared/ids'
import { createRedactor } from '../../journal/redaction'
import { openJournal, type SqliteJournal } from '../../journal/sqlite-journal'
import { createEpisodeStore, type EpisodeStore } from './episode-store'
import { episodesOf } from './extract-episodes'

const RUN = 'r0000000001' as RunId
const OTHER = 'r0000000002' as RunId
const HASH = 'a'.repeat(64) as ContentHash
const NONE = { files: [], processes: [] }
const failure = { code: 'shell.failed', message: 'tsc is not installed', action: 'Run npm ci first.', retryable: false }

describe('episodes', () => {
  let folder: string
  let journal: SqliteJournal
  let store: EpisodeStore
  const open = () => createEpisodeStore({ path: join(folder, 'episodes.db'), journal })
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'keyframe-episodes-'))
    journal = openJournal({ dataDir: folder, redactor: createRedactor() })
    store = open()
  })
  afterEach(() => {
    store.close()
    journal.close()
    rmSync(folder, { recursive: true, force: true })
  })

  const add = <K extends FrameKind>(kind: K, payload: FramePayload<K>, cause: number | null = null, branch = 'b0', run = RUN): number => {
    const [frame] = journal.append(run, [
      { branchId: branch as BranchId, kind, atMs: 1000 + journal.length(run), cause, key: null, payload, checkpoint: null },
    ])
    return frame?.n ?? 0
  }
  const start = (task: string, run = RUN) =>
    add(
      'run.started',
      {
        options: {
          agent: 'a',
          task,
          approval: 'ask',
          forks: 2,
          budget: DEFAULT_BUDGET,
          maxTokens: 1000,
          maxErrors: 3,
          maxWallTimeMs: 10_000,
        },
        base: HASH,
        agentVersion: '1',
        policy: 'p',
        isolation: 'overlay',
        instructions: [],
      },
      null,
      'b0',
      run,
    )
  const tool = (args: unknown, ok: boolean, text: string) => {
    const intent = add('tool.intent', { tool: 'shell.run', args, effect: 'workspace', allowedBy: [] })
    const outcome = { tool: 'shell.run', ok, output: null, text, sideEffects: NONE, isolation: 'overlay' as const, durationMs: 5 }
    return add('tool.outcome', ok ? outcome : { ...outcome, error: failure }, intent)
  }

  it('are failures and what resolved them, each once', async () => {
    start('Add rounding to invoices')
    const failed = tool({ command: 'npx tsc -p .' }, false, 'sh: tsc: not found')
    tool({ command: 'npx tsc -p .' }, false, 'sh: tsc: not found')
    const worked = tool({ command: 'npx tsc -p src' }, true, 'no errors')
    tool({ command: 'npx tsc -p src' }, true, 'no errors')
    await store.refresh()
    expect(store.search('tsc not installed', 'any', 10)).toHaveLength(2)
    expect(store.search('tsc', 'negative', 10)).toEqual([
      {
        id: `${RUN}/${failed}`,
        runId: RUN,
        branchId: 'b0',
        frame: failed,
        atMs: 1000 + failed - 1,
        kind: 'error',
        sign: 'negative',
        title: 'shell.run failed: tsc is not installed',
        text: 'Called with {"command":"npx tsc -p ."}\nRun npm ci first.\nsh: tsc: not found',
        task: 'Add rounding to invoices',
        paths: [],
      },
    ])
    expect(store.search('tsc', 'positive', 10)).toMatchObject([{ frame: worked, kind: 'tool-result', sign: 'positive' }])
  })

  it('are what people decided, what judges said, and variants that were discarded', async () => {
    start('Pick a date library')
    const request = add('human.request', {
      requestId: 'q1',
      type: 'approve-plan',
      title: 'Replace moment',
      body: 'with Temporal',
      shown: HASH,
    })
    add(
      'human.answer',
      { requestId: 'q1', shown: HASH, decision: 'deny', text: 'we ship to old browsers', by: 'ann', waitedMs: 5 },
      request,
    )
    for (const branch of ['b1', 'b2']) {
      add('fork', { parent: 'b0' as BranchId, fromFrame: 1, label: branch, reason: 'speculation', task: null, options: null }, null, branch)
    }
    const judged = add('judge.intent', { judge: 'correctness', branchId: 'b1' as BranchId })
    const check = {
      check: 'tests' as const,
      state: 'failed' as const,
      command: 'npm test',
      detail: '3 of 40 fail',
      durationMs: 1,
      score: 0.2,
    }
    const verdict = { judge: 'correctness', score: 0.2, passed: false, checks: [check] }
    add('judge.verdict', verdict, judged)
    const branches = ['b1', 'b2'].map((branchId) => ({
      branchId: branchId as BranchId,
      label: `with ${branchId}`,
      ok: true,
      summary: 'done',
      verdict: null,
    }))
    add('speculate.outcome', { branches })
    const applied = [{ path: 'src/date.ts', change: 'changed' as const, hunks: 1 }]
    add('merge.outcome', { branchId: 'b2' as BranchId, applied, conflicts: [], skipped: [] })
    add('run.ended', { outcome: 'completed', summary: 'Dates are Temporal now' })
    await store.refresh()
    const told = store.search('', 'any', 20).map(({ kind, sign, title }) => `${kind} ${sign} ${title}`)
    expect(told.toSorted()).toEqual([
      'decision negative Denied: Replace moment',
      'outcome negative Variant discarded: with b1',
      'outcome negative correctness: b1 did not pass with 0.20',
      'outcome positive Merged b2: 1 file',
      'outcome positive Run completed: Dates are Temporal now',
    ])
    expect(store.search('old browsers', 'negative', 1)).toMatchObject([{ text: 'with Temporal\nThey said: we ship to old browsers' }])
    expect(store.search('date.ts', 'positive', 1)).toMatchObject([{ paths: ['src/date.ts'], task: 'Pick a date library' }])
  })

  it('are the same when they are read again: after a restart, from a file that is gone, and from one that is damaged', async () => {
    start('One')
    tool({ command: 'make' }, false, 'no rule')
    start('Two', OTHER)
    add('run.ended', { outcome: 'failed', summary: 'gave up' }, null, 'b0', OTHER)
    await store.refresh()
    const before = store.search('', 'any', 50)
    expect(before).toHaveLength(2)
    expect(new Set(before.map(({ id }) => id))).toEqual(
      new Set([RUN, OTHER].flatMap((run) => episodesOf(journal.frames(run))).map(({ id }) => id)),
    )
    const path = join(folder, 'episodes.db')
    for (const spoil of [() => undefined, () => rmSync(path), () => writeFileSync(path, 'no database '.repeat(500))]) {
      store.close()
      spoil()
      store = open()
      await store.refresh()
      expect(store.search('', 'any', 50)).toEqual(before)
    }
  })

  it('are learnt while a run goes on, and hold no secrets and no endless texts', async () => {
    start('Deploy')
    tool({ command: 'deploy', token: `ghp_${'a'.repeat(36)}` }, false, 'x'.repeat(100_000))
    await vi.waitFor(() => expect(store.search('deploy', 'negative', 1)).toHaveLength(1), { timeout: 5000 })
    const [episode] = store.search('deploy', 'negative', 1)
    expect(JSON.stringify(episode)).not.toContain('ghp_')
    expect(episode?.text.length).toBeLessThanOrEqual(2000)
    add('run.ended', { outcome: 'cancelled', summary: 'stopped' })
    await vi.waitFor(
      () => expect(store.search('cancelled', 'any', 1)).toMatchObject([{ title: 'Run cancelled: stopped', sign: 'neutral' }]),
      { timeout: 5000 },
    )
    expect(store.search('deploy', 'negative', 5)).toHaveLength(1)
  })
})
