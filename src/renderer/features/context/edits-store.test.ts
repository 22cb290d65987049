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

  it('is no undo any more once something else is staged or a part is taken out', () => {
    const { store, stage, stageUndo, unstage, discard } = createEditsStore()
    const back = { op: 'bring-back', id: 'a', to: 'L1' } as const
    stageUndo(12, [back, { op: 'pin', id: 'b', pinned: false }])
    expect(store.getState()).toMatchObject({ undoes: 12 })
    unstage(back)
    expect(store.getState()).toMatchObject({ undoes: null, edits: [{ op: 'pin', id: 'b', pinned: false }] })
    stageUndo(12, [back])
    stage({ op: 'evict', id: 'c' })
    expect(store.getState()).toMatchObject({ undoes: null, edits: [back, { op: 'evict', id: 'c' }] })
    discard()
    expect(store.getState()).toEqual({ edits: [], undoes: null, applying: false })
  })
})
