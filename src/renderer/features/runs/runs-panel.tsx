import { useVirtualizer } from '@tanstack/react-virtual'
import { Plus } from 'lucide-react'
import { useMemo, useRef, useState } from 'react'
import { useStore } from 'zustand'
import type { RunSummary } from '../../app/runs-store'
import { useWindow } from '../../app/window-context'
import { count, formatDuration, formatTokens, formatWhen } from '../../components/format'
import { IconButton } from '../../components/icon-button'
import { EmptyState, FailureView, Skeleton, StateBadge } from '../../components/surfaces'
import './runs.css'

const ROW_PX = 44

export function RunsPanel() {
  const model = useWindow()
  const { status, failure, runs } = useStore(model.runs.store)
  const opened = useStore(model.selection, (state) => state.runId)
  const [filter, setFilter] = useState('')
  const shown = useMemo(() => {
    const words = filter.toLowerCase().split(/\s+/).filter(Boolean)
    return runs.filter((run) => words.every((word) => `${run.task} ${run.agent} ${run.state} ${run.runId}`.toLowerCase().includes(word)))
  }, [runs, filter])
  return (
    <>
      <div className="toolbar">
        <input
          className="field"
          type="search"
          aria-label="Filter runs"
          placeholder="Filter by task, agent, state"
          value={filter}
          onChange={(event) => setFilter(event.target.value)}
        />
        <IconButton icon={Plus} label="New run" onClick={() => model.commands.run('runs.new')} />
      </div>
      {status === 'loading' && runs.length === 0 && <Skeleton />}
      {failure !== null && <FailureView failure={failure} onRetry={() => void model.runs.refresh()} />}
      {status === 'ready' && runs.length === 0 && (
        <EmptyState
          title="No runs yet"
          action={
            <button type="button" className="button" data-tone="primary" onClick={() => model.commands.run('runs.new')}>
              Start a run
            </button>
          }
        >
          A run is one task given to an agent. Every step it takes is kept here and can be opened again, frame by frame.
        </EmptyState>
      )}
      {runs.length > 0 && <RunList runs={shown} opened={opened} />}
    </>
  )
}

function RunList({ runs, opened }: { runs: readonly RunSummary[]; opened: string | null }) {
  const model = useWindow()
  const scroller = useRef<HTMLDivElement>(null)
  const rows = useVirtualizer({ count: runs.length, getScrollElement: () => scroller.current, estimateSize: () => ROW_PX, overscan: 8 })
  const index = runs.findIndex((run) => run.runId === opened)

  function move(to: number): void {
    const run = runs[Math.max(0, Math.min(runs.length - 1, to))]
    if (run === undefined) return
    model.openRun(run.runId)
    rows.scrollToIndex(runs.indexOf(run))
  }

  return (
    <div
      ref={scroller}
      className="run-list"
      role="listbox"
      aria-label="Runs"
      tabIndex={0}
      data-autofocus
      aria-activedescendant={index < 0 ? undefined : `run-${runs[index]?.runId ?? ''}`}
      onKeyDown={(event) => {
        const to = { ArrowDown: index + 1, ArrowUp: index - 1, Home: 0, End: runs.length - 1 }[event.key]
        if (to === undefined) return
        event.preventDefault()
        move(to)
      }}
    >
      <div style={{ height: rows.getTotalSize(), position: 'relative' }}>
        {rows.getVirtualItems().map((row) => {
          const run = runs[row.index]
          if (run === undefined) return null
          return <RunRow key={run.runId} run={run} top={row.start} selected={run.runId === opened} />
        })}
      </div>
    </div>
  )
}

function RunRow({ run, top, selected }: { run: RunSummary; top: number; selected: boolean }) {
  const model = useWindow()
  const lasted = run.endedAtMs === null ? null : formatDuration(run.endedAtMs - run.startedAtMs)
  return (
    <div
      id={`run-${run.runId}`}
      className="run-row"
      role="option"
      aria-selected={selected}
      style={{ top, height: ROW_PX }}
      title={run.summary ?? run.task}
      onClick={() => model.openRun(run.runId)}
    >
      <span className="clip run-task">{run.task}</span>
      <span className="number faint">{formatWhen(run.startedAtMs, Date.now())}</span>
      <span className="run-facts clip">
        <StateBadge state={run.state} />
        <span className="faint">
          {run.inDoubt.length > 0 && <span className="warning">{run.inDoubt.length} in doubt, </span>}
          {count(run.frames, 'frame')}
          {run.branches.length > 1 && `, ${count(run.branches.length, 'branch', 'branches')}`}, {formatTokens(run.tokens)} tokens
          {lasted !== null && `, ${lasted}`}
        </span>
      </span>
    </div>
  )
}
