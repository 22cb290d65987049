import { describe, expect, it } from 'vitest'
import { tierTokens, type TokenBudget } from '../../../shared/context'
import {
  contextSession as session,
  failedCall as failed,
  fileRead as read,
  hashOf as hash,
  someWords as words,
  toolOutcome as outcome,
} from '../testing/context-session'
import { contextBundle } from './context-bundle'
import type { ResolvedEdit } from './context-edits'
import { previewEdits } from './context-policy'

const small: TokenBudget = { totalTokens: 10_000, reserves: { system: 100, tools: 100, output: 100 }, l1Tokens: 800, l2Tokens: 1600 }

describe('tool results', () => {
  it('keeps the last ten in L1 exactly and moves older ones to L2 with the rule', () => {
    const run = session()
    for (let index = 1; index <= 12; index += 1) {
      run.send({ type: 'tool-outcome', frame: index, outcome: outcome('shell.run', `output ${index}`), args: { command: `echo ${index}` } })
    }
    expect(run.state.items['tool:2']).toMatchObject({ tier: 'L2', reason: 'older than the last 10 tool results' })
    expect(run.state.items['tool:3']).toMatchObject({ tier: 'L1', title: 'shell.run echo 3' })
    expect(run.text('tool:12')).toBe('output 12')
    expect(Object.values(run.state.items).filter((item) => item.tier === 'L1')).toHaveLength(10)
  })

  it('condenses a long one, says what is left out and keeps the whole by its hash', () => {
    const run = session()
    const long = Array.from({ length: 9000 }, (_, index) => `line ${index}`).join('\n')
    run.send({ type: 'tool-outcome', frame: 1, outcome: outcome('shell.run', long), args: { command: 'cat big' } })
    const shown = run.text('tool:1')
    expect(shown.startsWith(`[9000 lines; whole text: ${hash(long)}]\nline 0\n`)).toBe(true)
    expect(shown.endsWith('line 8999')).toBe(true)
    const left = [...shown.matchAll(/\[\.\.\. lines (\d+) to (\d+) left out \.\.\.\]/g)].map(
      ([, from, to]) => Number(to) - Number(from) + 1,
    )
    const kept = shown.split('\n').filter((line) => line.startsWith('line ')).length
    expect(kept + left.reduce((sum, lines) => sum + lines, 0)).toBe(9000)
    expect(run.state.items['tool:1']?.tokens).toBeLessThanOrEqual(4000)
    expect(run.state.items['tool:1']).toMatchObject({
      reason: 'result of shell.run; condensed to 4000 tokens',
      whole: hash(long),
      shortenedBy: 'log',
    })
  })

  it('drops an earlier result that is the same', () => {
    const run = session()
    run.send({ type: 'tool-outcome', frame: 1, outcome: outcome('shell.run', 'same'), args: { command: 'ls' } })
    run.send({ type: 'tool-outcome', frame: 2, outcome: outcome('shell.run', 'same'), args: { command: 'ls' } })
    expect(Object.keys(run.state.items)).toEqual(['tool:2'])
    expect(run.state.evicted.map((entry) => [entry.item.id, entry.rule])).toEqual([['tool:1', 'same result again at frame 2']])
  })
})

describe('language results', () => {
  const pointing = (text: string, version = hash(text)) => ({
    outcome: outcome('lsp.definition', 'src/a.ts:3', {
      output: { locations: [{ path: 'src/a.ts' }], sources: [{ path: 'src/a.ts', version, startLine: 1, endLine: 5, text }] },
    }),
    args: { path: 'src/b.ts', line: 1, column: 0 },
  })

  it('bring the source around what they point at into L2', () => {
    const run = session()
    run.send({ type: 'tool-outcome', frame: 1, ...pointing('function a() {}') })
    expect(run.state.items['file:src/a.ts:1-5']).toMatchObject({ tier: 'L2', kind: 'file', reason: 'lsp.definition src/b.ts points at it' })
    expect(run.text('file:src/a.ts:1-5')).toBe('function a() {}')
  })

  it('do not repeat a file that is there in the same version', () => {
    const run = session()
    run.send({ type: 'tool-outcome', frame: 1, ...read('src/a.ts', 'function a() {}') })
    run.send({ type: 'tool-outcome', frame: 2, ...pointing('function a() {}') })
    expect(Object.keys(run.state.items).filter((id) => id.startsWith('file:'))).toEqual(['file:src/a.ts'])
  })
})

