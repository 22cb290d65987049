import { describe, expect, it } from 'vitest'
import type { ContextChange } from '../../../shared/context'
import { frame, message, put } from '../../app/testing/frame-fixtures'
import { historyOf } from './item-history'

function changed(n: number, ...changes: ContextChange[]) {
  return frame(n, 'b0', 'context.changed', { changes })
}

describe('historyOf', () => {
  it('tells when an item came, moved, left and came back, and by which rule; a mere use is left out', () => {
    const path = [
      put(1, 'b0', 'a'),
      message(2, 'b0'),
      changed(3, { op: 'touch', id: 'a' }, { op: 'move', id: 'a', from: 'L1', to: 'L2', rule: 'not used for 30 frames' }),
      changed(4, { op: 'evict', id: 'b', rule: 'over budget' }, { op: 'evict', id: 'a', rule: 'over budget' }),
      frame(5, 'b0', 'context.edited', { changes: [{ op: 'bring-back', id: 'a', to: 'L1' }], note: 'again' }),
      changed(6, { op: 'stale', id: 'a', stale: true }),
      put(7, 'b0', 'a'),
    ]
    expect(historyOf(path, 'a').map(({ frame: n, words, tokens }) => [n, words, tokens])).toEqual([
      [1, 'came into L1: test', 1],
      [3, 'moved from L1 to L2: not used for 30 frames', null],
      [4, 'evicted from L2: over budget', null],
      [5, 'brought back to L1', null],
      [6, 'stale: its file changed', null],
      [7, 'put anew into L1: test', 7],
    ])
    expect(historyOf(path, 'nobody')).toEqual([])
  })
})
