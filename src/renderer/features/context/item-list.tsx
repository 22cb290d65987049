import { useVirtualizer } from '@tanstack/react-virtual'
import {
  BookOpen,
  CircleAlert,
  ClipboardList,
  FileCode,
  FlaskConical,
  GitBranch,
  Hammer,
  Link2,
  Network,
  SearchCode,
  type LucideIcon,
  NotebookPen,
  Pin,
  Shapes,
  Target,
  Undo2,
} from 'lucide-react'
import { useRef } from 'react'
import type { ContextItemKind } from '../../../shared/context'
import { usePoint } from '../../app/window-context'
import { count, formatTokens } from '../../components/format'
import { stagedEdits } from './edits-store'
import type { Row } from './tier-rows'

const ROW_PX = 24

const KIND_ICON: Readonly<Record<ContextItemKind, LucideIcon>> = {
  task: Target,
  instruction: BookOpen,
  file: FileCode,
  'tool-result': Hammer,
  error: CircleAlert,
  scratchpad: NotebookPen,
  note: NotebookPen,
  plan: ClipboardList,
  symbols: Shapes,
  references: Link2,
  dependencies: Network,
  query: SearchCode,
  tests: FlaskConical,
  git: GitBranch,
}

const TIER_NAME = { L1: 'L1, working set', L2: 'L2, near', L3: 'L3, index', L4: 'L4, journal' } as const

interface Props {
  readonly rows: readonly Row[]
  readonly selected: string | null
  readonly onSelect: (id: string) => void
}

export function ItemList({ rows, selected, onSelect }: Props) {
  const scroller = useRef<HTMLDivElement>(null)
  const virtual = useVirtualizer({ count: rows.length, getScrollElement: () => scroller.current, estimateSize: () => ROW_PX, overscan: 12 })
  const selectedIndex = rows.findIndex((row) => idOf(row) === selected && selected !== null)

  function move(by: 1 | -1): void {
    let index = selectedIndex
    do index += by
    while (index >= 0 && index < rows.length && idOf(rows[index]) === null)
    const id = idOf(rows[index])
    if (id === null) return
    onSelect(id)
    virtual.scrollToIndex(index)
  }

  return (
    <div
      ref={scroller}
      className="item-list"
      role="listbox"
      aria-label="Context items"
      tabIndex={0}
      data-autofocus
      aria-activedescendant={selectedIndex < 0 ? undefined : `context-row-${selectedIndex}`}
      onKeyDown={(event) => {
        if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return
        event.preventDefault()
        move(event.key === 'ArrowDown' ? 1 : -1)
      }}
    >
      <div style={{ height: virtual.getTotalSize(), position: 'relative' }}>
        {virtual.getVirtualItems().map((place) => {
          const row = rows[place.index]
          if (row === undefined) return null
          const id = idOf(row)
          return (
            <div
              key={place.key}
              id={`context-row-${place.index}`}
              className="item-row"
              data-kind={row.kind}
              role={id === null ? 'presentation' : 'option'}
              aria-selected={id === null ? undefined : id === selected}
              style={{ top: place.start, height: ROW_PX }}
              onClick={() => id !== null && onSelect(id)}
            >
              <RowContent row={row} />
            </div>
          )
        })}
      </div>
    </div>
  )
}

function RowContent({ row }: { row: Row }) {
  const n = usePoint()?.n ?? 0
  switch (row.kind) {
    case 'tier':
      return (
        <>
          <span className="section-title" style={{ color: `var(--tier-${row.tier.toLowerCase()})` }}>
            {TIER_NAME[row.tier]}
          </span>
          <span className="faint">
            {count(row.items, 'item')}, {formatTokens(row.tokens)} tokens
          </span>
        </>
      )
    case 'evicted-title':
      return <span className="section-title">Evicted, {count(row.items, 'item')}</span>
    case 'item': {
      const { item } = row
      const Icon = KIND_ICON[item.kind]
      return (
        <>
          <Icon size={14} aria-label={item.kind} className={item.kind === 'error' ? 'danger' : 'muted'} />
          <span className="clip item-title">
            {item.title}
            {row.change !== 'same' && <span className="success"> {row.change}</span>}
            {item.stale && (
              <span className="warning" title="The file changed after it was read">
                {' '}
                stale
              </span>
            )}
          </span>
          <span className="item-pin">{item.pinned && <Pin size={12} aria-label="pinned" className="muted" />}</span>
          <span className="clip muted item-reason">{item.reason}</span>
          <span className="number" title={`${item.tokens} tokens`}>
            {formatTokens(item.tokens)}
          </span>
          <span className="number faint item-share">{Math.round(row.share * 100)} %</span>
          <span className="number faint item-used" title={`Added at frame ${item.addedAt}, last used at frame ${item.lastUsedAt}`}>
            {n - item.lastUsedAt <= 0 ? 'now' : `${n - item.lastUsedAt} ago`}
          </span>
        </>
      )
    }
    case 'evicted': {
      const { item, rule, atFrame } = row.evicted
      const Icon = KIND_ICON[item.kind]
      return (
        <>
          <Icon size={14} aria-label={item.kind} className="faint" />
          <span className="clip item-title faint">{item.title}</span>
          <span className="clip faint item-reason" title={`At frame ${atFrame}: ${rule}`}>
            {rule}
          </span>
          <span className="number faint">{formatTokens(item.tokens)}</span>
          <button
            type="button"
            className="icon-button"
            aria-label={`Bring ${item.title} back to ${item.tier}`}
            title={`Bring back to ${item.tier}`}
            onClick={(event) => {
              event.stopPropagation()
              stagedEdits.stage({ op: 'bring-back', id: item.id, to: item.tier })
            }}
          >
            <Undo2 size={14} aria-hidden />
          </button>
        </>
      )
    }
  }
}

function idOf(row: Row | undefined): string | null {
  if (row?.kind === 'item') return row.item.id
  return row?.kind === 'evicted' ? row.evicted.item.id : null
}
