import { createStore, type StoreApi } from 'zustand/vanilla'
import type { WindowModel } from '../../app/window-model'

const FRAMES_PER_SECOND = 8

/** Steps through the frames of the branch until its tip, at a steady pace. */
export interface Player {
  readonly store: StoreApi<{ readonly playing: boolean }>
  toggle(model: WindowModel): void
}

function createPlayer(): Player {
  const store = createStore<{ readonly playing: boolean }>(() => ({ playing: false }))
  let timer: ReturnType<typeof setInterval> | null = null

  function stop(): void {
    if (timer !== null) clearInterval(timer)
    timer = null
    store.setState({ playing: false })
  }

  return {
    store,
    toggle(model) {
      if (timer !== null) return stop()
      if (!model.isPast()) model.select(1)
      store.setState({ playing: true })
      timer = setInterval(() => {
        if (model.isPast()) model.step(1)
        else stop()
      }, 1_000 / FRAMES_PER_SECOND)
    },
  }
}

export const player = createPlayer()
