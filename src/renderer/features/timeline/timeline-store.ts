import { createStore, type StoreApi } from 'zustand/vanilla'
import { clamp, fit, panBy, reveal, showsEnd, type Viewport, zoomAt } from './viewport'

export interface TimelineView {
  readonly view: Viewport
  /** The whole run is shown and stays so while it grows, until somebody zooms. */
  readonly fitted: boolean
  readonly widthPx: number
  readonly total: number
}

export interface TimelineStore {
  readonly store: StoreApi<TimelineView>
  resize(widthPx: number): void
  /** The run has this many frames now; its end stays in view if it was. */
  grow(total: number): void
  zoom(factor: number, x?: number): void
  pan(px: number): void
  fitAll(): void
  reveal(n: number): void
}

export function createTimelineStore(): TimelineStore {
  const store = createStore<TimelineView>(() => ({ view: { pxPerFrame: 12, offset: 0 }, fitted: true, widthPx: 800, total: 0 }))
  return {
    store,
    resize(widthPx) {
      store.setState(({ view, fitted, total }) => ({ widthPx, view: fitted ? fit(total, widthPx) : clamp(view, total, widthPx) }))
    },
    grow(total) {
      store.setState((before) => {
        const { view, fitted, widthPx } = before
        if (total < before.total || fitted) return { total, fitted: fitted || total < before.total, view: fit(total, widthPx) }
        return { total, view: showsEnd(view, before.total, widthPx) ? reveal(view, total, total, widthPx) : clamp(view, total, widthPx) }
      })
    },
    zoom(factor, x) {
      store.setState(({ view, widthPx, total }) => ({ fitted: false, view: zoomAt(view, x ?? widthPx / 2, factor, total, widthPx) }))
    },
    pan(px) {
      store.setState(({ view, widthPx, total }) => ({ view: panBy(view, px, total, widthPx) }))
    },
    fitAll() {
      store.setState(({ widthPx, total }) => ({ fitted: true, view: fit(total, widthPx) }))
    },
    reveal(n) {
      store.setState(({ view, widthPx, total }) => ({ view: reveal(view, n, total, widthPx) }))
    },
  }
}

/** One timeline a window: its view outlives the panel, so that closing and opening it changes nothing. */
export const timeline = createTimelineStore()
