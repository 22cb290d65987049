import { useVirtualizer } from '@tanstack/react-virtual'
import { ArrowDown, ArrowUp, Pin, Undo2 } from 'lucide-react'
import { type DragEvent, type KeyboardEvent, type ReactNode, useEffect, useRef, useState } from 'react'
import { useStore } from 'zustand'
import type { ContextItem, ContextState, Tier } from '../../../shared/context'
import { usePoint, useWindow } from '../../app/window-context'
import { count, formatTokens } from '../../components/format'
import { homeOf, itemOf, type ShownTier, stagePlace } from './context-actions'
import { contextView, selectItem, sortBy } from './context-view'
import { dragItem, droppedItem, isItemDragged } from './item-drag'
import { KIND_LOOK } from './item-kinds'
import { type ItemChange, type Row, type SortKey, sourceInWords } from './tier-rows'

const ROW_PX = 24
const PAGE_ROWS = 12

const TIER_NAME: Readonly<Record<Tier, string>> = { L1: 'L1, working set', L2: 'L2, near', L3: 'L3, index', L4: 'L4, journal' }

const COLUMNS: readonly { readonly key: SortKey | null; readonly name: string; readonly className: string }[] = [
  { key: 'title', name: 'Item', className: 'col-title' },
  { key: 'tokens', name: 'Tokens', className: 'col-tokens' },
  { key: null, name: 'Share', className: 'col-share' },
  { key: 'source', name: 'Source', className: 'col-source' },
  { key: 'reason', name: 'Why', className: 'col-why' },
  { key: 'added', name: 'Age', className: 'col-age' },
  { key: 'used', name: 'Used', className: 'col-used' },
]

interface Props {
  readonly state: ContextState
  readonly rows: readonly Row[]
  readonly selected: string | null
}