describe('checks and tests', () => {
  it('keep a failed verdict in L1 and a passed one in L2, each in the place of the last', () => {
    const run = session()
    const check = { check: 'tests' as const, command: 'npm test', detail: '2 failed', durationMs: 1, score: 0.5 }
    const verdict = { judge: 'checks', score: 0.5, passed: false, checks: [{ ...check, state: 'failed' as const }] }
    run.send({ type: 'checks', frame: 1, verdict })
    expect(run.state.items['tests:checks']).toMatchObject({ tier: 'L1', kind: 'tests', source: { by: 'kernel', frame: 1 } })
    expect(run.text('tests:checks')).toBe('Failed, score 0.5.\ntests failed (npm test): 2 failed')
    run.send({ type: 'checks', frame: 2, verdict: { ...verdict, passed: true, score: 1 } })
    expect(run.state.items['tests:checks']).toMatchObject({ tier: 'L2', title: 'Checks passed' })
  })

  it('put the last output of the same tests in the place of earlier ones', () => {
    const run = session()
    const ran = (frame: number, failing: number) =>
      run.send({
        ...{ type: 'tool-outcome', frame, args: { command: 'npm test' } },
        outcome: outcome('shell.run', ` ✓ a.test.ts\n × b.test.ts > adds\nTests  ${failing} failed | 1 passed`),
      })
    ran(1, 2)
    ran(2, 1)
    expect(Object.values(run.state.items).map((item) => [item.id, item.kind])).toEqual([['tool:2', 'tests']])
    expect(run.state.evicted.at(-1)?.rule).toBe('the same tests ran again at frame 2')
  })

  it('say how good the best hit of a search was', () => {
    const run = session()
    const output = { hits: [{ path: 'a.ts', line: 1, text: 'x', symbol: null, score: 0.8 }] }
    run.send({ type: 'tool-outcome', frame: 1, outcome: outcome('memory.search', 'a.ts:1 x', { output }), args: { query: 'x' } })
    expect(run.state.items['tool:1']?.source).toMatchObject({ query: 'x', score: 0.8 })
  })
})

describe('errors', () => {
  it('stay pinned in L1 until the same tool succeeds on the same target', () => {
    const run = session()
    run.send({ type: 'tool-outcome', frame: 1, outcome: failed('fs.write', 'fs.stale'), args: { path: 'a.ts', text: 'x' } })
    expect(run.state.items['error:fs.write:a.ts']).toMatchObject({ tier: 'L1', pinned: true, kind: 'error' })
    run.send({
      type: 'tool-outcome',
      frame: 2,
      outcome: outcome('fs.write', 'ok', { output: { path: 'b.ts', version: hash('x'), created: true } }),
      args: { path: 'b.ts', text: 'x' },
    })
    expect(run.state.items['error:fs.write:a.ts']).toMatchObject({ tier: 'L1', pinned: true })
    run.send({
      type: 'tool-outcome',
      frame: 3,
      outcome: outcome('fs.write', 'ok', { output: { path: 'a.ts', version: hash('x'), created: false } }),
      args: { path: 'a.ts', text: 'x' },
    })
    expect(run.state.items['error:fs.write:a.ts']).toMatchObject({
      tier: 'L2',
      pinned: false,
      reason: 'fs.write a.ts succeeded at frame 3',
    })
  })

  it('can be resolved by id, and a second error at the same place replaces the first', () => {
    const run = session()
    run.send({ type: 'error', frame: 1, failure: { code: 'x.one', message: 'first', retryable: false }, where: 'judge' })
    run.send({ type: 'error', frame: 2, failure: { code: 'x.two', message: 'second', retryable: false }, where: 'judge' })
    expect(Object.keys(run.state.items)).toEqual(['error:judge'])
    expect(run.text('error:judge')).toBe('x.two: second')
    run.send({ type: 'resolved', ids: ['error:judge', 'error:unknown'] })
    expect(run.state.items['error:judge']).toMatchObject({ tier: 'L2', pinned: false })
  })

  it('give way, oldest first, when there are more than L1 has room for', () => {
    const run = session(small)
    for (let index = 1; index <= 30; index += 1) {
      const failure = { code: 'x.many', message: words(100), retryable: false }
      run.send({ type: 'error', frame: index, failure, where: `step ${index}` })
    }
    expect(run.state.items['error:step 30']).toMatchObject({ tier: 'L1', pinned: true })
    expect(run.state.items['error:step 1']?.pinned ?? false).toBe(false)
    expect(tierTokens(run.state, 'L1')).toBeLessThanOrEqual(small.l1Tokens / 4)
  })
})

