import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { type ContextState, emptyContext, reduceChanges, tierTokens, type TokenBudget } from '../../../shared/context'
import { KeyframeError } from '../../../shared/failure'
import { contextSession, failedCall, fileRead, hashOf, someWords, toolOutcome } from '../testing/context-session'
import { tierLimits } from './context-draft'
import type { ResolvedEdit } from './context-edits'
import { contextChanges, type ContextEvent, previewEdits } from './context-policy'
import { countTokens } from './count-tokens'
import { countingOf } from './tokenizers'

/** Sequences of events, all properties together; 100,000 take about a quarter of an hour. */
const RUNS = Number(process.env['KEYFRAME_PROPERTY_RUNS'] ?? '2000')
vi.setConfig({ testTimeout: Math.max(120_000, RUNS * 60) })

type Session = ReturnType<typeof contextSession>
/** An event as it is at the frame at which it comes. */
type Make = (run: Session) => ContextEvent

const path = fc.constantFrom('a.ts', 'b.ts', 'c.ts', 'src/long/name.ts')
const lines = fc
  .tuple(
    fc.integer({ min: 1, max: 120 }),
    fc.constantFrom('total', 'error: no', 'export function f() {', '✓ passes', '+ added', '  return x'),
  )
  .map(([count, line]) => Array.from({ length: count }, (_, index) => `${line} ${index}`).join('\n'))
