import { createStore, type StoreApi } from 'zustand/vanilla'
import type { Edit } from '../../app/window-model'

/** Edits that were made by hand and are not applied yet. */
export interface EditsStore {
  readonly store: StoreApi<{ readonly edits: readonly Edit[] }>
  /** A second edit of the same item that says the same kind of thing replaces the first. */
  stage(edit: Edit): void
  discard(): void
}

export function createEditsStore(): EditsStore {
  const store = createStore<{ readonly edits: readonly Edit[] }>(() => ({ edits: [] }))
  return {
    store,
    stage(edit) {
      store.setState(({ edits }) => ({ edits: [...edits.filter((other) => subject(other) !== subject(edit)), edit] }))
    },
    discard: () => store.setState({ edits: [] }),
  }
}

function subject(edit: Edit): string {
  return edit.op === 'add-note' ? `note ${edit.title}` : `${edit.op === 'bring-back' ? 'evict' : edit.op} ${edit.id}`
}

/** What an edit does, in words. */
export function editInWords(edit: Edit): string {
  switch (edit.op) {
    case 'edit':
      return `edit ${edit.id}`
    case 'add-note':
      return `add note "${edit.title}"`
    case 'pin':
      return `${edit.pinned ? 'pin' : 'unpin'} ${edit.id}`
    case 'move':
      return `move ${edit.id} to ${edit.to}`
    case 'evict':
      return `evict ${edit.id}`
    case 'bring-back':
      return `bring ${edit.id} back to ${edit.to}`
  }
}

export const stagedEdits = createEditsStore()
