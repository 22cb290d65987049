import { describe, expect, it } from 'vitest'
import { frame, HASH, message } from '../../app/testing/frame-fixtures'
import type { FramePayload } from '../../../shared/frames'
import { conversationOf } from './conversation'

const OUTCOME: FramePayload<'tool.outcome'> = {
  tool: 'fs.read',
  ok: true,
  output: null,
  text: 'text',
  sideEffects: { files: [], processes: [] },
  isolation: 'overlay',
  durationMs: 3,
}

function intent(n: number): ReturnType<typeof frame> {
  return frame(n, 'b0', 'tool.intent', { tool: 'fs.read', args: { path: `f${n}` }, effect: 'pure', allowedBy: [] })
}

describe('conversationOf', () => {
  it('folds calls that follow each other into one entry and joins outcomes to their intents', () => {
    const entries = conversationOf([
      message(1, 'b0'),
      intent(2),
      frame(3, 'b0', 'tool.outcome', OUTCOME, 2),
      intent(4),
      message(5, 'b0'),
      frame(6, 'b0', 'tool.outcome', { ...OUTCOME, ok: false }, 4),
    ])
    expect(entries.map((entry) => [entry.frame, entry.kind])).toEqual([
      [1, 'message'],
      [2, 'tools'],
      [5, 'message'],
    ])
    expect(entries[1]).toMatchObject({
      calls: [
        { frame: 2, outcomeFrame: 3, outcome: { ok: true } },
        { frame: 4, outcomeFrame: 6, outcome: { ok: false } },
      ],
    })
  })

  it('splits long rows of calls', () => {
    const entries = conversationOf(Array.from({ length: 250 }, (_, index) => intent(index + 1)))
    expect(entries.map((entry) => (entry.kind === 'tools' ? entry.calls.length : 0))).toEqual([100, 100, 50])
  })

  it('shows the newest state of a plan where the plan was first told', () => {
    const plan = { title: 'Rename', steps: [{ id: '1', title: 'Find', state: 'pending' as const }], affectedFiles: [], notes: [] }
    const done = { ...plan, steps: [{ id: '1', title: 'Find', state: 'done' as const }] }
    const entries = conversationOf([frame(1, 'b0', 'agent.plan', plan), message(2, 'b0'), frame(3, 'b0', 'agent.plan', done)])
    expect(entries).toMatchObject([{ frame: 1, kind: 'plan', plan: done }, { kind: 'message' }])
  })

  it('joins an answer to its question', () => {
    const request = { requestId: 'q', type: 'choose-option' as const, title: 'Which?', body: '', shown: HASH }
    const answer = { requestId: 'q', shown: HASH, decision: 'choose' as const, optionId: 'a', by: 'you', waitedMs: 10 }
    const asked = conversationOf([frame(1, 'b0', 'human.request', request)])
    expect(asked).toMatchObject([{ kind: 'question', answer: null }])
    const answered = conversationOf([frame(1, 'b0', 'human.request', request), frame(2, 'b0', 'human.answer', answer, 1)])
    expect(answered).toMatchObject([{ kind: 'question', answer: { optionId: 'a' } }])
  })
})
