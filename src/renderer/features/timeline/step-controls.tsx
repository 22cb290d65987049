import { Bookmark, CircleDot, SkipBack, SkipForward } from 'lucide-react'
import { useDeferredValue, useEffect } from 'react'
import { createStore, useStore } from 'zustand'
import { usePoint, useRunFrames, useWindow } from '../../app/window-context'
import { IconButton } from '../../components/icon-button'
import { annotations } from './annotations-store'
import { searchFrames } from './frame-search'
import { STEP_NAME, STEP_TARGETS, type StepTarget } from './stepping'
import { goToMatch, hasBreakpoint, stepKey } from './timeline-commands'

/** What the two buttons step to; outlives the panel. */
const chosen = createStore<{ readonly target: StepTarget }>(() => ({ target: 'tool' }))

function isTarget(value: string): value is StepTarget {
  return (STEP_TARGETS as readonly string[]).includes(value)
}

/** Stepping as in a debugger, the breakpoint and the mark of the selected frame, and the search of the timeline. */
export function StepControls() {
  const model = useWindow()
  const target = useStore(chosen, (state) => state.target)
  const point = usePoint()
  const { cache } = useRunFrames()
  const frame = point === null ? undefined : cache.frame(point.n)
  // Rendered again when the list changes.
  useStore(annotations, (state) => state.breakpoints)
  const marked = useStore(annotations, (state) => state.marks.some((mark) => mark.frame === point?.n))
  const none = frame === undefined
  return (
    <>
      <span className="toolbar-divider" aria-hidden />
      <IconButton
        icon={SkipBack}
        label={`Previous ${STEP_NAME[target]}`}
        shortcut={stepKey(target, -1)}
        disabled={none}
        onClick={() => model.commands.run(`timeline.previous.${target}`)}
      />
      <select
        className="field step-target"
        aria-label="Step to"
        value={target}
        disabled={none}
        onChange={(event) => isTarget(event.target.value) && chosen.setState({ target: event.target.value })}
      >
        {STEP_TARGETS.map((one) => (
          <option key={one} value={one}>
            {STEP_NAME[one]}
          </option>
        ))}
      </select>
      <IconButton
        icon={SkipForward}
        label={`Next ${STEP_NAME[target]}`}
        shortcut={stepKey(target, 1)}
        disabled={none}
        onClick={() => model.commands.run(`timeline.next.${target}`)}
      />
      <span className="toolbar-divider" aria-hidden />
      <IconButton
        icon={CircleDot}
        label="Breakpoint on the kind or tool of this frame"
        shortcut="F9"
        pressed={frame !== undefined && hasBreakpoint(frame)}
        disabled={none}
        onClick={() => model.commands.run('timeline.toggleBreakpoint')}
      />
      <IconButton
        icon={Bookmark}
        label="Mark this frame"
        shortcut="Ctrl+Alt+M"
        pressed={marked}
        disabled={none}
        onClick={() => model.commands.run('timeline.mark')}
      />
      <FrameSearch />
    </>
  )
}

function FrameSearch() {
  const model = useWindow()
  const { cache, version } = useRunFrames()
  const query = useStore(annotations, (state) => state.query)
  const matches = useStore(annotations, (state) => state.matches)
  const point = usePoint()
  const wanted = useDeferredValue(query)
  useEffect(() => annotations.setState({ matches: searchFrames(cache.frames, wanted) }), [cache, version, wanted])
  const at = matches.indexOf(point?.n ?? 0)
  const told = query.trim() === '' ? '' : matches.length === 0 ? 'none' : at === -1 ? `${matches.length}` : `${at + 1} of ${matches.length}`
  return (
    <>
      <input
        className="field frame-search"
        type="search"
        aria-label="Find frames"
        placeholder="Find frames"
        spellCheck={false}
        data-timeline-search
        value={query}
        onChange={(event) => annotations.setState({ query: event.target.value })}
        onKeyDown={(event) => {
          if (event.key === 'Enter') goToMatch(model, event.shiftKey ? -1 : 1)
          else if (event.key === 'Escape' && query !== '') annotations.setState({ query: '' })
          else return
          event.preventDefault()
          event.stopPropagation()
        }}
      />
      <span className="number muted search-count" role="status" aria-label="Frames found">
        {told}
      </span>
    </>
  )
}

/** What a step did not find, and what became of a breakpoint. */
export function StepHint() {
  const said = useStore(annotations, (state) => state.said)
  return (
    <span className="step-hint muted clip" role="status" aria-label="Timeline">
      {said}
    </span>
  )
}
