import { createContext, useContext, useEffect, useMemo, useRef, useState } from 'react'
import { useStore } from 'zustand'
import type { Failure } from '../../shared/failure'
import { toFailure } from '../../shared/failure'
import { initialState, type RunState } from '../../shared/run-state'
import type { KernelLink } from './kernel-link'
import type { RunSummary } from './runs-store'
import type { StateCache } from './state-cache'
import type { Point, WindowModel } from './window-model'

export const WindowContext = createContext<WindowModel | null>(null)

export function useWindow(): WindowModel {
  const model = useContext(WindowContext)
  if (model === null) throw new Error('useWindow needs a WindowContext')
  return model
}

/** The frames of the open run; the component renders again whenever some were added. */
export function useRunFrames(): { readonly cache: StateCache; readonly version: number } {
  const { run } = useWindow()
  const cache = useStore(run.store, (state) => state.cache)
  const version = useStore(run.store, (state) => state.version)
  return { cache, version }
}

/** The selected point, live or past; null while nothing is there to be shown. Stable while it does not change. */
export function usePoint(): Point | null {
  const model = useWindow()
  const { runId, branchId } = useStore(model.selection)
  // Frames that arrive move a live point.
  useRunFrames()
  const n = model.point()?.n ?? 0
  return useMemo(() => (runId === null || n === 0 ? null : { runId, branchId, n }), [runId, branchId, n])
}

export function useIsPast(): boolean {
  const { selection } = useWindow()
  return useStore(selection, (state) => state.frame !== 'live')
}

/** The folded state at the selected point. */
export function useRunState(): RunState {
  const { cache } = useRunFrames()
  const point = usePoint()
  return useMemo(() => (point === null ? initialState() : cache.stateAt(point.branchId, point.n)), [cache, point])
}

/** What the kernel says of the open run; null while none is open. */
export function useOpenRunSummary(): RunSummary | null {
  const model = useWindow()
  const runId = useStore(model.selection, (state) => state.runId)
  return useStore(model.runs.store, (state) => state.runs.find((run) => run.runId === runId) ?? null)
}

export type Loaded<T> =
  | { readonly status: 'idle' | 'loading'; readonly value: T | null; readonly failure: null }
  | { readonly status: 'ready'; readonly value: T; readonly failure: null }
  | { readonly status: 'failed'; readonly value: T | null; readonly failure: Failure }

/**
 * Asks the kernel whenever `key` changes (null asks nothing) and drops answers to older questions, whose calls it cancels.
 * The last value stays while the next one loads, so that the layout stays too.
 */
export function useKernelQuery<T>(
  key: string | null,
  ask: (link: KernelLink, signal: AbortSignal) => Promise<T>,
): Loaded<T> & { reload(): void } {
  const { link } = useWindow()
  const phase = useStore(link.state, (state) => state.phase)
  const [result, setResult] = useState<Loaded<T>>({ status: 'idle', value: null, failure: null })
  const [attempt, setAttempt] = useState(0)
  const latest = useRef(ask)
  latest.current = ask
  useEffect(() => {
    if (key === null) {
      setResult({ status: 'idle', value: null, failure: null })
      return
    }
    if (phase !== 'live') return
    const abort = new AbortController()
    setResult((before) => ({ status: 'loading', value: before.value, failure: null }))
    latest.current(link, abort.signal).then(
      (value) => {
        if (!abort.signal.aborted) setResult({ status: 'ready', value, failure: null })
      },
      (thrown: unknown) => {
        if (!abort.signal.aborted) setResult((before) => ({ status: 'failed', value: before.value, failure: toFailure(thrown) }))
      },
    )
    return () => abort.abort()
  }, [key, attempt, link, phase])
  return { ...result, reload: () => setAttempt((count) => count + 1) }
}
