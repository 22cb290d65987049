import { ChevronLeft, ChevronRight, Pencil, Plus, Trash2 } from 'lucide-react'
import { useMemo, useRef, useState } from 'react'
import { useStore } from 'zustand'
import { type Breakpoint, breakpointName, conditionInWords, MAX_BREAKPOINTS } from '../../../shared/breakpoints'
import { useOpenRunSummary, usePoint, useRunFrames, useWindow } from '../../app/window-context'
import { count } from '../../components/format'
import { IconButton } from '../../components/icon-button'
import { visibleText } from '../../components/visible-text'
import { annotations, removeBreakpoint, setEnabled } from './annotations-store'
import { BreakpointForm } from './breakpoint-form'
import { hitsOf } from './breakpoint-hits'
import { focusHeader } from './focus-header'
import { nextMatch } from './frame-search'

/** The breakpoints of the workspace, each with its hits in the open run, which it need not have stopped at. */
export function BreakpointSection() {
  const breakpoints = useStore(annotations, (state) => state.breakpoints)
  const [editing, setEditing] = useState<string | null>(null)
  const section = useRef<HTMLElement>(null)
  const done = (): void => {
    setEditing(null)
    focusHeader(section.current)
  }
  return (
    <section ref={section} className="debug-section" aria-label="Breakpoints">
      <header>
        <h3 className="section-title">Breakpoints</h3>
        <span className="number faint">{breakpoints.length}</span>
        <span className="spacer" />
        <IconButton
          icon={Plus}
          label="Add a breakpoint"
          disabled={breakpoints.length >= MAX_BREAKPOINTS}
          onClick={() => setEditing('new')}
        />
      </header>
      {editing === 'new' && <BreakpointForm breakpoint={null} onDone={done} />}
      {breakpoints.length === 0 && editing === null && (
        <p className="debug-empty muted">
          A breakpoint stops a run at its next tick: at a kind of frame, a tool, a file, an error or a number of tokens. Press{' '}
          <span className="kbd">F9</span> on a frame, or add one.
        </p>
      )}
      <ul>
        {breakpoints.map((breakpoint) =>
          editing === breakpoint.id ? (
            <li key={breakpoint.id}>
              <BreakpointForm breakpoint={breakpoint} onDone={done} />
            </li>
          ) : (
            <BreakpointRow key={breakpoint.id} breakpoint={breakpoint} onEdit={() => setEditing(breakpoint.id)} />
          ),
        )}
      </ul>
    </section>
  )
}

function BreakpointRow({ breakpoint, onEdit }: { breakpoint: Breakpoint; onEdit: () => void }) {
  const model = useWindow()
  const { cache, version } = useRunFrames()
  const point = usePoint()
  const stoppedAt = useOpenRunSummary()?.stoppedAt
  const hits = useMemo(() => (version < 0 ? [] : hitsOf(breakpoint, cache.frames)), [breakpoint, cache, version])
  const name = visibleText(breakpointName(breakpoint))
  const goTo = (by: 1 | -1): void => {
    const n = nextMatch(hits, point?.n ?? 0, by)
    const frame = n === null ? undefined : cache.frame(n)
    if (frame !== undefined) model.select(frame.n, frame.branchId)
  }
  return (
    <li className="debug-row" data-off={!breakpoint.enabled} data-stopped={stoppedAt?.breakpointId === breakpoint.id}>
      <input
        type="checkbox"
        aria-label={`Breakpoint ${name}`}
        checked={breakpoint.enabled}
        onChange={(event) => void setEnabled(model, breakpoint, event.target.checked).catch(model.notices.fail)}
      />
      <div className="debug-words">
        <span className="clip" title={name}>
          {name}
        </span>
        <span className="faint clip detail">{detailOf(breakpoint)}</span>
      </div>
      <span className="number faint" title="Hits in the open run">
        {count(hits.length, 'hit')}
      </span>
      <span className="row-actions">
        <IconButton icon={ChevronLeft} label={`Previous hit of ${name}`} disabled={hits.length === 0} onClick={() => goTo(-1)} />
        <IconButton icon={ChevronRight} label={`Next hit of ${name}`} disabled={hits.length === 0} onClick={() => goTo(1)} />
        <IconButton icon={Pencil} label={`Change ${name}`} onClick={onEdit} />
        <IconButton
          icon={Trash2}
          label={`Delete ${name}`}
          onClick={() => void removeBreakpoint(model, breakpoint.id).catch(model.notices.fail)}
        />
      </span>
    </li>
  )
}

function detailOf({ name, condition, runId, branchId, fromHit }: Breakpoint): string {
  const parts = [
    ...(name === '' ? [] : [conditionInWords(condition)]),
    branchId !== null ? `branch ${branchId} of one run` : runId !== null ? 'one run' : 'all runs',
    ...(fromHit === 1 ? [] : [`from hit ${fromHit}`]),
  ]
  return parts.join(', ')
}
