import { Popover } from '@base-ui/react/popover'
import { Database, Shield, ShieldAlert, TriangleAlert, Waypoints } from 'lucide-react'
import { useStore } from 'zustand'
import { tierTokens } from '../../shared/context'
import { count, formatBytes, formatTokens } from '../components/format'
import { IsolationReport, isWeak } from '../components/isolation-report'
import { isUnisolated, LEVEL_MEANING } from '../components/policy-words'
import { useIsPast, useOpenRunSummary, usePoint, useRunFrames, useRunState, useWindow } from './window-context'
import type { WorkspaceInfo } from './workspace-store'

export function StatusBar() {
  const model = useWindow()
  const info = useStore(model.workspace.store, (state) => state.info)
  const { phase, version, pid } = useStore(model.link.state)
  const run = useOpenRunSummary()
  const state = useRunState()
  const point = usePoint()
  const past = useIsPast()
  const { cache } = useRunFrames()
  return (
    <footer className="status-bar" aria-label="Status">
      {info !== null && <IsolationItem report={info.isolation} />}
      {info !== null && <IndexItem index={info.index} />}
      {info !== null && <JournalItem journal={info.journal} />}
      {info !== null && info.notices.length > 0 && <NoticesItem notices={info.notices} />}
      <span className="spacer" />
      {run !== null && (
        <>
          <span className="status-item">{run.agent}, no model</span>
          <span className="status-item number" title={`${tierTokens(state.context, 'L1')} of ${state.context.budget.l1Tokens} tokens`}>
            L1 {formatTokens(tierTokens(state.context, 'L1'))}
          </span>
          <span className="status-item number" title={`${tierTokens(state.context, 'L2')} of ${state.context.budget.l2Tokens} tokens`}>
            L2 {formatTokens(tierTokens(state.context, 'L2'))}
          </span>
          <span className="status-item number" title={`${state.counters.tokensUsed} tokens put into context up to this frame`}>
            {formatTokens(state.counters.tokensUsed)} tokens
          </span>
          <button type="button" className="status-item number" data-testid="frame-position" onClick={() => model.dock.open('timeline')}>
            frame {point?.n ?? 0} of {cache.length}
          </button>
          <button type="button" className="status-item" disabled={!past} onClick={() => model.select('live')}>
            {past ? 'past' : 'live'}
          </button>
        </>
      )}
      <span
        className="status-item"
        data-tone={phase === 'live' ? undefined : 'danger'}
        title={pid === null ? undefined : `kernel ${version ?? ''}, process ${pid}`}
      >
        {phase === 'live' ? 'connected' : phase === 'lost' ? 'not connected' : 'connecting'}
      </span>
    </footer>
  )
}

function IsolationItem({ report }: { report: WorkspaceInfo['isolation'] }) {
  const weak = isWeak(report)
  const unisolated = isUnisolated(report.level)
  const { name } = LEVEL_MEANING[report.level]
  return (
    <Popover.Root>
      <Popover.Trigger
        className="status-item"
        data-tone={weak ? 'warning' : undefined}
        data-solid={unisolated}
        aria-label={`Isolation: ${name.startsWith(report.level) ? name : `${report.level}, ${name}`}`}
      >
        {weak ? <ShieldAlert size={13} aria-hidden /> : <Shield size={13} aria-hidden />}
        {name}
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Positioner side="top" align="start" sideOffset={6}>
          <Popover.Popup className="popup popover isolation-popover" aria-label="Isolation">
            <h3>Isolation: {report.level}</h3>
            <div className="isolation-scroll" tabIndex={0} role="group" aria-label="What it gives">
              <IsolationReport report={report} />
            </div>
          </Popover.Popup>
        </Popover.Positioner>
      </Popover.Portal>
    </Popover.Root>
  )
}

/** What the index does now, or how much it holds; opens what search and graph are made of. */
function IndexItem({ index }: { index: WorkspaceInfo['index'] }) {
  const { commands } = useWindow()
  const skipped = index.skipped.reduce((sum, { count: number }) => sum + number, 0)
  const isFailed = index.state === 'failed'
  const text = indexWords(index)
  const details = [
    `${count(index.files, 'file')}, ${count(index.symbols, 'entity', 'entities')}, ${count(index.edges, 'relation')}, ${formatBytes(index.sizeBytes)}`,
    ...(index.problems.length > 0 ? [`${count(index.problems.length, 'file')} with problems`] : []),
    ...index.skipped.map(({ reason, count: number }) => `${count(number, 'file')} left out: ${reason}`),
  ]
  return (
    <button
      type="button"
      className="status-item"
      data-testid="index-status"
      data-tone={isFailed ? 'danger' : undefined}
      title={details.join('\n')}
      onClick={() => commands.run('search.quality')}
    >
      <Waypoints size={13} aria-hidden />
      {text}
      {index.state === 'indexing' && index.files > 0 && (
        <progress style={{ width: 56, height: 6, accentColor: 'var(--accent)' }} max={index.files} value={index.filesDone} aria-hidden />
      )}
      {index.problems.length > 0 && !isFailed && (
        <span className="warning">
          <TriangleAlert size={12} aria-hidden /> {index.problems.length}
        </span>
      )}
      {skipped > 0 && index.state === 'idle' && <span className="faint">{skipped} left out</span>}
      {index.state === 'idle' && index.sizeBytes > 0 && <span className="faint number">{formatBytes(index.sizeBytes)}</span>}
    </button>
  )
}

function indexWords({ state, files, filesDone, symbols, background }: WorkspaceInfo['index']): string {
  if (state === 'failed') return 'index failed'
  if (state === 'indexing') return `indexing ${filesDone} of ${count(files, 'file')}`
  if (background === null) return `${count(symbols, 'entity', 'entities')} indexed`
  const { what, done, of } = background
  return `${what} ${of === null ? count(done, 'done', 'done') : `${Math.floor((100 * done) / Math.max(1, of))} %`}`
}

function JournalItem({ journal }: { journal: WorkspaceInfo['journal'] }) {
  const bad = journal.state !== 'ok' || journal.broken !== null
  return (
    <span
      className="status-item"
      data-tone={bad ? 'danger' : undefined}
      title={`${journal.path}, ${count(journal.frames, 'frame')} in all runs`}
    >
      <Database size={12} aria-hidden />
      {bad ? 'journal read-only' : formatBytes(journal.sizeBytes)}
    </span>
  )
}

function NoticesItem({ notices }: { notices: readonly string[] }) {
  return (
    <Popover.Root>
      <Popover.Trigger className="status-item" data-tone="warning">
        <TriangleAlert size={12} aria-hidden />
        {count(notices.length, 'notice')}
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Positioner side="top" align="start" sideOffset={6}>
          <Popover.Popup className="popup popover" aria-label="About this folder">
            <h3>About this folder</h3>
            <ul className="proofs" style={{ marginTop: 0 }}>
              {notices.map((notice) => (
                <li key={notice} style={{ display: 'block' }}>
                  {notice}
                </li>
              ))}
            </ul>
          </Popover.Popup>
        </Popover.Positioner>
      </Popover.Portal>
    </Popover.Root>
  )
}
