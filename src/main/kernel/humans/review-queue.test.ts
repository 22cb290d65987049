import { describe, expect, it } from 'vitest'
import { MAIN_BRANCH, type RunId } from '../../../shared/ids'
import { ReviewQueue, sealRequest } from './review-queue'

const RUN = 'r0000000001' as RunId

function pending(title: string, requestId = 'b0-1') {
  return {
    runId: RUN,
    branchId: MAIN_BRANCH,
    frame: 7,
    atMs: 1,
    request: sealRequest({ requestId, type: 'provide-context', title, body: '' }),
  }
}

describe('the review queue', () => {
  it('gives the answer to whoever asked and counts what is open', async () => {
    const counts: number[] = []
    const queue = new ReviewQueue((open) => counts.push(open))
    const question = pending('Which rule?')
    const answer = queue.ask(question, new AbortController().signal)
    const given = { requestId: 'b0-1', shown: question.request.shown, decision: 'answer', text: 'round down' } as const
    queue.answer(RUN, given)
    expect(await answer).toEqual(given)
    expect(counts).toEqual([1, 0])
    expect(() => queue.answer(RUN, given)).toThrow(expect.objectContaining({ code: 'human.no-such-request' }))
  })

  it('refuses an answer to something else than what is shown', () => {
    const queue = new ReviewQueue(() => undefined)
    const question = pending('Delete the table?')
    queue.ask(question, new AbortController().signal).catch(() => undefined)
    const { shown } = sealRequest({ requestId: 'b0-1', type: 'provide-context', title: 'Show the table?', body: '' })
    expect(() => queue.answer(RUN, { requestId: 'b0-1', shown, decision: 'approve' })).toThrow(
      expect.objectContaining({ code: 'human.stale-answer' }),
    )
    expect(queue.list()).toHaveLength(1)
  })

  it('forgets a question when its run ends', async () => {
    const queue = new ReviewQueue(() => undefined)
    const run = new AbortController()
    const answer = queue.ask(pending('Still there?'), run.signal)
    run.abort(new Error('the run ended'))
    await expect(answer).rejects.toThrow('the run ended')
    expect(queue.list()).toEqual([])
  })
})