const text = fc.oneof(
  fc.string({ maxLength: 40 }),
  fc.integer({ min: 1, max: 700 }).map((count) => someWords(count)),
  fc.integer({ min: 1, max: 3000 }).map((count) => 'x'.repeat(count)),
  lines,
)
const anyId = fc.oneof(
  path.map((name) => `file:${name}`),
  fc.constantFrom(
    'task',
    'plan',
    'note:n1',
    'note:n2',
    'error:here',
    'note:human-3-0',
    'symbol:a.ts#f',
    'found:symbols:a.ts',
    'file:a.ts:2-5',
  ),
  fc.integer({ min: 1, max: 40 }).map((frame) => `tool:${frame}`),
)
const tier = fc.constantFrom('L1' as const, 'L2' as const, 'L3' as const, 'L4' as const)
const edit: fc.Arbitrary<ResolvedEdit> = fc.oneof(
  fc.record({ op: fc.constant('edit' as const), id: anyId, text }),
  fc.record({ op: fc.constant('add-note' as const), title: fc.string({ maxLength: 10 }), text }),
  fc.record({ op: fc.constant('pin' as const), id: anyId, pinned: fc.boolean() }),
  fc.record({ op: fc.constant('move' as const), id: anyId, to: tier }),
  fc.record({ op: fc.constant('evict' as const), id: anyId }),
  fc.record({ op: fc.constant('bring-back' as const), id: anyId, to: tier }),
  fc.record({ op: fc.constant('uncompress' as const), id: anyId }),
  fc.tuple(path, text, fc.option(fc.constant({ from: 2, to: 5, of: 9 }))).map(([name, value, part]) => ({
    ...{ op: 'add-file-text' as const, path: name, text: value },
    ...{ version: hashOf(value), lines: part },
  })),
  fc.tuple(path, text).map(([name, value]) => ({
    ...{ op: 'add-text' as const, id: `symbol:${name}#f`, kind: 'symbols' as const, title: 'f', text: value },
    source: { path: name, node: `${name}#f`, version: hashOf(value) },
  })),
)
const tool = fc.constantFrom('shell.run', 'fs.write', 'lsp.references', 'code.search')
const found = fc.tuple(fc.constantFrom('symbols', 'dependencies', 'git', 'instruction'), path, text).map(([kind, name, value]) => ({
  ...{ key: `${kind}:${name}`, kind: kind as 'symbols' | 'dependencies' | 'git' | 'instruction', title: name, text: value },
  ...{ source: { path: name, version: hashOf(value) }, reason: 'found' },
}))
const counting = fc.option(fc.constantFrom('gpt-5', 'claude-sonnet', 'llama-3', null), { nil: undefined })
const event: fc.Arbitrary<Make> = fc.oneof(
  fc.tuple(text, counting).map(([value, model]): Make => () => ({
    ...{ type: 'task', text: value },
    ...(model === undefined ? {} : { counting: countingOf(model) }),
  })),
  fc.tuple(path, text).map(([name, value]): Make => (run) => ({ type: 'tool-outcome', frame: run.frame + 1, ...fileRead(name, value) })),
  fc.tuple(tool, path, text).map(([name, file, value]): Make => (run) => ({
    ...{ type: 'tool-outcome', frame: run.frame + 1, outcome: toolOutcome(name, value), args: { path: file } },
  })),
  fc.tuple(tool, path).map(([name, file]): Make => (run) => ({
    ...{ type: 'tool-outcome', frame: run.frame + 1, outcome: failedCall(name, 'x.failed'), args: { path: file } },
  })),
  text.map((value): Make => () => ({ type: 'plan', plan: { title: value, steps: [], affectedFiles: [], notes: [] } })),
  fc
    .tuple(fc.constantFrom('n1', 'n2', 'n3'), text)
    .map(([id, value]): Make => () => ({ type: 'note', id, title: id, text: value, by: 'agent' })),
  fc.tuple(fc.array(path, { maxLength: 3 }), text).map(([paths, value]): Make => () => ({
    ...{ type: 'focus', paths },
    texts: paths.map((name) => ({ path: name, text: value, version: hashOf(value) })),
  })),
  fc.array(path, { maxLength: 3 }).map((paths): Make => (run) => ({ type: 'files-changed', paths, frame: run.frame + 1 })),
  text.map((value): Make => (run) => ({
    ...{ type: 'error', frame: run.frame + 1, where: 'here' },
    failure: { code: 'x.y', message: value, retryable: false },
  })),
  fc.constant<Make>(() => ({ type: 'resolved', ids: ['error:here'] })),
  fc.tuple(fc.boolean(), text).map(([passed, detail]): Make => (run) => ({
    ...{ type: 'checks', frame: run.frame + 1 },
    verdict: {
      judge: 'checks',
      score: null,
      passed,
      checks: [{ check: 'tests', state: 'failed', command: null, detail, durationMs: 1, score: 0 }],
    },
  })),
  fc.tuple(path, fc.option(text)).map(([name, value]): Make => () => ({
    ...{ type: 'refresh', files: [{ path: name, text: value, version: value === null ? null : hashOf(value) }] },
  })),
  fc
    .array(fc.tuple(path, text), { maxLength: 2 })
    .map((files): Make => () => ({ type: 'instructions', files: files.map(([name, value]) => ({ path: name, text: value })) })),
  fc.array(found, { maxLength: 3 }).map((items): Make => () => ({ type: 'background', found: items })),
  fc.tuple(anyId, text).map(([id, value]): Make => (run) => ({
    ...{ type: 'summary', id, text: value, by: 'a model', of: run.state.items[id]?.content ?? hashOf('') },
  })),
  fc.array(edit, { minLength: 1, maxLength: 3 }).map((edits): Make => () => ({ type: 'edits', edits, by: 'human' })),
  // Takes back one of the last frames, whatever came after it.
  fc.nat({ max: 4 }).map((back): Make => (run) => {
    const entry = run.log.at(-1 - back)
    if (entry === undefined) return { type: 'resolved', ids: [] }
    return { type: 'edits', edits: [{ op: 'undo', ...entry }], by: 'human' }
  }),
)
const budget = fc
  .record({
    total: fc.integer({ min: 1, max: 6000 }),
    reserve: fc.integer({ min: 0, max: 300 }),
    l1: fc.integer({ min: 1, max: 1500 }),
    l2: fc.integer({ min: 1, max: 2500 }),
  })
  .map(({ total, reserve, l1, l2 }): TokenBudget => ({
    totalTokens: total,
    reserves: { system: reserve, tools: reserve, output: reserve },
    l1Tokens: l1,
    l2Tokens: l2,
  }))
const sequence = fc.array(event, { minLength: 1, maxLength: 30, size: 'max' })

const EXPECTED = new Set([
  ...['context.pinned-over-budget', 'context.no-such-item', 'context.pinned', 'context.bad-tier', 'context.already-there'],
  ...['context.already-whole', 'context.nothing-to-undo'],
])

/** The event taken, or refused with nothing changed. */
function attempt(run: Session, made: ContextEvent): boolean {
  const before = run.state
  try {
    run.send(made)
    return true
  } catch (thrown) {
    if (!(thrown instanceof KeyframeError) || !EXPECTED.has(thrown.code)) throw thrown
    if (run.state !== before) throw new Error('a refused event changed the state', { cause: thrown })
    return false
  }
}

