import { createStore, type StoreApi } from 'zustand/vanilla'
import type { z } from 'zod'
import type { WorkspaceInfo as WorkspaceInfoSchema } from '../../shared/contract/methods'
import { toFailure, type Failure } from '../../shared/failure'
import type { KernelLink } from './kernel-link'

export type WorkspaceInfo = z.output<typeof WorkspaceInfoSchema>

export interface WorkspaceView {
  readonly info: WorkspaceInfo | null
  readonly failure: Failure | null
}

export interface WorkspaceStore {
  readonly store: StoreApi<WorkspaceView>
  refresh(): Promise<void>
}

export function createWorkspaceStore(link: KernelLink): WorkspaceStore {
  const store = createStore<WorkspaceView>(() => ({ info: null, failure: null }))

  async function refresh(): Promise<void> {
    try {
      store.setState({ info: await link.call('workspace.get', {}), failure: null })
    } catch (thrown) {
      store.setState({ failure: toFailure(thrown) })
    }
  }

  link.on('workspace.changed', () => void refresh())
  link.on('index.changed', (index) => {
    store.setState((state) => (state.info === null ? state : { info: { ...state.info, index } }))
  })
  return { store, refresh }
}
