import { createStore } from 'zustand/vanilla'
import { foldersTo } from './tree-rows'

interface FilesView {
  /** Folders that are open, by path; they stay so from frame to frame. */
  readonly open: ReadonlySet<string>
  readonly cursor: string | null
  readonly text: string
  readonly changedOnly: boolean
}

const store = createStore<FilesView>(() => ({ open: new Set(['src']), cursor: null, text: '', changedOnly: false }))

export const filesView = {
  store,
  setOpen(path: string, open: boolean): void {
    const next = new Set(store.getState().open)
    if (open) next.add(path)
    else next.delete(path)
    store.setState({ open: next })
  },
  collapseAll: (): void => store.setState({ open: new Set() }),
  setCursor: (cursor: string): void => store.setState({ cursor }),
  setText: (text: string): void => store.setState({ text }),
  toggleChangedOnly: (): void => store.setState((state) => ({ changedOnly: !state.changedOnly })),
  /** Puts the cursor on the file that an editor shows, with the folders above it open. */
  follow(path: string): void {
    if (store.getState().cursor === path) return
    store.setState((state) => ({ open: new Set([...state.open, ...foldersTo(path)]), cursor: path }))
  },
}
