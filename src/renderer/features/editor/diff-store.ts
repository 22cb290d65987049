import { createStore } from 'zustand/vanilla'

export type DiffMode = 'split' | 'inline' | 'merge'

/** How changes are shown; the same for every frame. */
export const diffView = createStore<{ readonly mode: DiffMode; readonly path: string | null }>(() => ({ mode: 'split', path: null }))
