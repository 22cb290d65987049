import { createStore } from 'zustand/vanilla'
import type { NodeKind } from '../../../shared/graph'

/** What is looked for; kept while the panel is closed. */
export interface SearchView {
  readonly query: string
  /** Globs of paths, separated by commas or spaces. */
  readonly paths: string
  readonly languages: string
  readonly owners: string
  readonly kinds: readonly NodeKind[]
  readonly filtersShown: boolean
  /** The files of the selected frame, or those of the repository as it is now. */
  readonly asOf: 'frame' | 'now'
  readonly selected: number
}

export const search = createStore<SearchView>(() => ({
  query: '',
  paths: '',
  languages: '',
  owners: '',
  kinds: [],
  filtersShown: false,
  asOf: 'frame',
  selected: 0,
}))

/** `src/**, docs` as a list; a plain folder means everything in it. */
export function pathGlobs(text: string): string[] {
  return listed(text).map((glob) => (/[*?{[]/.test(glob) || /\.[a-z0-9]+$/i.test(glob) ? glob : `${glob.replace(/\/+$/, '')}/**`))
}

export function listed(text: string): string[] {
  return text.split(/[\s,]+/).filter((part) => part !== '')
}
