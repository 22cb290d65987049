import { useStore } from 'zustand'
import { formatClock } from '../components/format'
import { usePoint, useRunFrames, useWindow, useIsPast, useOpenRunSummary } from './window-context'

/** The lines under the title bar: what is wrong, and where in the past the window is. */
export function Strips() {
  return (
    <div className="strips">
      <ConnectionStrip />
      <JournalStrip />
      <PastStrip />
    </div>
  )
}

function ConnectionStrip() {
  const { link } = useWindow()
  const { phase, failure, pid } = useStore(link.state)
  if (phase !== 'lost') return null
  return (
    <div className="strip" data-tone="danger" role="alert">
      <strong>{pid === null ? 'No kernel' : 'Connection lost'}</strong>
      <span className="clip">
        {failure?.message} {failure?.action ?? 'Nothing that was recorded is lost; the window connects again by itself.'}
      </span>
      <span className="spacer" />
      <button type="button" className="button" onClick={() => link.retryNow()}>
        Connect now
      </button>
    </div>
  )
}

function JournalStrip() {
  const { workspace } = useWindow()
  const journal = useStore(workspace.store, (state) => state.info?.journal ?? null)
  const failure = useStore(workspace.store, (state) => state.failure)
  if (failure !== null) {
    return (
      <div className="strip" data-tone="danger" role="alert">
        <strong>Workspace</strong>
        <span className="clip">
          {failure.message} {failure.action}
        </span>
        <span className="spacer" />
        <button type="button" className="button" onClick={() => void workspace.refresh()}>
          Try again
        </button>
      </div>
    )
  }
  if (journal === null || (journal.state === 'ok' && journal.broken === null)) return null
  const where = journal.broken === null ? '' : brokenAt(journal.broken.runId, journal.broken.frame)
  return (
    <div className="strip" data-tone="warning" role="alert">
      <strong>Journal is read-only</strong>
      <span className="clip" title={journal.path}>
        {journal.broken === null ? '' : `${journal.broken.reason}${where}. Everything before it can be read, nothing was deleted. `}
        Copy {journal.path} before you repair or move it; a new data folder (KEYFRAME_HOME) lets you work meanwhile.
      </span>
    </div>
  )
}

function brokenAt(runId: string | null, frame: number | null): string {
  if (runId === null) return ''
  return frame === null ? ` in run ${runId}` : ` at frame ${frame} of run ${runId}`
}

function PastStrip() {
  const model = useWindow()
  const past = useIsPast()
  const point = usePoint()
  const { cache } = useRunFrames()
  const summary = useOpenRunSummary()
  if (!past || point === null) return null
  const frame = cache.frame(point.n)
  const branch = summary?.branches.find((candidate) => candidate.branchId === point.branchId)
  return (
    <div className="strip" data-tone="past" role="status">
      <strong>
        Frame {point.n} of {cache.length}
      </strong>
      <span className="number">{frame === undefined ? '' : formatClock(frame.atMs)}</span>
      <span className="clip">branch {branch === undefined ? point.branchId : `"${branch.label}"`}</span>
      <span className="muted">read only</span>
      <span className="spacer" />
      <button type="button" className="button" onClick={() => model.commands.run('frame.fork')}>
        Fork from here
      </button>
      <button type="button" className="button" onClick={() => model.commands.run('frame.restore')}>
        Restore to here
      </button>
      <button type="button" className="button" onClick={() => model.select('live')}>
        Back to live
      </button>
    </div>
  )
}
