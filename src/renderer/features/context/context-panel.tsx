import { AtSign, GitCompareArrows, NotebookPen, Undo2 } from 'lucide-react'
import { useMemo } from 'react'
import { useStore } from 'zustand'
import type { PanelProps } from '../../app/panel-registry'
import { useKernelQuery, usePoint, useRunFrames, useRunState, useWindow } from '../../app/window-context'
import { IconButton } from '../../components/icon-button'
import { EmptyState } from '../../components/surfaces'
import { AddDialog } from './add-dialog'
import { CompareBar } from './compare-bar'
import { itemOf } from './context-actions'
import { contextView } from './context-view'
import './context.css'
import { EditBar } from './edit-bar'
import { stagedEdits } from './edits-store'
import { ItemInspector } from './item-inspector'
import { ItemList } from './item-list'
import { NoteForm } from './note-form'
import { TierBars } from './tier-bars'
import { compareStates, rowsOf } from './tier-rows'

export function ContextPanel(_props: PanelProps) {
  const model = useWindow()
  const point = usePoint()
  const { context } = useRunState()
  const { cache } = useRunFrames()
  const compareWith = useStore(model.selection, (state) => state.compareWith)
  const { selected, sort, filter, differencesOnly, noting } = useStore(contextView)
  const { edits } = useStore(stagedEdits.store)
  const keymap = useStore(model.settings.store, (state) => state.keymap)
  const commands = useStore(model.commands.store, (state) => state.commands)

  const previewKey = point === null || edits.length === 0 ? null : JSON.stringify([point, edits])
  const asking = useKernelQuery(previewKey, async (link, signal) => {
    if (point === null) return null
    return { of: edits, preview: await link.call('context.preview', { at: point, edits: [...edits] }, { signal }) }
  })
  // While frames arrive it is asked again and the last answer stays, but none of it is said of other edits.
  const preview = edits.length > 0 && asking.value?.of === edits ? asking.value.preview : null
  const compared = useMemo(
    () =>
      compareWith === null || point === null
        ? null
        : cache.stateAt(cache.frame(compareWith)?.branchId ?? point.branchId, compareWith).context,
    [cache, compareWith, point],
  )
  const rows = useMemo(
    () => rowsOf(context, { sort, filter, compared, differencesOnly }),
    [context, sort, filter, compared, differencesOnly],
  )
  const comparison = useMemo(() => (compared === null ? null : compareStates(compared, context)), [compared, context])

  if (point === null) {
    return (
      <EmptyState
        title="No context yet"
        action={
          <button type="button" className="button" onClick={() => model.commands.run('run.new')}>
            Start a run
          </button>
        }
      >
        While an agent works, this shows what it knows: each item of its tiers, how many tokens it takes, where it came from and why it is
        there.
      </EmptyState>
    )
  }
  const present = itemOf(context, selected)
  // Who follows an item to a frame before it was there goes on looking at it.
  const elsewhere = compared === null ? null : itemOf(compared, selected)
  const inspected = present ?? elsewhere ?? itemOf(cache.stateAt(point.branchId, cache.tip(point.branchId)).context, selected)
  const tool = (icon: typeof AtSign, id: string, label: string, pressed?: boolean) => {
    const command = commands.find((candidate) => candidate.id === id)
    const shortcut = command === undefined ? null : model.commands.keyOf(command, keymap)
    return (
      <IconButton
        icon={icon}
        label={label}
        shortcut={shortcut}
        {...(pressed === undefined ? {} : { pressed })}
        onClick={() => model.commands.run(id)}
      />
    )
  }
  const shownItems = rows.filter((row) => row.kind === 'item' || row.kind === 'evicted' || row.kind === 'gone').length
  return (
    <div className="context-panel">
      <TierBars state={context} selected={selected} preview={preview} />
      <div className="toolbar">
        <input
          className="field"
          type="search"
          aria-label="Filter context items"
          placeholder="Filter by title, kind, source, reason, pinned, stale"
          value={filter}
          onChange={(event) => contextView.setState({ filter: event.target.value })}
        />
        {tool(AtSign, 'context.add', 'Add a file, symbol or answer')}
        {tool(NotebookPen, 'context.note', 'Add a note', noting)}
        {tool(GitCompareArrows, 'context.compare', 'Compare with the frame before', compareWith !== null)}
        {tool(Undo2, 'context.undo', 'Undo the last edits by hand')}
      </div>
      {compareWith !== null && comparison !== null && <CompareBar frame={compareWith} comparison={comparison} />}
      {noting && <NoteForm onDone={() => contextView.setState({ noting: false })} />}
      <div className="context-split" data-inspecting={inspected !== null}>
        <div className="item-list-place">
          <ItemList state={context} rows={rows} selected={selected} />
          {shownItems === 0 && (
            <p className="list-note muted" role="status">
              {filter !== '' ? (
                <>
                  No item has these words.{' '}
                  <button type="button" className="link" onClick={() => contextView.setState({ filter: '' })}>
                    Clear the filter
                  </button>
                </>
              ) : compared !== null && differencesOnly ? (
                'Nothing differs.'
              ) : (
                'Nothing is in the context at this frame.'
              )}
            </p>
          )}
        </div>
        {inspected !== null && (
          <ItemInspector
            key={`${inspected.item.id} ${inspected.item.content}`}
            item={inspected.item}
            place={present === null ? 'absent' : present.evicted ? 'evicted' : 'tier'}
          />
        )}
      </div>
      <EditBar point={point} state={context} preview={preview} failure={asking.failure} />
      <AddDialog point={point} />
    </div>
  )
}