describe('files', () => {
  it('go to L2 with their version; reading again only counts as use; a new version replaces the old', () => {
    const run = session()
    run.send({ type: 'tool-outcome', frame: 1, ...read('src/a.ts', 'one\n') })
    expect(run.state.items['file:src/a.ts']).toMatchObject({
      tier: 'L2',
      source: { path: 'src/a.ts', version: hash('one\n'), tool: 'fs.read', frame: 1 },
    })
    expect(run.text('tool:1')).toBe('Read src/a.ts; its text is in item file:src/a.ts.')
    const again = run.send({ type: 'tool-outcome', frame: 2, ...read('src/a.ts', 'one\n') })
    expect(again.filter((change) => change.op === 'put' && change.item.kind === 'file')).toEqual([])
    run.send({ type: 'tool-outcome', frame: 3, ...read('src/a.ts', 'two\n') })
    expect(run.text('file:src/a.ts')).toBe('two\n')
    expect(run.state.items['file:src/a.ts']).toMatchObject({ addedAt: 1, lastUsedAt: 3 })
  })

  it('turn stale when changed and current when refreshed; a removed file leaves', () => {
    const run = session()
    run.send({ type: 'tool-outcome', frame: 1, ...read('a.ts', 'one') })
    run.send({ type: 'tool-outcome', frame: 2, ...read('b.ts', 'bee') })
    run.send({ type: 'files-changed', paths: ['a.ts', 'b.ts', 'c.ts'], frame: 3 })
    expect(run.state.items['file:a.ts']?.stale).toBe(true)
    run.send({
      type: 'refresh',
      files: [
        { path: 'a.ts', text: 'new', version: hash('new') },
        { path: 'b.ts', text: null, version: null },
      ],
    })
    expect(run.state.items['file:a.ts']).toMatchObject({ stale: false, tier: 'L2' })
    expect(run.text('file:a.ts')).toBe('new')
    expect(run.state.items['file:b.ts']).toBeUndefined()
    expect(run.state.evicted.at(-1)).toMatchObject({ item: { id: 'file:b.ts' }, rule: 'the file is gone' })
  })

  it('that are pinned and grow are shortened rather than stop the run', () => {
    const run = session(small)
    run.send({ type: 'tool-outcome', frame: 1, ...read('a.ts', words(300)) })
    run.send({ type: 'tool-outcome', frame: 2, ...read('b.ts', words(300, 'bee')) })
    const pin = (id: string) => ({ op: 'pin' as const, id, pinned: true })
    run.send({ type: 'edits', edits: [pin('file:a.ts'), pin('file:b.ts')], by: 'human' })
    run.send({ type: 'files-changed', paths: ['a.ts'], frame: 4 })
    run.send({ type: 'refresh', files: [{ path: 'a.ts', text: words(5000, 'more'), version: hash('more') }] })
    expect(run.state.items['file:a.ts']).toMatchObject({ pinned: true, stale: false, tier: 'L2', whole: hash(words(5000, 'more')) })
    expect(tierTokens(run.state, 'L2')).toBeLessThanOrEqual(small.l2Tokens)
  })

  it('come into L1 with the focus and leave it with the next one', () => {
    const run = session()
    run.send({ type: 'focus', paths: ['a.ts'], texts: [{ path: 'a.ts', text: 'small', version: hash('small') }] })
    expect(run.state.items['file:a.ts']).toMatchObject({ tier: 'L1', reason: 'in focus' })
    run.send({ type: 'focus', paths: ['big.ts'], texts: [{ path: 'big.ts', text: words(9000), version: hash('big') }] })
    expect(run.state.items['file:a.ts']).toMatchObject({ tier: 'L2', reason: 'no longer in focus' })
    expect(run.state.items['file:big.ts']).toMatchObject({ tier: 'L2', reason: 'in focus' })
  })

  it('that a reference points at come back from L3 when there is room', () => {
    const run = session()
    run.send({ type: 'tool-outcome', frame: 1, ...read('a.ts', 'one') })
    run.send({ type: 'edits', edits: [{ op: 'evict', id: 'file:a.ts' }], by: 'human' })
    const output = { locations: [{ path: 'a.ts', startLine: 1, startColumn: 0, endLine: 1, endColumn: 1, context: 'one' }] }
    run.send({
      type: 'tool-outcome',
      frame: 3,
      outcome: outcome('lsp.references', 'a.ts:1 one', { output }),
      args: { path: 'b.ts', line: 1, column: 0 },
    })
    expect(run.state.items['file:a.ts']).toMatchObject({ tier: 'L2', stale: true, reason: 'lsp.references b.ts points at it' })
    expect(run.state.items['tool:3']?.kind).toBe('references')
  })
})

