import { Check, X } from 'lucide-react'
import { useStore } from 'zustand'
import { useRunFrames, useWindow } from '../../app/window-context'
import { count, formatDuration } from '../../components/format'
import { EmptyState, FailureView } from '../../components/surfaces'
import './replay.css'
import { cancelReplay, type ReplayReport, replay, startReplay } from './replay-store'

export default function ReplayPanel() {
  const model = useWindow()
  const view = useStore(replay)
  const { cache } = useRunFrames()
  switch (view.status) {
    case 'none':
      return (
        <EmptyState
          title="Replay"
          action={
            <button type="button" className="button" data-tone="primary" onClick={() => void startReplay(model)}>
              Replay this run
            </button>
          }
        >
          Runs the program again with every effect answered from the journal: no network, no command, no change. Each frame is compared with
          the recorded one.
        </EmptyState>
      )
    case 'running':
      return (
        <div className="replay" role="status">
          <p>Replaying {count(cache.length, 'frame')}</p>
          <button type="button" className="button" onClick={cancelReplay}>
            Cancel
          </button>
        </div>
      )
    case 'failed':
      return <FailureView failure={view.failure} onRetry={() => void startReplay(model)} />
    case 'done':
      return <Report report={view.report} />
  }
}

function Report({ report }: { report: ReplayReport }) {
  const model = useWindow()
  const { divergence } = report
  const task = useStore(model.runs.store, (state) => state.runs.find((run) => run.runId === report.runId)?.task)
  const rate = report.durationMs === 0 ? null : Math.round((report.framesChecked / report.durationMs) * 1_000)
  return (
    <div className="replay">
      <h3 className={report.ok ? 'success' : 'danger'}>
        {report.ok ? <Check size={16} aria-hidden /> : <X size={16} aria-hidden />}
        {report.ok ? 'Exact: every frame is the same' : divergence === null ? 'Not the same' : `Diverged at frame ${divergence.frame}`}
      </h3>
      {task !== undefined && <p>{task}</p>}
      <p className="muted">
        {count(report.framesChecked, 'frame')} checked in {formatDuration(report.durationMs)}
        {rate !== null && `, ${rate.toLocaleString('en-GB')} a second`}
      </p>
      {divergence !== null && (
        <>
          <p>
            <code>{divergence.kind}</code>: {divergence.reason}{' '}
            <button
              type="button"
              className="link"
              onClick={() => {
                model.openRun(report.runId)
                model.select(divergence.frame, model.run.store.getState().cache.frame(divergence.frame)?.branchId)
              }}
            >
              Show frame {divergence.frame}
            </button>
          </p>
          {divergence.fields.length > 0 && (
            <table>
              <thead>
                <tr>
                  <th scope="col">Field</th>
                  <th scope="col">Recorded</th>
                  <th scope="col">Replayed</th>
                </tr>
              </thead>
              <tbody>
                {divergence.fields.map((field) => (
                  <tr key={field.path}>
                    <th scope="row" className="mono">
                      {field.path}
                    </th>
                    <td className="mono">{field.recorded}</td>
                    <td className="mono">{field.replayed}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          )}
        </>
      )}
      <dl>
        <dt>State recorded</dt>
        <dd className="mono">{report.recordedRoot ?? 'none'}</dd>
        <dt>State replayed</dt>
        <dd className="mono">{report.stateRoot ?? 'none'}</dd>
      </dl>
      <button type="button" className="button" onClick={() => void startReplay(model)}>
        Replay again
      </button>
    </div>
  )
}
