import { describe, expect, it } from 'vitest'
import { type BreakpointCondition, breakpointHit, type BreakpointSettings, conditionInWords, hitsIn } from './breakpoints'
import type { ContextItem } from './context'
import type { Frame, FrameKind, FramePayload } from './frames'
import { BranchId, ContentHash, RunId } from './ids'

const RUN = RunId.parse('r0000000001')
const HASH = ContentHash.parse('a'.repeat(64))
const NOTHING = { tokensBefore: 0, tokensAfter: 0 }

function frame<K extends FrameKind>(kind: K, payload: FramePayload<K>, n = 1, branchId = 'b0'): Frame {
  return {
    ...{ runId: RUN, n, branchId: BranchId.parse(branchId), kind, atMs: n, cause: null, key: null, payload },
    ...{ checkpoint: null, hash: HASH },
  } as Frame
}

function on(condition: BreakpointCondition, more: Partial<BreakpointSettings> = {}): BreakpointSettings {
  return { name: '', enabled: true, condition, runId: null, branchId: null, fromHit: 1, ...more }
}

function intent(tool: string, path: string, effect: 'pure' | 'workspace' = 'pure', n = 1): Frame {
  return frame('tool.intent', { tool, args: { path }, effect, allowedBy: [] }, n)
}

function outcome(tool: string, paths: readonly string[], ok = true): Frame {
  return frame('tool.outcome', {
    ...{ tool, ok, output: null, text: '', isolation: 'overlay', durationMs: 1 },
    sideEffects: { files: paths.map((path) => ({ path, change: 'changed' })), processes: [] },
  })
}

function put(n: number, tier: ContextItem['tier'], tokens: number): Frame {
  const item: ContextItem = {
    ...{ id: `i${n}`, tier, kind: 'note', title: '', content: HASH, tokens, source: { by: 'agent', frame: n } },
    ...{ reason: '', addedAt: n, lastUsedAt: n, pinned: false, stale: false },
  }
  return frame('context.changed', { changes: [{ op: 'put', item }] }, n)
}

describe('what a breakpoint waits for', () => {
  it.each<[string, BreakpointCondition, Frame, boolean]>([
    ['a kind', { on: 'kind', kinds: ['agent.message', 'error'] }, frame('agent.message', { text: '', level: 'info' }), true],
    ['another kind', { on: 'kind', kinds: ['error'] }, frame('agent.message', { text: '', level: 'info' }), false],
    ['a tool by name', { on: 'tool', pattern: 'fs.read' }, intent('fs.read', 'a'), true],
    ['a tool by glob', { on: 'tool', pattern: 'fs.*' }, intent('fs.read', 'a'), true],
    ['another tool', { on: 'tool', pattern: 'fs.*' }, intent('shell.exec', 'a'), false],
    ['a call once, not its outcome', { on: 'tool', pattern: 'fs.*' }, outcome('fs.write', ['a']), false],
    ['a dot is a dot', { on: 'tool', pattern: 'fs.read' }, intent('fsXread', 'a'), false],
    ['a changed file', { on: 'file', pattern: 'src/**', access: 'changed' }, outcome('fs.write', ['src/a/b.ts']), true],
    ['a changed file by name', { on: 'file', pattern: '*.ts', access: 'any' }, outcome('fs.write', ['src/a/b.ts']), true],
    ['a hidden file', { on: 'file', pattern: '**/*.json', access: 'changed' }, outcome('fs.write', ['.a/b.json']), true],
    ['a file that was only read', { on: 'file', pattern: 'src/**', access: 'changed' }, intent('fs.read', 'src/a.ts'), false],
    ['a read file', { on: 'file', pattern: 'src/*', access: 'read' }, intent('fs.read', '/workspace/src/a.ts'), true],
    ['a call that writes reads nothing', { on: 'file', pattern: 'src/*', access: 'read' }, intent('fs.write', 'src/a', 'workspace'), false],
    [
      'a merged file',
      { on: 'file', pattern: 'a.ts', access: 'changed' },
      frame('merge.outcome', {
        ...{ branchId: BranchId.parse('b1'), applied: [{ path: 'a.ts', change: 'changed', hunks: 1 }], conflicts: [], skipped: [] },
      }),
      true,
    ],
    ['a failed call', { on: 'error' }, outcome('fs.read', [], false), true],
    ['a call that went well', { on: 'error' }, outcome('fs.read', []), false],
    ['a failed run', { on: 'error' }, frame('run.ended', { outcome: 'failed', summary: '' }), true],
    ['a completed run', { on: 'error' }, frame('run.ended', { outcome: 'completed', summary: '' }), false],
    [
      'a decision by a person',
      { on: 'human' },
      frame('human.answer', { requestId: 'b0-1', shown: HASH, decision: 'approve', by: 'person', waitedMs: 1 }),
      true,
    ],
    ['a pause by a person', { on: 'kind', kinds: ['control'] }, frame('control', { action: 'pause', text: null, by: 'person' }), true],
    ['never its own pause', { on: 'kind', kinds: ['control'] }, frame('control', { action: 'pause', text: '', by: 'breakpoint' }), false],
  ])('%s', (_, condition, given, expected) => {
    expect(breakpointHit(on(condition), given, NOTHING)).toBe(expected)
  })

  it('tokens: once, at the frame with which they pass the number', () => {
    const at = on({ on: 'tokens', over: 100 })
    expect(hitsIn(at, [put(1, 'L1', 60), put(2, 'L2', 40), put(3, 'L3', 500), put(4, 'L1', 1), put(5, 'L1', 9)])).toEqual([4])
  })

  it('only of a run or a branch, and from the n-th match on', () => {
    const message = (n: number, branchId: string) => frame('agent.message', { text: '', level: 'info' }, n, branchId)
    const frames = [message(1, 'b0'), message(2, 'b1'), message(3, 'b0'), message(4, 'b1'), message(5, 'b1')]
    const any: BreakpointCondition = { on: 'kind', kinds: ['agent.message'] }
    expect(hitsIn(on(any), frames)).toEqual([1, 2, 3, 4, 5])
    expect(hitsIn(on(any, { runId: RunId.parse('r0000000002') }), frames)).toEqual([])
    expect(hitsIn(on(any, { runId: RUN, branchId: BranchId.parse('b1') }), frames)).toEqual([2, 4, 5])
    expect(hitsIn(on(any, { branchId: BranchId.parse('b1'), fromHit: 2 }), frames)).toEqual([4, 5])
  })

  it('is said in words', () => {
    expect(conditionInWords({ on: 'file', pattern: '*.ts', access: 'any' })).toBe('*.ts read or changed')
    expect(conditionInWords({ on: 'kind', kinds: ['error', 'control'] })).toBe('frame error or control')
  })
})