describe('edits by hand', () => {
  it('are applied in order and say so', () => {
    const run = session()
    run.send({ type: 'task', text: 'rename a to b' })
    const changes = run.send({
      type: 'edits',
      by: 'human',
      edits: [
        { op: 'add-note', title: 'Mind', text: 'the API is public' },
        { op: 'edit', id: 'task', text: 'rename a to c' },
      ],
    })
    expect(changes.map((change) => change.op)).toEqual(['put', 'rewrite'])
    expect(run.text('task')).toBe('rename a to c')
    expect(run.state.items['note:human-2-0']).toMatchObject({ kind: 'note', tier: 'L1', source: { by: 'human', frame: 2 } })
  })

  it.each<[ResolvedEdit, string]>([
    [{ op: 'edit', id: 'nothing', text: '' }, 'context.no-such-item'],
    [{ op: 'pin', id: 'nothing', pinned: true }, 'context.no-such-item'],
    [{ op: 'evict', id: 'task' }, 'context.pinned'],
    [{ op: 'move', id: 'task', to: 'L4' }, 'context.bad-tier'],
    [{ op: 'bring-back', id: 'task', to: 'L1' }, 'context.already-there'],
    [{ op: 'bring-back', id: 'gone', to: 'L1' }, 'context.no-such-item'],
  ])('refuses %j with %s, in the preview too', (edit, code) => {
    const run = session()
    run.send({ type: 'task', text: 'x' })
    const before = run.state
    expect(() => run.send({ type: 'edits', edits: [edit], by: 'human' })).toThrowError(expect.objectContaining({ code }))
    expect(run.state).toBe(before)
    expect(previewEdits(run.state, [edit], run.env())).toMatchObject({ changes: [], failure: { code } })
  })

  it('refuses pins that alone are over the budget and names the largest', () => {
    const run = session(small)
    run.send({ type: 'edits', by: 'human', edits: [{ op: 'add-note', title: 'A', text: words(200) }] })
    run.send({
      type: 'edits',
      by: 'human',
      edits: [
        { op: 'pin', id: 'note:human-1-0', pinned: true },
        { op: 'add-note', title: 'B', text: words(200) },
      ],
    })
    const preview = previewEdits(
      run.state,
      [
        { op: 'edit', id: 'note:human-1-0', text: words(500) },
        { op: 'pin', id: 'note:human-2-1', pinned: true },
      ],
      run.env(),
    )
    expect(preview.failure).toMatchObject({ code: 'context.pinned-over-budget', action: expect.stringContaining('A (') })
    expect(preview.after).toEqual(preview.before)
  })

  it('previews what falls out and what the tiers come to', () => {
    const run = session(small)
    for (let index = 1; index <= 6; index += 1)
      run.send({ type: 'tool-outcome', frame: index, ...read(`f${index}.ts`, words(120, `w${index}`)) })
    const preview = previewEdits(run.state, [{ op: 'add-note', title: 'long', text: words(380) }], run.env())
    run.send({ type: 'edits', by: 'human', edits: [{ op: 'add-note', title: 'long', text: words(380) }] })
    expect(preview.after[0]?.tokens).toBe(tierTokens(run.state, 'L1'))
    expect(preview.after[1]?.tokens).toBe(tierTokens(run.state, 'L2'))
    expect(preview.failure).toBeNull()
  })
})

describe('the bundle', () => {
  it('has instructions and the task first, then the order in which items got their texts', () => {
    const run = session()
    run.send({ type: 'tool-outcome', frame: 1, ...read('a.ts', 'A') })
    run.send({ type: 'instructions', files: [{ path: 'AGENTS.md', text: 'be careful' }] })
    run.send({
      type: 'plan',
      plan: { title: 'Plan', steps: [{ id: '1', title: 'go', state: 'pending' }], affectedFiles: ['a.ts'], notes: [] },
    })
    run.send({ type: 'task', text: 'T' })
    const bundle = contextBundle(run.state, run.content.textOf)
    expect(bundle.items.map((entry) => entry.item.id)).toEqual(['instruction:AGENTS.md', 'task', 'file:a.ts', 'tool:1', 'plan'])
    expect(bundle.items[4]?.text).toBe('Plan\n- [pending] go\nFiles: a.ts')
    expect(bundle.tokens.l1 + bundle.tokens.l2 + bundle.tokens.availableTokens).toBe(160_000)
  })
})
