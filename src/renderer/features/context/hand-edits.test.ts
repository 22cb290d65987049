import { describe, expect, it } from 'vitest'
import type { ContextChange } from '../../../shared/context'
import { frame, put } from '../../app/testing/frame-fixtures'
import { editInWords } from '../../app/edit-words'
import { handEditsOf, lastToUndo } from './hand-edits'

const undoNote = (n: number): string => editInWords({ op: 'undo', frame: n })

function edited(n: number, note: string, ...changes: ContextChange[]) {
  return frame(n, 'b0', 'context.edited', { changes, note })
}

describe('handEditsOf', () => {
  const pin = (n: number): ReturnType<typeof edited> => edited(n, 'pin a', { op: 'pin', id: 'a', pinned: true, rule: 'pinned by hand' })

  it('lists what people did, newest first, and what of it was taken back', () => {
    const path = [put(1, 'b0', 'a'), pin(2), edited(3, 'Condensed in the background'), pin(4), edited(5, undoNote(4))]
    const edits = handEditsOf(path)
    expect(edits.map(({ frame: n, undoneBy, undoes }) => [n, undoneBy, undoes])).toEqual([
      [5, null, [4]],
      [4, 5, []],
      [2, null, []],
    ])
    expect(lastToUndo(edits)?.frame).toBe(2)
    expect(lastToUndo(handEditsOf(path.slice(0, 1)))).toBeNull()
  })

  it('holds again when the undo was undone', () => {
    const edits = handEditsOf([pin(2), edited(3, undoNote(2)), edited(4, undoNote(3))])
    expect(lastToUndo(edits)?.frame).toBe(2)
  })
})
