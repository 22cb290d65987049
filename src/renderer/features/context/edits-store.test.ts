import { describe, expect, it } from 'vitest'
import { createEditsStore } from './edits-store'

describe('staged edits', () => {
  it('keeps the last word on where an item is, and its text and pin beside it', () => {
    const { store, stage } = createEditsStore()
    stage({ op: 'edit', id: 'a', text: 'one' }, { op: 'pin', id: 'a', pinned: true })
    stage({ op: 'move', id: 'a', to: 'L2' })
    stage({ op: 'evict', id: 'a' }, { op: 'edit', id: 'a', text: 'two' })
    expect(store.getState().edits).toEqual([
      { op: 'pin', id: 'a', pinned: true },
      { op: 'evict', id: 'a' },
      { op: 'edit', id: 'a', text: 'two' },
    ])
  })

  it('tells parts of a file, and searches from queries', () => {
    const { store, stage } = createEditsStore()
    stage({ op: 'add-file', path: 'a.ts' }, { op: 'add-file', path: 'a.ts', lines: { from: 1, to: 9 } })
    stage({ op: 'add-query', language: 'search', query: 'tax' }, { op: 'add-query', language: 'cypher', query: 'tax' })
    stage({ op: 'add-file', path: 'a.ts' })
    expect(store.getState().edits).toHaveLength(4)
  })

  it('stages an undo in the place of all else, and takes parts out again', () => {
    const { store, stage, stageUndo, unstage, discard } = createEditsStore()
    stage({ op: 'evict', id: 'a' })
    stageUndo(12)
    expect(store.getState().edits).toEqual([{ op: 'undo', frame: 12 }])
    stage({ op: 'pin', id: 'b', pinned: false })
    const [undo] = store.getState().edits
    if (undo !== undefined) unstage(undo)
    expect(store.getState().edits).toEqual([{ op: 'pin', id: 'b', pinned: false }])
    discard()
    expect(store.getState()).toEqual({ edits: [], applying: false })
  })
})
