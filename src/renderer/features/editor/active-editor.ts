import { createStore } from 'zustand/vanilla'

/** What a command can do with the editor that was last used, without the editor library being loaded. */
export interface ActiveEditor {
  readonly path: string
  /** Runs an action of the editor library by its id, with the focus in the editor. */
  act(actionId: string): void
}

export interface ActiveDiff {
  nextHunk(): void
  previousHunk(): void
}

export const activeEditor = createStore<{ readonly editor: ActiveEditor | null; readonly diff: ActiveDiff | null }>(() => ({
  editor: null,
  diff: null,
}))

/** The exact place that the editor library asked for last; requests of the window name lines only. */
export const askedPlace = createStore<{ readonly path: string; readonly line: number; readonly column: number }>(() => ({
  path: '',
  line: 0,
  column: 1,
}))