/** The items of the tiers as a grid. Arrows move, Alt with them moves the item between the tiers. */
export function ItemList({ state, rows, selected }: Props) {
  const model = useWindow()
  const n = usePoint()?.n ?? 0
  const sort = useStore(contextView, (view) => view.sort)
  const scroller = useRef<HTMLDivElement>(null)
  const [over, setOver] = useState<ShownTier | 'out' | null>(null)
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_PX,
    overscan: 12,
    // The header covers the first row of what is scrolled to.
    scrollPaddingEnd: ROW_PX,
  })
  const selectedIndex = selected === null ? -1 : rows.findIndex((row) => idOf(row) === selected)
  useEffect(() => {
    if (selectedIndex >= 0) virtual.scrollToIndex(selectedIndex)
  }, [selectedIndex, virtual])

  function move(to: number, by: 1 | -1): void {
    let index = Math.max(0, Math.min(rows.length - 1, to))
    while (index >= 0 && index < rows.length && idOf(rows[index]) === null) index += by
    const id = idOf(rows[index])
    if (id !== null) selectItem(id)
  }

  function onKeyDown(event: KeyboardEvent): void {
    if (event.target !== event.currentTarget || event.ctrlKey || event.metaKey) return
    const found = itemOf(state, selected)
    const chord = `${event.altKey ? 'Alt+' : ''}${event.key}`
    const actions: Readonly<Record<string, () => void>> = {
      ArrowDown: () => move(selectedIndex + 1, 1),
      ArrowUp: () => move(selectedIndex === -1 ? rows.length - 1 : selectedIndex - 1, -1),
      PageDown: () => move(selectedIndex + PAGE_ROWS, -1),
      PageUp: () => move(selectedIndex - PAGE_ROWS, 1),
      Home: () => move(0, 1),
      End: () => move(rows.length - 1, -1),
      '@': () => contextView.setState({ adding: true }),
      n: () => contextView.setState({ noting: true }),
      ...(found === null ? {} : itemKeys(model.commands.run)),
    }
    const action = actions[chord]
    if (action === undefined) return
    event.preventDefault()
    event.stopPropagation()
    action()
  }

  function drop(event: DragEvent, to: ShownTier | 'out' | null): void {
    setOver(null)
    const found = to === null ? null : itemOf(state, droppedItem(event))
    if (found === null || to === null) return
    event.preventDefault()
    selectItem(found.item.id)
    stagePlace(found, to)
  }

  return (
    <div
      ref={scroller}
      className="item-list"
      role="grid"
      aria-label="Context items"
      aria-rowcount={rows.length + 1}
      aria-colcount={COLUMNS.length}
      aria-keyshortcuts="Alt+ArrowUp Alt+ArrowDown Delete"
      tabIndex={0}
      data-autofocus
      aria-activedescendant={selectedIndex < 0 ? undefined : `context-row-${selectedIndex}`}
      onKeyDown={onKeyDown}
    >
      <div className="item-row item-header" role="row" aria-rowindex={1} style={{ height: ROW_PX }}>
        {COLUMNS.map(({ key, name, className }) => (
          <span
            key={name}
            role="columnheader"
            className={className}
            aria-sort={key === null ? undefined : sort.key !== key ? 'none' : sort.descending ? 'descending' : 'ascending'}
          >
            {key === null ? (
              name
            ) : (
              <button type="button" className="column-sort" tabIndex={-1} onClick={() => sortBy(key)}>
                {name}
                {sort.key === key && (sort.descending ? <ArrowDown size={12} aria-hidden /> : <ArrowUp size={12} aria-hidden />)}
              </button>
            )}
          </span>
        ))}
      </div>
      <div role="presentation" style={{ height: virtual.getTotalSize(), position: 'relative' }}>
        {virtual.getVirtualItems().map((place) => {
          const row = rows[place.index]
          if (row === undefined) return null
          const id = idOf(row)
          const tier = dropTier(row)
          return (
            <div
              key={place.key}
              id={`context-row-${place.index}`}
              className="item-row"
              data-kind={row.kind}
              data-over={over !== null && over === tier && (row.kind === 'tier' || row.kind === 'evicted-title')}
              role="row"
              aria-rowindex={place.index + 2}
              aria-selected={id === null ? undefined : id === selected}
              draggable={row.kind === 'item' || row.kind === 'evicted'}
              style={{ top: place.start, height: ROW_PX }}
              onClick={() => id !== null && selectItem(id)}
              onDragStart={(event) => id !== null && dragItem(event, id)}
              onDragEnd={() => setOver(null)}
              onDragOver={(event) => {
                if (tier === null || !isItemDragged(event)) return
                event.preventDefault()
                setOver(tier)
              }}
              onDrop={(event) => drop(event, tier)}
            >
              <RowContent row={row} n={n} />
            </div>
          )
        })}
      </div>
    </div>
  )
}

/** Keys of the list for the selected item; the same commands have keys that work everywhere. */
function itemKeys(run: (command: string) => void): Readonly<Record<string, () => void>> {
  return {
    'Alt+ArrowUp': () => run('context.promote'),
    'Alt+ArrowDown': () => run('context.demote'),
    Delete: () => run('context.evict'),
    p: () => run('context.pin'),
    b: () => run('context.bringBack'),
    Enter: () => run('context.edit'),
    F2: () => run('context.edit'),
  }
}

function RowContent({ row, n }: { row: Row; n: number }) {
  switch (row.kind) {
    case 'tier':
      return (
        <TitleCell>
          <span className="section-title" style={{ color: `var(--tier-${row.tier.toLowerCase()})` }}>
            {TIER_NAME[row.tier]}
          </span>
          <span className="faint">
            {count(row.items, 'item')}, {formatTokens(row.tokens)} tokens
          </span>
        </TitleCell>
      )
    case 'evicted-title':
      return (
        <TitleCell>
          <span className="section-title">Evicted</span>
          <span className="faint">{count(row.items, 'item')}, in the index and the journal</span>
        </TitleCell>
      )
    case 'item':
      return <ItemCells item={row.item} change={row.change} share={row.share} why={row.item.reason} n={n} />
    case 'gone':
      return <ItemCells item={row.item} change={{ is: 'removed' }} share={null} why="no longer listed" n={n} />
    case 'evicted': {
      const { item, rule, atFrame } = row.evicted
      return (
        <ItemCells item={item} change={row.change} share={null} why={rule} whyTitle={`At frame ${atFrame}: ${rule}`} n={n}>
          <button
            type="button"
            className="icon-button"
            tabIndex={-1}
            aria-label={`Bring ${item.title} back to ${homeOf(item)}`}
            title={`Bring back to ${homeOf(item)}`}
            onClick={(event) => {
              event.stopPropagation()
              stagePlace({ item, evicted: true }, homeOf(item))
            }}
          >
            <Undo2 size={14} aria-hidden />
          </button>
        </ItemCells>
      )
    }
  }
}

