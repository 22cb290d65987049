import { useVirtualizer } from '@tanstack/react-virtual'
import { Ban, CirclePause, OctagonX, Play, ShieldQuestionMark, StepForward } from 'lucide-react'
import { type RefObject, useDeferredValue, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react'
import { useStore } from 'zustand'
import type { PanelProps } from '../../app/panel-registry'
import { PermissionRequest } from '../../app/permission-request'
import { isActive } from '../../app/runs-store'
import { useIsPast, useOpenRunSummary, usePoint, useRunFrames, useRunState, useWindow } from '../../app/window-context'
import { count, formatTokens } from '../../components/format'
import { IconButton } from '../../components/icon-button'
import { EmptyState, Skeleton, StateBadge } from '../../components/surfaces'
import { visibleText } from '../../components/visible-text'
import './agent.css'
import { conversationOf } from './conversation'
import { EntryView } from './entry-view'
import { TaskInput } from './task-input'

export function AgentPanel({ visible }: PanelProps) {
  const model = useWindow()
  const status = useStore(model.run.store, (state) => state.status)
  const { mark, heightPx } = usePanelHeight()
  return (
    <>
      <div ref={mark} hidden />
      <AgentHeader />
      {status === 'loading' ? <Skeleton rows={8} /> : <Conversation />}
      <PendingPermission visible={visible} heightPx={heightPx} />
      <TaskInput />
    </>
  )
}

/** A lower panel could not show what is asked together with its answers. */
const PROMPT_FROM_PX = 440

/**
 * The oldest permission that the open run waits for: between the conversation and the input, where nothing that an agent writes is
 * ever drawn, and in sight whatever is scrolled or selected.
 */
function PendingPermission({ visible, heightPx }: { visible: boolean; heightPx: number }) {
  const model = useWindow()
  const runId = useStore(model.selection, (state) => state.runId)
  const requests = useStore(model.inbox.store, (state) => state.requests)
  const waiting = requests.filter((request) => request.runId === runId && request.authorize !== undefined)
  const [first] = waiting
  if (first?.authorize === undefined || heightPx === 0) return null
  if (heightPx < PROMPT_FROM_PX) {
    return (
      <div className="pending-permission">
        <div className="pending-brief">
          <ShieldQuestionMark size={16} aria-hidden />
          <p className="clip">
            <strong>Permission needed</strong> for <span className="mono">{visibleText(first.authorize.tool)}</span>
            {waiting.length > 1 && <span className="muted">, and {waiting.length - 1} more</span>}
          </p>
          <button
            type="button"
            className="button"
            onClick={() => model.dock.open('request', { params: { runId: first.runId, requestId: first.requestId } })}
          >
            Look and answer
          </button>
        </div>
      </div>
    )
  }
  return (
    <div className="pending-permission">
      <PermissionRequest key={`${first.runId} ${first.requestId}`} request={first} visible={visible} />
      {waiting.length > 1 && <p className="muted pending-more">{count(waiting.length - 1, 'more question')} after this one</p>}
    </div>
  )
}

/** Height of the panel that an element lies in; 0 until it was measured. */
function usePanelHeight(): { readonly mark: RefObject<HTMLDivElement | null>; readonly heightPx: number } {
  const mark = useRef<HTMLDivElement>(null)
  const [heightPx, setHeightPx] = useState(0)
  useLayoutEffect(() => {
    const panel = mark.current?.parentElement
    if (panel == null) return
    const watching = new ResizeObserver(([entry]) => setHeightPx(entry?.contentRect.height ?? 0))
    watching.observe(panel)
    setHeightPx(panel.clientHeight)
    return () => watching.disconnect()
  }, [])
  return { mark, heightPx }
}

function AgentHeader() {
  const model = useWindow()
  const run = useOpenRunSummary()
  const state = useRunState()
  if (run === null) return null
  const resumable = run.state === 'paused' || run.state === 'interrupted'
  return (
    <>
      <div className="toolbar" role="toolbar" aria-label="Run controls">
        <StateBadge state={run.state} />
        <span
          className="muted clip number"
          title={`${count(state.counters.ticks, 'scheduler tick')}, ${count(state.counters.errors, 'error')}, ${state.counters.tokensUsed} tokens put into context`}
        >
          {count(state.counters.toolCalls, 'call')}, {formatTokens(state.counters.tokensUsed)} tokens
        </span>
        <span className="spacer" />
        {resumable ? (
          <IconButton icon={Play} label="Continue run" shortcut="F5" onClick={() => model.commands.run('run.continue')} />
        ) : (
          <IconButton
            icon={CirclePause}
            label="Pause run"
            shortcut="F7"
            disabled={run.state !== 'running' && run.state !== 'waiting'}
            onClick={() => model.commands.run('run.pause')}
          />
        )}
        <IconButton
          icon={StepForward}
          label="Run one step"
          shortcut="F10"
          disabled={!isActive(run.state)}
          onClick={() => model.commands.run('run.step')}
        />
        <IconButton
          icon={OctagonX}
          label="Interrupt run"
          shortcut="Esc"
          disabled={run.state !== 'running'}
          onClick={() => model.commands.run('run.interrupt')}
        />
        <IconButton
          icon={Ban}
          label="Cancel run"
          shortcut="Shift+F5"
          disabled={!isActive(run.state)}
          onClick={() => model.commands.run('run.cancel')}
        />
      </div>
      {run.state === 'interrupted' && (
        <div className="interrupted" role="status">
          <p>
            <strong>This run was cut off.</strong> It continues from its last recorded frame
            {run.inDoubt.length > 0 && ', and these steps are in doubt: they had started, and nothing says whether they ended'}.
          </p>
          {run.inDoubt.length > 0 && (
            <ul>
              {run.inDoubt.map((step) => (
                <li key={step.frame}>
                  <button type="button" className="link" onClick={() => model.select(step.frame)}>
                    Frame {step.frame}
                  </button>{' '}
                  <span className="mono">{step.title}</span>
                </li>
              ))}
            </ul>
          )}
          <button type="button" className="button" data-tone="primary" onClick={() => model.commands.run('run.continue')}>
            Resume run
          </button>
        </div>
      )}
    </>
  )
}

function Conversation() {
  const { cache, version } = useRunFrames()
  // Scrubbing goes on while the conversation of a long run is made.
  const point = useDeferredValue(usePoint())
  const past = useIsPast()
  const scroller = useRef<HTMLDivElement>(null)
  const entries = useMemo(
    () => (point === null || version < 0 ? [] : conversationOf(cache.path(point.branchId, point.n))),
    [cache, version, point],
  )
  const rows = useVirtualizer({
    count: entries.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => 56,
    overscan: 6,
    getItemKey: (index) => `${entries[index]?.frame ?? index} ${entries[index]?.kind ?? ''}`,
  })
  useEffect(() => {
    if (entries.length > 0) rows.scrollToIndex(entries.length - 1, { align: 'end' })
  }, [entries.length, rows, past])

  if (point === null) {
    return (
      <div className="conversation" tabIndex={0} role="group" aria-label="Conversation">
        <EmptyState title="Give an agent a task">
          It works in its own sandbox on a copy of this folder. You see each step as a frame, and nothing reaches your files before you
          merge it.
        </EmptyState>
      </div>
    )
  }
  return (
    <div ref={scroller} className="conversation" role="log" aria-label="Conversation" aria-live="off" tabIndex={0}>
      <div style={{ height: rows.getTotalSize(), position: 'relative' }}>
        {rows.getVirtualItems().map((row) => {
          const entry = entries[row.index]
          if (entry === undefined) return null
          return (
            <div
              key={row.key}
              ref={rows.measureElement}
              data-index={row.index}
              className="entry-place"
              style={{ transform: `translateY(${row.start}px)` }}
            >
              <EntryView entry={entry} />
            </div>
          )
        })}
      </div>
    </div>
  )
}
