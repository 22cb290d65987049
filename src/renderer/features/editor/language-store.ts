import { createStore } from 'zustand/vanilla'
import type { BranchId, RunId } from '../../../shared/ids'

export interface LanguageState {
  /** `off`: nothing asked for it yet. `ended`: it ran and died, or its connection was lost. `failed`: it did not start. */
  readonly phase: 'off' | 'starting' | 'ready' | 'ended' | 'failed'
  readonly branch: { readonly runId: RunId; readonly branchId: BranchId } | null
  /** Why it does not answer, with what can be done; null while it does. */
  readonly detail: string | null
}

/** What the branch's language server is doing, for everything that shows it. Written by the session alone. */
export const languageState = createStore<LanguageState>(() => ({ phase: 'off', branch: null, detail: null }))
