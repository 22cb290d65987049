import { describe, expect, it } from 'vitest'
import { type ContextChange, type ContextState, emptyContext, reduceChanges } from '../../../shared/context'
import { ContentHash } from '../../../shared/ids'
import { frame, HASH, put } from '../../app/testing/frame-fixtures'
import { handEditsOf, inverseEdits, lastToUndo, undoNote } from './hand-edits'

const OTHER = ContentHash.parse('b'.repeat(64))

function edited(n: number, note: string, ...changes: ContextChange[]) {
  return frame(n, 'b0', 'context.edited', { changes, note })
}

function putOf(id: string): ContextChange {
  const made = put(1, 'b0', id)
  const change = made.kind === 'context.changed' ? made.payload.changes[0] : undefined
  if (change === undefined) throw new Error('no change')
  return change
}

describe('handEditsOf', () => {
  const pin = (n: number): ReturnType<typeof edited> => edited(n, 'pin a', { op: 'pin', id: 'a', pinned: true, rule: 'pinned by hand' })

  it('lists what people did, newest first, and what of it was taken back', () => {
    const path = [put(1, 'b0', 'a'), pin(2), edited(3, 'Condensed in the background'), pin(4), edited(5, undoNote(4, 'unpin a'))]
    const edits = handEditsOf(path)
    expect(edits.map(({ frame: n, undoneBy, undoes }) => [n, undoneBy, undoes])).toEqual([
      [5, null, 4],
      [4, 5, null],
      [2, null, null],
    ])
    expect(lastToUndo(edits)?.frame).toBe(2)
    expect(lastToUndo(handEditsOf(path.slice(0, 1)))).toBeNull()
  })

  it('holds again when the undo was undone', () => {
    const edits = handEditsOf([pin(2), edited(3, undoNote(2, 'unpin a')), edited(4, undoNote(3, 'pin a'))])
    expect(lastToUndo(edits)?.frame).toBe(2)
  })
})

describe('inverseEdits', () => {
  const start = reduceChanges(emptyContext(), [putOf('a'), putOf('b')], 1)
  const inverse = (changes: ContextChange[], later: ContextChange[] = [], before: ContextState = start) => {
    const after = reduceChanges(before, changes, 2)
    return inverseEdits(changes, before, after, reduceChanges(after, later, 3))
  }

  it('takes back text, place and pin', () => {
    expect(
      inverse([
        { op: 'rewrite', id: 'a', content: OTHER, tokens: 9, rule: 'edited by hand' },
        { op: 'move', id: 'a', from: 'L1', to: 'L2', rule: 'moved by hand' },
        { op: 'pin', id: 'a', pinned: true, rule: 'pinned by hand' },
      ]),
    ).toEqual([
      { op: 'pin', id: 'a', pinned: false },
      { op: 'edit', id: 'a', content: HASH },
      { op: 'move', id: 'a', to: 'L1' },
    ])
  })

  it('brings back what was evicted and fell out, and takes out what was added before that', () => {
    expect(inverse([putOf('c'), { op: 'evict', id: 'a', rule: 'evicted by hand' }, { op: 'evict', id: 'b', rule: 'over budget' }])).toEqual(
      [
        { op: 'evict', id: 'c' },
        { op: 'bring-back', id: 'a', to: 'L1' },
        { op: 'bring-back', id: 'b', to: 'L1' },
      ],
    )
  })

  it('unpins what was added and pinned since, so that it can go', () => {
    expect(inverse([putOf('c')], [{ op: 'pin', id: 'c', pinned: true, rule: 'pinned by hand' }])).toEqual([
      { op: 'pin', id: 'c', pinned: false },
      { op: 'evict', id: 'c' },
    ])
  })

  it('leaves what others did since', () => {
    const rewritten: ContextChange = { op: 'rewrite', id: 'a', content: OTHER, tokens: 9, rule: 'edited by hand' }
    const again: ContextChange = { op: 'rewrite', id: 'a', content: ContentHash.parse('c'.repeat(64)), tokens: 3, rule: 'read again' }
    expect(inverse([rewritten], [again])).toEqual([])
    expect(
      inverse([{ op: 'pin', id: 'a', pinned: true, rule: 'pinned by hand' }], [{ op: 'evict', id: 'a', rule: 'over budget' }]),
    ).toEqual([])
    expect(inverse([{ op: 'evict', id: 'a', rule: 'evicted by hand' }], [putOf('a')])).toEqual([])
  })
})
