import { NotebookPen } from 'lucide-react'
import { useEffect, useMemo, useState } from 'react'
import { useStore } from 'zustand'
import type { PanelProps } from '../../app/panel-registry'
import { usePoint, useRunFrames, useRunState, useWindow } from '../../app/window-context'
import { IconButton } from '../../components/icon-button'
import { EmptyState } from '../../components/surfaces'
import './context.css'
import { EditBar } from './edit-bar'
import { stagedEdits } from './edits-store'
import { ItemInspector } from './item-inspector'
import { ItemList } from './item-list'
import { NoteForm } from './note-form'
import { TierBars } from './tier-bars'
import { rowsOf, type SortOrder } from './tier-rows'

const SORTS: Readonly<Record<SortOrder, string>> = { tokens: 'Most tokens', added: 'Newest', used: 'Last used', title: 'Title' }

export function ContextPanel(_props: PanelProps) {
  const model = useWindow()
  const point = usePoint()
  const { context } = useRunState()
  const { cache } = useRunFrames()
  const compareWith = useStore(model.selection, (state) => state.compareWith)
  const asked = useStore(model.reveal, (state) => state.contextItem)
  const [selected, setSelected] = useState<string | null>(null)
  const [sort, setSort] = useState<SortOrder>('tokens')
  const [filter, setFilter] = useState('')
  const [noting, setNoting] = useState(false)

  useEffect(() => {
    if (asked !== null) setSelected(asked.id)
  }, [asked])
  // Staged edits belong to the point they were made at.
  const place = point === null ? '' : `${point.runId} ${point.branchId} ${point.n}`
  useEffect(() => {
    if (!stagedEdits.store.getState().edits.every((edit) => edit.op === 'add-note')) stagedEdits.discard()
  }, [place])

  const compared = useMemo(
    () =>
      compareWith === null || point === null
        ? null
        : cache.stateAt(cache.frame(compareWith)?.branchId ?? point.branchId, compareWith).context,
    [cache, compareWith, point],
  )
  const rows = useMemo(() => rowsOf(context, sort, filter, compared), [context, sort, filter, compared])

  if (point === null) {
    return (
      <EmptyState title="No context yet">
        While an agent works, this shows what it knows: each item of its tiers, how many tokens it takes, where it came from and why it is
        there.
      </EmptyState>
    )
  }
  const inspected =
    selected === null ? undefined : (context.items[selected] ?? context.evicted.findLast((entry) => entry.item.id === selected)?.item)
  return (
    <div className="context-panel">
      <TierBars state={context} selected={selected} onSelect={setSelected} />
      <div className="toolbar">
        <input
          className="field"
          type="search"
          aria-label="Filter context items"
          placeholder="Filter by title, kind, reason"
          value={filter}
          onChange={(event) => setFilter(event.target.value)}
        />
        <select className="field context-sort" aria-label="Order" value={sort} onChange={(event) => setSort(sortOf(event.target.value))}>
          {Object.entries(SORTS).map(([value, label]) => (
            <option key={value} value={value}>
              {label}
            </option>
          ))}
        </select>
        <IconButton icon={NotebookPen} label="Add a note" pressed={noting} onClick={() => setNoting(!noting)} />
      </div>
      {noting && <NoteForm onDone={() => setNoting(false)} />}
      <div className="context-split">
        <ItemList rows={rows} selected={selected} onSelect={setSelected} />
        {inspected !== undefined && (
          <ItemInspector
            key={`${inspected.id} ${inspected.content}`}
            item={inspected}
            evicted={context.items[inspected.id] === undefined}
          />
        )}
      </div>
      <EditBar point={point} onApplied={() => setNoting(false)} />
    </div>
  )
}

function sortOf(value: string): SortOrder {
  return value === 'added' || value === 'used' || value === 'title' ? value : 'tokens'
}
