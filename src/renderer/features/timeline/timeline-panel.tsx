import {
  ChartNoAxesGantt,
  ChevronFirst,
  ChevronLast,
  ChevronLeft,
  ChevronRight,
  Maximize,
  Pause,
  Play,
  Radio,
  Table2,
  ZoomIn,
  ZoomOut,
} from 'lucide-react'
import { useMemo, useState } from 'react'
import { useStore } from 'zustand'
import type { PanelProps } from '../../app/panel-registry'
import { useIsPast, useOpenRunSummary, usePoint, useRunFrames, useWindow } from '../../app/window-context'
import { IconButton } from '../../components/icon-button'
import { EmptyState, FailureView, Skeleton } from '../../components/surfaces'
import { FrameTable } from './frame-table'
import { LaneLabels } from './lane-labels'
import { lanesOf } from './lanes'
import { MarkDialog } from './mark-dialog'
import { player } from './player'
import { StepControls, StepHint } from './step-controls'
import { StoppedStrip } from './stopped-strip'
import './timeline.css'
import { TimelineCanvas } from './timeline-canvas'
import { Minimap } from './minimap'
import { timeline } from './timeline-store'

export function TimelinePanel({ visible }: PanelProps) {
  const model = useWindow()
  const { status, failure, runId } = useStore(model.run.store)
  const { cache, version } = useRunFrames()
  const summary = useOpenRunSummary()
  const [asTable, setAsTable] = useState(false)
  const lanes = useMemo(() => {
    const merged = (summary?.branches ?? []).filter((branch) => branch.state === 'merged').map((branch) => branch.branchId)
    return version < 0 ? [] : lanesOf(cache.branches(), new Set(merged))
  }, [cache, version, summary])

  if (runId === null) {
    return (
      <EmptyState title="Nothing on the timeline">
        Start a run, or open one from the list: each step becomes a frame here, and each frame can be opened, compared and forked.
      </EmptyState>
    )
  }
  return (
    <>
      <StoppedStrip />
      <Transport asTable={asTable} onTable={() => setAsTable(!asTable)} />
      {failure !== null && <FailureView failure={failure} onRetry={() => void model.run.resync()} />}
      {status === 'loading' && cache.length === 0 && <Skeleton rows={3} />}
      {cache.length > 0 && asTable && <FrameTable />}
      {cache.length > 0 && !asTable && (
        <>
          <div className="timeline-body">
            <LaneLabels lanes={lanes} />
            <TimelineCanvas lanes={lanes} visible={visible} />
          </div>
          <Minimap />
        </>
      )}
      <MarkDialog />
    </>
  )
}

function Transport({ asTable, onTable }: { asTable: boolean; onTable: () => void }) {
  const model = useWindow()
  const point = usePoint()
  const past = useIsPast()
  const { cache } = useRunFrames()
  const playing = useStore(player.store, (state) => state.playing)
  const compareWith = useStore(model.selection, (state) => state.compareWith)
  const none = point === null
  return (
    <div className="toolbar" role="toolbar" aria-label="Timeline controls">
      <IconButton
        icon={ChevronFirst}
        label="First frame"
        shortcut="Home"
        disabled={none}
        onClick={() => model.commands.run('frame.first')}
      />
      <IconButton icon={ChevronLeft} label="Back one frame" shortcut="Left" disabled={none} onClick={() => model.step(-1)} />
      <IconButton
        icon={playing ? Pause : Play}
        label={playing ? 'Stop playing' : 'Play frames'}
        shortcut="Space"
        disabled={none}
        onClick={() => player.toggle(model)}
      />
      <IconButton icon={ChevronRight} label="Forward one frame" shortcut="Right" disabled={none || !past} onClick={() => model.step(1)} />
      <IconButton icon={ChevronLast} label="Last frame" shortcut="End" disabled={none || !past} onClick={() => model.select('live')} />
      <IconButton icon={Radio} label="Live" pressed={!past} disabled={none} onClick={() => model.select('live')} />
      <span className="number muted timeline-position" data-testid="timeline-position">
        {point?.n ?? 0} / {cache.length}
      </span>
      {compareWith !== null && (
        <button type="button" className="button" onClick={() => model.selection.setState({ compareWith: null })}>
          Compared with {compareWith}, clear
        </button>
      )}
      <StepControls />
      <StepHint />
      <Legend />
      <IconButton icon={ZoomOut} label="Zoom out" shortcut="-" disabled={asTable} onClick={() => timeline.zoom(1 / 1.5)} />
      <IconButton icon={ZoomIn} label="Zoom in" shortcut="+" disabled={asTable} onClick={() => timeline.zoom(1.5)} />
      <IconButton icon={Maximize} label="Show the whole run" shortcut="0" disabled={asTable} onClick={() => timeline.fitAll()} />
      <IconButton icon={asTable ? ChartNoAxesGantt : Table2} label={asTable ? 'Show as timeline' : 'Show as table'} onClick={onTable} />
    </div>
  )
}

const LEGEND = [
  ['tool', 'M2 2h6v6H2z', false, 'tool call'],
  ['change', 'M1.5 1.5h7v7h-7z', true, 'file change'],
  ['context', 'M5 1l4 4-4 4-4-4z', false, 'context'],
  ['human', 'M5 1l4 8H1z', true, 'person'],
  ['judge', 'M1 7a4 4 0 0 1 8 0z', true, 'judge'],
  ['error', 'M1.5 1.5l7 7m0-7l-7 7', false, 'error'],
  ['denied', 'M5 0v1.2m0 7.6V10M1.2 5a3.8 3.8 0 1 1 7.6 0a3.8 3.8 0 1 1-7.6 0M3 5h4', false, 'denied'],
] as const

function Legend() {
  return (
    <ul className="legend" aria-label="Shapes">
      {LEGEND.map(([role, path, filled, name]) => (
        <li key={role}>
          <svg width="10" height="10" aria-hidden style={{ color: role === 'denied' ? 'var(--danger)' : `var(--frame-${role})` }}>
            <path d={path} fill={filled ? 'currentColor' : 'none'} stroke="currentColor" strokeWidth="1.4" />
          </svg>
          {name}
        </li>
      ))}
    </ul>
  )
}
