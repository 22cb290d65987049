import { createStore, type StoreApi } from 'zustand/vanilla'
import type { z } from 'zod'
import type { RunSummary as RunSummarySchema } from '../../shared/contract/methods'
import { toFailure, type Failure } from '../../shared/failure'
import type { FrameKind } from '../../shared/frames'
import type { RunId } from '../../shared/ids'
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

/** Kinds of frames that change what a summary says of the run or of one of its branches. */
const TELLING: ReadonlySet<FrameKind> = new Set([
  'run.started',
  'run.ended',
  'fork',
  'control',
  'human.request',
  'human.answer',
  'judge.verdict',
  'merge.outcome',
  'speculate.outcome',
  'checkpoint',
])
const SETTLE_MS = 120

export function createRunsStore(link: KernelLink): RunsStore {
  const store = createStore<RunsList>(() => ({ status: 'loading', failure: null, runs: [] }))

  function adopt(run: RunSummary): void {
    store.setState((state) => ({ runs: newestFirst([run, ...state.runs.filter((other) => other.runId !== run.runId)]) }))
  }

  /** Runs whose summary is being asked for, so that a burst of frames asks once. */
  const asking = new Set<RunId>()

  async function ask(runId: RunId): Promise<void> {
    if (asking.has(runId)) return
    asking.add(runId)
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS))
    asking.delete(runId)
    if (link.state.getState().phase !== 'live') return
    try {
      adopt(await link.call('runs.get', { runId }))
    } catch (thrown) {
      store.setState({ failure: toFailure(thrown) })
    }
  }

  link.on('runs.changed', adopt)
  link.on('frames.appended', ({ runId, frames }) => {
    if (frames.some((frame) => TELLING.has(frame.kind))) void ask(runId)
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
