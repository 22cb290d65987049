import { useVirtualizer } from '@tanstack/react-virtual'
import { type KeyboardEvent, useEffect, useRef } from 'react'
import type { HybridHit } from '../../../shared/graph'
import { UntrustedInline } from '../../components/untrusted-text'

const ROW_PX = 58

interface Props {
  readonly hits: readonly HybridHit[]
  readonly selected: number
  readonly onSelect: (index: number) => void
  readonly onOpen: (index: number) => void
  readonly onKeyDown: (event: KeyboardEvent) => void
}

/** Hits, best first. Arrows move, Enter opens the file. */
export function HitList({ hits, selected, onSelect, onOpen, onKeyDown }: Props) {
  const scroller = useRef<HTMLDivElement>(null)
  const rows = useVirtualizer({ count: hits.length, getScrollElement: () => scroller.current, estimateSize: () => ROW_PX, overscan: 8 })
  useEffect(() => {
    if (selected >= 0) rows.scrollToIndex(selected)
  }, [selected, rows])
  return (
    <div
      ref={scroller}
      className="search-hits"
      role="listbox"
      aria-label="Hits"
      tabIndex={0}
      aria-activedescendant={selected < 0 ? undefined : `search-hit-${selected}`}
      onKeyDown={onKeyDown}
    >
      <div style={{ height: rows.getTotalSize(), position: 'relative' }}>
        {rows.getVirtualItems().map((row) => {
          const hit = hits[row.index]
          if (hit === undefined) return null
          return (
            <div
              key={row.key}
              id={`search-hit-${row.index}`}
              className="search-hit"
              role="option"
              aria-selected={row.index === selected}
              style={{ top: row.start, height: ROW_PX }}
              onClick={() => onSelect(row.index)}
              onDoubleClick={() => onOpen(row.index)}
            >
              <span className="clip">
                <span className="search-name">{hit.symbol === null ? fileName(hit.path) : symbolName(hit.symbol)}</span>
                <span className="faint"> {hit.kind ?? 'text'}</span>
              </span>
              <code className="clip">
                <UntrustedInline text={hit.text} atMost={160} />
              </code>
              <span className="faint number clip search-place" title={`${hit.path}:${hit.line}`}>
                {hit.path}:{hit.line}
              </span>
            </div>
          )
        })}
      </div>
    </div>
  )
}

function fileName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

function symbolName(key: string): string {
  return key.slice(key.indexOf('#') + 1)
}
