import { createStore, type StoreApi } from 'zustand/vanilla'
import type { z } from 'zod'
import type { RunSummary as RunSummarySchema } from '../../shared/contract/methods'
import { toFailure, type Failure } from '../../shared/failure'
import type { KernelLink } from './kernel-link'

export type RunSummary = z.output<typeof RunSummarySchema>

export interface RunsList {
  readonly status: 'loading' | 'ready' | 'failed'
  readonly failure: Failure | null
  /** Newest first. */
  readonly runs: readonly RunSummary[]
}

export interface RunsStore {
  readonly store: StoreApi<RunsList>
  refresh(): Promise<void>
}

export function createRunsStore(link: KernelLink): RunsStore {
  const store = createStore<RunsList>(() => ({ status: 'loading', failure: null, runs: [] }))

  link.on('runs.changed', (run) => {
    store.setState((state) => ({ runs: newestFirst([run, ...state.runs.filter((other) => other.runId !== run.runId)]) }))
  })

  return {
    store,
    async refresh() {
      try {
        store.setState({ status: 'ready', failure: null, runs: newestFirst(await link.call('runs.list', {})) })
      } catch (thrown) {
        store.setState({ status: 'failed', failure: toFailure(thrown) })
      }
    },
  }
}

export function newestFirst(runs: readonly RunSummary[]): RunSummary[] {
  return runs.toSorted((a, b) => b.startedAtMs - a.startedAtMs || (a.runId < b.runId ? 1 : -1))
}

/** True while the run's program may still append frames without anybody resuming it. */
export function isActive(state: RunSummary['state']): boolean {
  return state === 'running' || state === 'paused' || state === 'waiting'
}