describe('for any budget and any sequence of events', () => {
  it('no tier is ever over, counts are those of the texts, pins hold, what is shortened names its whole text', () => {
    fc.assert(
      fc.property(budget, sequence, (tokens, makes) => {
        const run = contextSession(tokens)
        for (const make of makes) {
          const before = run.state
          const made = make(run)
          attempt(run, made)
          const limits = tierLimits(tokens, run.state.tokenizer)
          if (tierTokens(run.state, 'L1') > limits.L1 || tierTokens(run.state, 'L2') > limits.L2) throw new Error('over budget')
          for (const item of Object.values(run.state.items)) {
            if (before.items[item.id] === item) continue
            const shown = run.content.textOf(item.content)
            if (item.tokens !== countTokens(shown)) throw new Error(`${item.id} counts ${item.tokens}`)
            if (item.whole !== undefined && run.content.textOf(item.whole).length < 1) throw new Error(`${item.id} has no whole text`)
          }
          pinsHeld(before, run.state, made)
        }
      }),
      { numRuns: Math.ceil(RUNS * 0.4) },
    )
  })

  it('the fold of the recorded changes is the state, and every eviction can be taken back', () => {
    fc.assert(
      fc.property(budget, sequence, (tokens, makes) => {
        const run = contextSession(tokens)
        for (const make of makes) attempt(run, make(run))
        const folded = run.log.reduce((state, entry) => reduceChanges(state, entry.changes, entry.frame), emptyContext(tokens))
        expect(folded).toEqual(run.state)
        for (const { item } of run.state.evicted) {
          expect(run.content.textOf(item.content)).toBeTypeOf('string')
          if (run.state.items[item.id] !== undefined) continue
          expect(previewEdits(run.state, [{ op: 'bring-back', id: item.id, to: 'L2' }], run.env()).failure).toBeNull()
        }
      }),
      { numRuns: Math.ceil(RUNS * 0.25) },
    )
  })

  it('taking edits back restores the state to the last field, and taking that back restores the edits', () => {
    fc.assert(
      fc.property(budget, sequence, fc.array(edit, { minLength: 1, maxLength: 3 }), (tokens, makes, edits) => {
        const run = contextSession(tokens)
        for (const make of makes) attempt(run, make(run))
        if (!attempt(run, { type: 'edits', edits, by: 'human' })) return
        const edited = run.log.at(-1)
        if (edited === undefined || same(edited.before, run.state)) return
        const after = run.state
        run.send({ type: 'edits', edits: [{ op: 'undo', ...edited }], by: 'human' })
        expect(run.state).toEqual(edited.before)
        const undone = run.log.at(-1)
        if (undone === undefined) return
        run.send({ type: 'edits', edits: [{ op: 'undo', ...undone }], by: 'human' })
        expect(run.state).toEqual(after)
      }),
      { numRuns: Math.ceil(RUNS * 0.25) },
    )
  })

  it('the same inputs give the same changes, whatever the order of the keys', () => {
    fc.assert(
      fc.property(budget, sequence, (tokens, makes) => {
        const run = contextSession(tokens)
        for (const make of makes) {
          const shuffled: ContextState = { ...run.state, items: Object.fromEntries(Object.entries(run.state.items).reverse()) }
          const made = make(run)
          const env = { ...run.env(), frame: run.frame + 1 }
          const outcomeOf = (state: ContextState) => {
            try {
              return contextChanges(state, made, env)
            } catch (thrown) {
              return thrown instanceof KeyframeError ? thrown.failure : String(thrown)
            }
          }
          expect(outcomeOf(shuffled)).toEqual(outcomeOf(run.state))
          attempt(run, made)
        }
      }),
      { numRuns: Math.ceil(RUNS * 0.1) },
    )
  })
})

function same(a: ContextState, b: ContextState): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}

/** Pins are let go only by name: an edit, an author taking a note back, a file that is gone, or errors that yield. */
function pinsHeld(before: ContextState, after: ContextState, made: ContextEvent): void {
  if (made.type === 'edits' || made.type === 'note' || made.type === 'instructions') return
  for (const item of Object.values(before.items)) {
    if (!item.pinned || item.kind === 'error') continue
    // A new task or plan comes into L1 again, wherever a person had moved the old one.
    const held = made.type === item.id ? 'L1' : item.tier
    const now = after.items[item.id]
    if (now?.pinned !== true || now.tier !== held) throw new Error(`the pin of ${item.id} did not hold`)
  }
}
