import { useStore } from 'zustand'
import type { PanelProps } from '../../app/panel-registry'
import { useWindow } from '../../app/window-context'
import { formatWhen } from '../../components/format'
import { EmptyState, FailureView, Skeleton } from '../../components/surfaces'
import './inbox.css'
import { paramsOf, TYPE_NAME } from './request-words'

export function InboxPanel(_props: PanelProps) {
  const model = useWindow()
  const { status, failure, requests } = useStore(model.inbox.store)
  const runs = useStore(model.runs.store, (state) => state.runs)
  if (failure !== null) return <FailureView failure={failure} onRetry={() => void model.inbox.refresh()} />
  if (status === 'loading') return <Skeleton />
  if (requests.length === 0) {
    return (
      <EmptyState title="Nothing waits for you">
        When an agent needs a decision (a plan to approve, a choice, a merge to review) it asks here, and its run waits until you answer.
      </EmptyState>
    )
  }
  return (
    <ul className="inbox-list" aria-label="Questions">
      {requests.map((request) => (
        <li key={`${request.runId} ${request.requestId}`}>
          <button
            type="button"
            className="inbox-row"
            onClick={() => {
              model.openRun(request.runId)
              model.dock.open('request', { params: paramsOf(request) })
            }}
          >
            <span className="inbox-type">{TYPE_NAME[request.type]}</span>
            <span className="number faint">{formatWhen(request.atMs, Date.now())}</span>
            <span className="inbox-title clip">{request.title}</span>
            <span className="faint clip inbox-run">{runs.find((run) => run.runId === request.runId)?.task}</span>
          </button>
        </li>
      ))}
    </ul>
  )
}
