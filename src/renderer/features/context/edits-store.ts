import { createStore, type StoreApi } from 'zustand/vanilla'
import type { Edit } from '../../app/window-model'

interface Staged {
  readonly edits: readonly Edit[]
  /** True while they are on their way to the kernel. */
  readonly applying: boolean
}

/** Edits that were made by hand and are not applied yet. */
interface EditsStore {
  readonly store: StoreApi<Staged>
  /** A second edit of the same item that says the same kind of thing replaces the first. */
  stage(...edits: readonly Edit[]): void
  /** Takes the place of everything that waits: what an undo takes back was applied. */
  stageUndo(frame: number): void
  unstage(edit: Edit): void
  discard(): void
}

const NOTHING: Staged = { edits: [], applying: false }

export function createEditsStore(): EditsStore {
  const store = createStore<Staged>(() => NOTHING)
  return {
    store,
    stage(...added) {
      store.setState(({ edits }) => ({
        edits: added.reduce((all, edit) => [...all.filter((other) => subject(other) !== subject(edit)), edit], edits),
      }))
    },
    stageUndo: (frame) => store.setState({ edits: [{ op: 'undo', frame }] }),
    unstage: (edit) => store.setState(({ edits }) => ({ edits: edits.filter((other) => other !== edit) })),
    discard: () => store.setState(NOTHING),
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
    case 'undo':
      return `undo ${edit.frame}`
    case 'edit':
    case 'uncompress':
      return `text ${edit.id}`
    case 'pin':
      return `${edit.op} ${edit.id}`
  }
}

export const stagedEdits = createEditsStore()
