import { describe, expect, it } from 'vitest'
import type { ContextPreview } from '../../../shared/contract/methods'
import { HASH } from '../../app/testing/frame-fixtures'
import { sideEffectsOf } from './edit-effects'

const PREVIEW: ContextPreview = {
  before: [],
  after: [],
  changes: [
    { op: 'rewrite', id: 'a', content: HASH, tokens: 9, rule: 'edited by hand', shortenedBy: 'outline' },
    { op: 'move', id: 'b', from: 'L1', to: 'L2', rule: 'over budget' },
    { op: 'rewrite', id: 'b', content: HASH, tokens: 9, rule: 'over budget', shortenedBy: 'outline' },
    { op: 'move', id: 'c', from: 'L1', to: 'L2', rule: 'over budget' },
    { op: 'evict', id: 'c', rule: 'over budget' },
    { op: 'move', id: 'd', from: 'L2', to: 'L1', rule: 'in focus' },
    { op: 'pin', id: 'e', pinned: true, rule: 'pinned by hand' },
  ],
  fallsOut: ['c'],
  failure: null,
  cache: null,
}

describe('sideEffectsOf', () => {
  it('names what is evicted, demoted or condensed besides what was edited, each once', () => {
    expect(sideEffectsOf(PREVIEW, [{ op: 'edit', id: 'a', text: '' }])).toEqual({ evicted: ['c'], demoted: ['b'], condensed: ['b'] })
  })

  it('says of an undo only what falls out by it', () => {
    expect(sideEffectsOf(PREVIEW, [{ op: 'undo', frame: 3 }])).toEqual({ evicted: ['c'], demoted: [], condensed: [] })
  })
})
