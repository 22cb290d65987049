import { ArrowDown, ArrowUp, Columns2, GitMerge, Rows2 } from 'lucide-react'
import { useEffect, useState } from 'react'
import { useStore } from 'zustand'
import type { FileDiff } from '../../../shared/files'
import type { PanelProps } from '../../app/panel-registry'
import { useIsPast, usePoint, useWindow } from '../../app/window-context'
import { count } from '../../components/format'
import { IconButton } from '../../components/icon-button'
import { EmptyState, FailureView, Skeleton } from '../../components/surfaces'
import { activeEditor } from './active-editor'
import { ChangedFiles } from './changed-files'
import './diff.css'
import { type DiffMode, diffView } from './diff-store'
import { chosenDiff, whyNotCompared } from './diff-summary'
import { DiffTexts } from './diff-texts'
import { MergeHunks } from './merge-hunks'
import { useAgainst, useDiffs, useSides } from './use-diff'

/** What differs at the selected frame from the base of the run, or from the frame marked for comparison. */
export default function DiffPanel({ params, visible }: PanelProps) {
  const model = useWindow()
  const point = usePoint()
  const { mode, path } = useStore(diffView)
  const diffs = useDiffs(visible)
  const shown = useLast(diffs.value)
  const asked = params['path']
  useEffect(() => {
    if (typeof asked !== 'string') return
    diffView.setState((state) => ({ path: asked, mode: state.mode === 'merge' ? 'split' : state.mode }))
    // Each request is an object of its own; between requests the user's own choice holds.
  }, [params, asked])

  if (point === null) {
    return (
      <EmptyState
        title="No run is open"
        action={
          <button type="button" className="button" data-tone="primary" onClick={() => model.commands.run('panel.runs')}>
            Show runs
          </button>
        }
      >
        Changes are shown as they were at a frame of a run.
      </EmptyState>
    )
  }
  return (
    <div className="diff">
      <DiffBar mode={mode} files={shown?.length ?? null} />
      {diffs.status === 'failed' && <FailureView failure={diffs.failure} onRetry={diffs.reload} />}
      {shown === null && diffs.status !== 'failed' && <Skeleton rows={12} />}
      {mode === 'merge' ? (
        <MergeHunks runId={point.runId} branchId={point.branchId} />
      ) : (
        shown !== null && <Comparison diffs={shown} chosen={chosenDiff(shown, path)} inline={mode === 'inline'} visible={visible} />
      )}
    </div>
  )
}

const MODES: readonly { readonly mode: DiffMode; readonly icon: typeof Columns2; readonly label: string }[] = [
  { mode: 'split', icon: Columns2, label: 'Side by side' },
  { mode: 'inline', icon: Rows2, label: 'Inline' },
  { mode: 'merge', icon: GitMerge, label: 'Hunks to merge' },
]

function DiffBar({ mode, files }: { mode: DiffMode; files: number | null }) {
  const model = useWindow()
  const point = usePoint()
  const past = useIsPast()
  const against = useAgainst()
  return (
    <div className="toolbar diff-bar">
      <span className="clip">
        {past ? `Frame ${point?.n ?? ''}` : 'Live end'} <span className="muted">against</span>{' '}
        {against === null ? 'the base of the run' : `frame ${against.point.n}`}
      </span>
      {against !== null && (
        <button type="button" className="link" onClick={() => model.selection.setState({ compareWith: null })}>
          Use the base
        </button>
      )}
      {files !== null && mode !== 'merge' && <span className="faint clip">{count(files, 'changed file')}</span>}
      <span className="spacer" />
      <IconButton
        icon={ArrowUp}
        label="Previous change"
        shortcut="Shift+Alt+F5"
        disabled={mode === 'merge'}
        onClick={() => activeEditor.getState().diff?.previousHunk()}
      />
      <IconButton
        icon={ArrowDown}
        label="Next change"
        shortcut="Alt+F5"
        disabled={mode === 'merge'}
        onClick={() => activeEditor.getState().diff?.nextHunk()}
      />
      <span className="diff-modes" role="group" aria-label="View">
        {MODES.map((entry) => (
          <IconButton
            key={entry.mode}
            icon={entry.icon}
            label={entry.label}
            pressed={mode === entry.mode}
            onClick={() => diffView.setState({ mode: entry.mode })}
          />
        ))}
      </span>
    </div>
  )
}

function Comparison({
  diffs,
  chosen,
  inline,
  visible,
}: {
  diffs: readonly FileDiff[]
  chosen: FileDiff | null
  inline: boolean
  visible: boolean
}) {
  const why = chosen === null ? null : whyNotCompared(chosen)
  const sides = useSides(visible && why === null ? chosen : null)
  const shown = useLast(sides.value)
  if (chosen === null) {
    return <EmptyState title="No change">At this frame every file is as it was there. Step along the timeline to a file change.</EmptyState>
  }
  return (
    <div className="diff-columns">
      <ChangedFiles diffs={diffs} chosen={chosen.path} onChoose={(path) => diffView.setState({ path })} />
      <div className="diff-body">
        {why !== null && <EmptyState title={why.title}>{why.detail}</EmptyState>}
        {sides.status === 'failed' && <FailureView failure={sides.failure} onRetry={sides.reload} />}
        {why === null && sides.status !== 'failed' && shown === null && <Skeleton rows={12} />}
        {why === null && sides.status !== 'failed' && shown !== null && <DiffTexts sides={shown} inline={inline} visible={visible} />}
      </div>
    </div>
  )
}

/** The last value there was, so that the layout stays while the next one is asked for. */
function useLast<T>(value: T | null): T | null {
  const [last, setLast] = useState<T | null>(value)
  useEffect(() => {
    if (value !== null) setLast(value)
  }, [value])
  return value ?? last
}
