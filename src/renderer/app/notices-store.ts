import { createStore, type StoreApi } from 'zustand/vanilla'
import { toFailure, type Failure } from '../../shared/failure'

export interface Notice {
  readonly id: number
  readonly level: 'info' | 'success' | 'warning' | 'error'
  readonly message: string
  readonly action: string | null
  readonly button: { readonly label: string; run(): void } | null
}

export interface NoticesStore {
  readonly store: StoreApi<{ readonly notices: readonly Notice[] }>
  add(notice: Omit<Notice, 'id' | 'action' | 'button'> & Partial<Pick<Notice, 'action' | 'button'>>): void
  fail(thrown: unknown, retry?: () => void): void
  dismiss(id: number): void
}

const SHOWN_AT_MOST = 4

/** Short-lived messages of the window. Errors stay until they are dismissed; others are dismissed by whoever shows them. */
export function createNoticesStore(): NoticesStore {
  const store = createStore<{ readonly notices: readonly Notice[] }>(() => ({ notices: [] }))
  let next = 1
  const add: NoticesStore['add'] = (notice) => {
    const id = next
    next += 1
    store.setState((state) => ({ notices: [...state.notices, { action: null, button: null, ...notice, id }].slice(-SHOWN_AT_MOST) }))
  }
  return {
    store,
    add,
    fail(thrown, retry) {
      const failure: Failure = toFailure(thrown)
      if (failure.code === 'cancelled') return
      add({
        level: 'error',
        message: failure.message,
        action: failure.action ?? null,
        button: retry !== undefined && failure.retryable ? { label: 'Try again', run: retry } : null,
      })
    },
    dismiss(id) {
      store.setState((state) => ({ notices: state.notices.filter((notice) => notice.id !== id) }))
    },
  }
}
