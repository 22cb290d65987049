import { createStore, type StoreApi } from 'zustand/vanilla'
import { toFailure, type Failure } from '../../shared/failure'
import type { Frame } from '../../shared/frames'
import type { RunId } from '../../shared/ids'
import type { KernelLink } from './kernel-link'
import { StateCache } from './state-cache'

export interface OpenRun {
  readonly runId: RunId | null
  readonly status: 'none' | 'loading' | 'ready' | 'failed'
  readonly failure: Failure | null
  /** The mirrored frames; grows in place, `version` changes when it did. */
  readonly cache: StateCache
  readonly version: number
  /** Frames the kernel has, as far as it has told. */
  readonly total: number
}

const PAGE_FRAMES = 2_000

/** Mirrors the frames of the open run: fetched in pages, then appended as they are committed, gaps fetched again. */
export interface RunStore {
  readonly store: StoreApi<OpenRun>
  /** Leaves the run that was open. Opening the open run again does nothing unless it failed. */
  open(runId: RunId | null): Promise<void>
  /** Throws away what is mirrored and fetches it again. */
  resync(): Promise<void>
}

export function createRunStore(link: KernelLink): RunStore {
  const store = createStore<OpenRun>(() => ({
    runId: null,
    status: 'none',
    failure: null,
    cache: new StateCache(),
    version: 0,
    total: 0,
  }))
  let filling: Promise<void> | null = null
  /** Changes whenever another mirror starts, so that answers to older questions are dropped. */
  let generation = 0

  function append(cache: StateCache, frames: readonly Frame[]): boolean {
    let grew = false
    for (const frame of frames) {
      if (frame.n !== cache.length + 1) continue
      cache.append(frame)
      grew = true
    }
    return grew
  }

  function grown(cache: StateCache): void {
    store.setState((state) => ({ version: state.version + 1, total: Math.max(state.total, cache.length) }))
  }

  async function fill(runId: RunId, mine: number): Promise<void> {
    const { cache } = store.getState()
    do {
      const page = await link.call('frames.list', { runId, from: cache.length + 1, limit: PAGE_FRAMES })
      if (mine !== generation) return
      const grew = append(cache, page.frames)
      store.setState((state) => ({ total: Math.max(page.total, state.total) }))
      grown(cache)
      if (!grew) break
    } while (cache.length < store.getState().total)
    store.setState({ status: 'ready', failure: null })
  }

  async function load(runId: RunId): Promise<void> {
    generation += 1
    const mine = generation
    store.setState((state) => ({
      runId,
      status: 'loading',
      failure: null,
      cache: new StateCache(),
      version: state.version + 1,
      total: 0,
    }))
    await refill(runId, mine)
  }

  function refill(runId: RunId, mine: number): Promise<void> {
    const running = fill(runId, mine)
      .catch((thrown: unknown) => {
        if (mine === generation) store.setState({ status: 'failed', failure: toFailure(thrown) })
      })
      .finally(() => {
        if (filling === running) filling = null
      })
    filling = running
    return running
  }

  link.on('frames.appended', ({ runId, frames }) => {
    const state = store.getState()
    const last = frames.at(-1)
    if (runId !== state.runId || last === undefined) return
    if (append(state.cache, frames)) grown(state.cache)
    if (last.n > state.cache.length) {
      store.setState({ total: Math.max(state.total, last.n) })
      if (filling === null) void refill(runId, generation)
    }
  })

  return {
    store,
    async open(runId) {
      const state = store.getState()
      if (runId === null) {
        generation += 1
        store.setState({ runId: null, status: 'none', failure: null, cache: new StateCache(), version: state.version + 1, total: 0 })
        return
      }
      if (runId === state.runId && state.status !== 'failed') return
      await load(runId)
    },
    async resync() {
      const { runId } = store.getState()
      if (runId !== null) await load(runId)
    },
  }
}
