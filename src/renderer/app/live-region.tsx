import { useStore } from 'zustand'
import { count } from '../components/format'
import { useOpenRunSummary, useWindow } from './window-context'

/** Says the run's state and new questions to screen readers. */
export function LiveRegion() {
  const { inbox } = useWindow()
  const run = useOpenRunSummary()
  const requests = useStore(inbox.store, (state) => state.requests)
  const question = requests[0]
  return (
    <div className="visually-hidden" aria-live="polite" data-testid="live-region">
      {run !== null && <p>{`Run ${run.state}.`}</p>}
      {question !== undefined && <p>{`${count(requests.length, 'question')} waiting: ${question.title}`}</p>}
    </div>
  )
}
