import { z } from 'zod'
import { createStore } from 'zustand/vanilla'
import type { WindowModel } from '../../app/window-model'

const KEY = 'graph.queries'
const KEPT = 50
const Kept = z.array(z.string())

/** Queries that were run in this workspace, newest first. */
export const queryHistory = createStore<{ readonly queries: readonly string[]; readonly loaded: boolean }>(() => ({
  queries: [],
  loaded: false,
}))

/** Reads what earlier windows kept; what cannot be read counts as nothing. */
export async function loadHistory(model: WindowModel): Promise<void> {
  if (queryHistory.getState().loaded) return
  const { value } = await model.link.call('ui.get', { key: KEY })
  const kept = Kept.safeParse(value === null ? [] : JSON.parse(value))
  queryHistory.setState((state) => ({
    loaded: true,
    queries: newestFirst([...state.queries, ...(kept.success ? kept.data : [])]),
  }))
}

export function remember(model: WindowModel, cypher: string): void {
  const queries = newestFirst([cypher, ...queryHistory.getState().queries])
  queryHistory.setState({ queries })
  model.link.call('ui.set', { key: KEY, value: JSON.stringify(queries) }).catch(model.notices.fail)
}

function newestFirst(queries: readonly string[]): string[] {
  return [...new Set(queries)].slice(0, KEPT)
}
