import { createStore } from 'zustand/vanilla'
import type { z } from 'zod'
import type { ReplayReport as ReplayReportSchema } from '../../../shared/contract/methods'
import { type Failure, toFailure } from '../../../shared/failure'
import type { RunId } from '../../../shared/ids'
import type { WindowModel } from '../../app/window-model'

export type ReplayReport = z.output<typeof ReplayReportSchema>

export type ReplayView =
  | { readonly status: 'none' }
  | { readonly status: 'running'; readonly runId: RunId; readonly abort: AbortController }
  | { readonly status: 'done'; readonly runId: RunId; readonly report: ReplayReport }
  | { readonly status: 'failed'; readonly runId: RunId; readonly failure: Failure }

export const replay = createStore<ReplayView>(() => ({ status: 'none' }))

/** Replays the open run from its first frame. A replay that is under way is cancelled first. */
export async function startReplay(model: WindowModel): Promise<void> {
  const { runId } = model.selection.getState()
  if (runId === null) return
  const before = replay.getState()
  if (before.status === 'running') before.abort.abort()
  const abort = new AbortController()
  replay.setState({ status: 'running', runId, abort }, true)
  try {
    const report = await model.link.call('replay.run', { runId, mode: 'exact' }, { signal: abort.signal })
    if (!abort.signal.aborted) replay.setState({ status: 'done', runId, report }, true)
  } catch (thrown) {
    if (!abort.signal.aborted) replay.setState({ status: 'failed', runId, failure: toFailure(thrown) }, true)
  }
}

export function cancelReplay(): void {
  const view = replay.getState()
  if (view.status !== 'running') return
  view.abort.abort()
  replay.setState({ status: 'none' }, true)
}
