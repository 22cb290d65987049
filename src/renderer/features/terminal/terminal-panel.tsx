import '@xterm/xterm/css/xterm.css'
import { useEffect, useMemo } from 'react'
import { useStore } from 'zustand'
import type { PanelProps } from '../../app/panel-registry'
import { isActive } from '../../app/runs-store'
import { type Point, type WindowModel } from '../../app/window-model'
import { useIsPast, useOpenRunSummary, usePoint, useRunFrames, useWindow } from '../../app/window-context'
import { EmptyState, FailureView, Skeleton } from '../../components/surfaces'
import { framesOnPath, recordedSessions } from './recording'
import { CloseDialog } from './close-dialog'
import { sessionStates } from './session-states'
import { chooseSession, isMine, mergeSessions, type SessionTab } from './sessions'
import { SessionBar } from './session-bar'
import { TerminalScreen } from './terminal-screen'
import { answerClose, branchKey, listSessions, listSoon, terminals } from './terminal-store'
import './terminal.css'

const NOTHING: readonly never[] = []

export default function TerminalPanel({ visible }: PanelProps) {
  const model = useWindow()
  const point = usePoint()
  const status = useStore(model.run.store, (state) => state.status)
  const failure = useStore(model.run.store, (state) => state.failure)
  if (failure !== null) return <FailureView failure={failure} onRetry={() => void model.run.resync()} />
  if (point === null) {
    return status === 'loading' ? (
      <Skeleton />
    ) : (
      <EmptyState
        title="Terminal"
        action={
          <button type="button" className="button" data-tone="primary" onClick={() => model.commands.run('runs.new')}>
            Start a run
          </button>
        }
      >
        Each branch of a run has its own terminals: the agent&apos;s, its checks&apos;, and one of your own. Open or start a run to see
        them.
      </EmptyState>
    )
  }
  return <BranchTerminals model={model} point={point} visible={visible} />
}

function BranchTerminals({ model, point, visible }: { model: WindowModel; point: Point; visible: boolean }) {
  const key = branchKey(point.runId, point.branchId)
  const past = useIsPast()
  const { cache } = useRunFrames()
  const tip = cache.tip(point.branchId)
  const listed = useStore(terminals, (state) => state.listed[key]) ?? NOTHING
  const chosen = useStore(terminals, (state) => state.chosen[key] ?? null)
  const opening = useStore(terminals, (state) => state.opening === key)
  const phase = useStore(model.link.state, (state) => state.phase)
  const recorded = useMemo(() => recordedSessions(framesOnPath(cache, point.branchId, 0, tip)), [cache, point.branchId, tip])
  const active = useBranchActive(point)
  const recordedNames = recorded.join(' ')
  useEffect(() => {
    if (phase === 'live') listSessions(model, point.runId, point.branchId).catch(model.notices.fail)
  }, [model, phase, point.runId, point.branchId, active, recordedNames])

  useEffect(
    () =>
      model.link.on('terminal.data', (event) => {
        if (event.runId === point.runId && event.branchId === point.branchId) listSoon(model, point.runId, point.branchId)
      }),
    [model, point.runId, point.branchId],
  )
  const upTo = past ? point.n : tip
  const states = useMemo(() => sessionStates(framesOnPath(cache, point.branchId, 0, upTo)), [cache, point.branchId, upTo])
  const tabs = useMemo(() => mergeSessions(listed, recorded, states), [listed, recorded, states])
  const closing = useStore(terminals, (state) => (state.closing?.key === key ? state.closing.tab : null))
  const session = chooseSession(tabs, chosen)
  const tab = tabs.find((candidate) => candidate.session === session) ?? null
  const writable = tab !== null && tab.live && !past && phase === 'live'

  return (
    <div className="terminal-panel" data-past={past}>
      <SessionBar model={model} branch={key} tabs={tabs} shown={tab} past={past} active={active} writable={writable} point={point} />
      {tab === null ? (
        <NoSession model={model} point={point} opening={opening} active={active} />
      ) : visible ? (
        <TerminalScreen
          key={`${key}/${tab.session}`}
          runId={point.runId}
          branchId={point.branchId}
          session={tab.session}
          upTo={past ? point.n : null}
          writable={writable}
          mine={isMine(tab.session)}
          restart={restartNote(tab, past, active)}
        />
      ) : null}
      {closing !== null && (
        <CloseDialog tab={closing} onClose={(confirmed) => void answerClose(model, confirmed).catch(model.notices.fail)} />
      )}
    </div>
  )
}

/** True while the branch's own program may still run, so that its terminals are lent by it. */
function useBranchActive(point: Point): boolean {
  const summary = useOpenRunSummary()
  const branch = summary?.branches.find((candidate) => candidate.branchId === point.branchId)
  if (summary === null || !isActive(summary.state)) return false
  return branch === undefined || branch.state === 'running' || branch.state === 'paused' || branch.state === 'waiting'
}

/** Why nothing can be typed where one would expect to; null when that needs no words. */
function restartNote(tab: SessionTab, past: boolean, active: boolean): string | null {
  if (past || tab.live || !isMine(tab.session)) return null
  return active ? 'Your shell is not running.' : 'Your shell on this ended branch is not running.'
}

function NoSession({ model, point, opening, active }: { model: WindowModel; point: Point; opening: boolean; active: boolean }) {
  const { cache } = useRunFrames()
  const { length } = cache
  const summary = useOpenRunSummary()
  const others = useMemo(() => {
    const own = new Set(cache.frames.slice(0, length).flatMap((frame) => (frame.kind === 'terminal.data' ? [frame.branchId] : [])))
    return (summary?.branches ?? []).filter((branch) => own.has(branch.branchId) && branch.branchId !== point.branchId)
  }, [cache, length, summary, point.branchId])
  return (
    <EmptyState
      title={opening ? 'Opening a sandbox' : 'Nothing was run on this branch'}
      action={
        <div className="terminal-actions">
          <button
            type="button"
            className="button"
            data-tone="primary"
            disabled={opening}
            onClick={() => model.commands.run('terminal.new')}
          >
            Open a terminal
          </button>
          {others.slice(0, 3).map((branch) => (
            <button key={branch.branchId} type="button" className="button" onClick={() => model.select('live', branch.branchId)}>
              Show branch {branch.label}
            </button>
          ))}
        </div>
      }
    >
      {active
        ? 'A terminal of your own runs in this branch’s sandbox, beside the agent: what you change there belongs to the branch.'
        : 'A terminal of your own gets its own sandbox on the files of this branch’s last checkpoint. What you change there is thrown away with the kernel; what it prints is recorded.'}
      {others.length > 0 && ' Other branches of this run have terminals.'}
    </EmptyState>
  )
}
