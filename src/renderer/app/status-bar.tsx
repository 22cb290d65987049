import { Popover } from '@base-ui/react/popover'
import { Database, Shield, ShieldAlert, TriangleAlert } from 'lucide-react'
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

function IndexItem({ index }: { index: WorkspaceInfo['index'] }) {
  const { commands } = useWindow()
  const text =
    index.state === 'indexing'
      ? `indexing ${index.filesDone} of ${index.files}`
      : index.state === 'failed'
        ? 'index failed'
        : `${count(index.symbols, 'symbol')} indexed`
  return (
    <Popover.Root>
      <Popover.Trigger className="status-item" data-tone={index.state === 'failed' ? 'danger' : undefined} aria-label={`Index: ${text}`}>
        {text}
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Positioner side="top" align="start" sideOffset={6}>
          <Popover.Popup className="popup popover" aria-label="Index">
            <h3>Index</h3>
            <p className="muted">
              {count(index.files, 'file')}, {count(index.symbols, 'symbol')}, {count(index.edges, 'relation')}, version {index.version}.
            </p>
            {index.problems.length > 0 && (
              <ul className="proofs">
                {index.problems.map((problem) => (
                  <li key={problem.path}>
                    <TriangleAlert size={14} className="warning" aria-hidden />
                    <span>
                      <code>{problem.path}</code> {problem.reason}
                    </span>
                  </li>
                ))}
              </ul>
            )}
            <button type="button" className="button" style={{ marginTop: 12 }} onClick={() => commands.run('index.refresh')}>
              Index again
            </button>
          </Popover.Popup>
        </Popover.Positioner>
      </Popover.Portal>
    </Popover.Root>
  )
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
