import { createStore, type StoreApi } from 'zustand/vanilla'
import { type BranchId, MAIN_BRANCH, type RunId } from '../../shared/ids'

/** The one selection that rules the window: every panel shows this point. */
export interface Selection {
  readonly runId: RunId | null
  readonly branchId: BranchId
  /** `live` follows the tip of the branch. */
  readonly frame: number | 'live'
  /** A second frame, for comparing; null when nothing is compared. */
  readonly compareWith: number | null
}

export type SelectionStore = StoreApi<Selection>

export function createSelectionStore(): SelectionStore {
  return createStore<Selection>(() => ({ runId: null, branchId: MAIN_BRANCH, frame: 'live', compareWith: null }))
}
