import { createStore } from 'zustand/vanilla'
import type { Sort } from './tier-rows'

/** How the context is looked at; kept while the panel is closed. */
interface ContextView {
  /** Id of the item that is inspected. */
  readonly selected: string | null
  readonly sort: Sort
  readonly filter: string
  readonly differencesOnly: boolean
  /** What is written below the toolbar. */
  readonly noting: boolean
  /** The field that adds files, symbols and answers is open. */
  readonly adding: boolean
  /** The text of the selected item is being edited. */
  readonly editing: boolean
}

export const contextView = createStore<ContextView>(() => ({
  selected: null,
  sort: { key: 'tokens', descending: true },
  filter: '',
  differencesOnly: false,
  noting: false,
  adding: false,
  editing: false,
}))

export function selectItem(id: string | null): void {
  contextView.setState((state) => ({ selected: id, editing: state.selected === id && state.editing }))
}

/** Another column sorts as is natural for it, the same one the other way round. */
export function sortBy(key: Sort['key']): void {
  contextView.setState(({ sort }) => ({
    sort: { key, descending: sort.key === key ? !sort.descending : key === 'tokens' || key === 'added' || key === 'used' },
  }))
}