function TitleCell({ children }: { children: ReactNode }) {
  return (
    <span role="gridcell" aria-colspan={COLUMNS.length} className="col-all">
      {children}
    </span>
  )
}

interface CellsProps {
  readonly item: ContextItem
  readonly change: ItemChange
  readonly share: number | null
  readonly why: string
  readonly whyTitle?: string
  readonly n: number
  readonly children?: ReactNode
}

function ItemCells({ item, change, share, why, whyTitle, n, children }: CellsProps) {
  const { icon: Icon, word } = KIND_LOOK[item.kind]
  const source = sourceInWords(item)
  return (
    <>
      <span role="gridcell" className="col-title" title={item.title === item.id ? item.title : `${item.title}\n${item.id}`}>
        <Icon size={14} role="img" aria-label={word} className={item.kind === 'error' ? 'danger' : 'muted'} />
        <span className="clip item-name">{item.title}</span>
        {item.pinned && <Pin size={12} role="img" aria-label="pinned" className="muted item-mark" />}
        {item.shortenedBy !== undefined && (
          <span className="item-tag faint" title={`Condensed: ${item.shortenedBy}`}>
            condensed
          </span>
        )}
        {item.stale && (
          <span className="item-tag warning" title="The file changed after it was read">
            stale
          </span>
        )}
        {change.is !== 'same' && <ChangeTag change={change} />}
        {children}
      </span>
      <span role="gridcell" className="col-tokens number" title={`${item.tokens} tokens`}>
        {formatTokens(item.tokens)}
      </span>
      <span role="gridcell" className="col-share number faint">
        {share === null ? '' : `${Math.round(share * 100)} %`}
      </span>
      <span role="gridcell" className="col-source clip muted" title={source}>
        {source}
      </span>
      <span role="gridcell" className="col-why clip muted" title={whyTitle ?? why}>
        {why}
      </span>
      <span role="gridcell" className="col-age number faint" title={`Added at frame ${item.addedAt}`}>
        {framesAgo(n, item.addedAt)}
      </span>
      <span role="gridcell" className="col-used number faint" title={`Last used at frame ${item.lastUsedAt}`}>
        {framesAgo(n, item.lastUsedAt)}
      </span>
    </>
  )
}

const CHANGE_TONE = { added: 'success', removed: 'danger', changed: 'info', moved: 'info' } as const

function ChangeTag({ change }: { change: Exclude<ItemChange, { is: 'same' }> }) {
  const words =
    change.is === 'moved'
      ? `from ${change.from}`
      : change.is === 'changed' && change.tokensBy !== 0
        ? `${change.tokensBy > 0 ? '+' : ''}${change.tokensBy}`
        : change.is
  return (
    <span className={`item-tag ${CHANGE_TONE[change.is]}`} title={`Compared: ${change.is}`}>
      {words}
    </span>
  )
}

function framesAgo(n: number, frame: number): string {
  return n - frame <= 0 ? 'now' : String(n - frame)
}

function idOf(row: Row | undefined): string | null {
  switch (row?.kind) {
    case 'item':
    case 'gone':
      return row.item.id
    case 'evicted':
      return row.evicted.item.id
    default:
      return null
  }
}

/** Where an item goes that is dropped on the row. */
function dropTier(row: Row): ShownTier | 'out' | null {
  const tier = row.kind === 'tier' ? row.tier : row.kind === 'item' ? row.item.tier : null
  if (tier === 'L1' || tier === 'L2') return tier
  return row.kind === 'evicted' || row.kind === 'evicted-title' ? 'out' : null
}
