import { createStore, type StoreApi } from 'zustand/vanilla'
import type { Edit } from '../../app/window-model'

/** Edits that were made by hand and are not applied yet. */
export interface EditsStore {
  readonly store: StoreApi<{ readonly edits: readonly Edit[] }>
  /** A second edit of the same item that says the same kind of thing replaces the first. */
  stage(...edits: readonly Edit[]): void
  unstage(edit: Edit): void
  discard(): void
}

export function createEditsStore(): EditsStore {
  const store = createStore<{ readonly edits: readonly Edit[] }>(() => ({ edits: [] }))
  return {
    store,
    stage(...added) {
      store.setState(({ edits }) => ({
        edits: added.reduce((all, edit) => [...all.filter((other) => subject(other) !== subject(edit)), edit], edits),
      }))
    },
    unstage: (edit) => store.setState(({ edits }) => ({ edits: edits.filter((other) => other !== edit) })),
    discard: () => store.setState({ edits: [] }),
  }
}

/** What an edit is about: where an item is said once, whatever the words. */
function subject(edit: Edit): string {
  switch (edit.op) {
    case 'add-note':
      return `note ${edit.title}`
    case 'add-file':
      return `file ${edit.path}${edit.lines === undefined ? '' : `:${edit.lines.from}-${edit.lines.to}`}`
    case 'add-query':
      return `query ${edit.language} ${edit.query}`
    case 'add-symbol':
      return `symbol ${edit.id}`
    case 'move':
    case 'evict':
    case 'bring-back':
      return `place ${edit.id}`
    case 'edit':
    case 'pin':
      return `${edit.op} ${edit.id}`
  }
}

/** Whether the edit holds wherever it is made: it names no item of the context. */
export function isAddition(edit: Edit): boolean {
  return edit.op === 'add-note' || edit.op === 'add-file' || edit.op === 'add-symbol' || edit.op === 'add-query'
}

/** What an edit does, in words. */
export function editInWords(edit: Edit): string {
  switch (edit.op) {
    case 'edit':
      return `edit ${edit.id}`
    case 'add-note':
      return `add note "${edit.title}"`
    case 'add-file':
      return `add file ${edit.path}${edit.lines === undefined ? '' : `, lines ${edit.lines.from} to ${edit.lines.to}`}`
    case 'add-symbol':
      return `add symbol ${edit.id}`
    case 'add-query':
      return edit.language === 'cypher' ? `add the answer to ${edit.query}` : `add what a search for "${edit.query}" finds`
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
