import { useVirtualizer } from '@tanstack/react-virtual'
import { TriangleAlert } from 'lucide-react'
import { useMemo, useRef } from 'react'
import type { FileDiff } from '../../../shared/files'
import { useWindow } from '../../app/window-context'
import { lineCounts } from './diff-summary'

const ROW_PX = 22
const MARK: Readonly<Record<FileDiff['change'], string>> = { created: 'A', changed: 'M', deleted: 'D', mode: 'x' }

interface Props {
  readonly diffs: readonly FileDiff[]
  readonly chosen: string
  readonly onChoose: (path: string) => void
}

/** The changed files with their lines; the arrows choose, Enter opens the file itself. */
export function ChangedFiles({ diffs, chosen, onChoose }: Props) {
  const model = useWindow()
  const scroller = useRef<HTMLDivElement>(null)
  const rows = useVirtualizer({ count: diffs.length, getScrollElement: () => scroller.current, estimateSize: () => ROW_PX, overscan: 12 })
  const counts = useMemo(() => diffs.map(lineCounts), [diffs])
  const index = diffs.findIndex((diff) => diff.path === chosen)
  return (
    <div
      ref={scroller}
      className="changed-files"
      role="listbox"
      aria-label="Changed files"
      tabIndex={0}
      data-autofocus
      aria-activedescendant={index < 0 ? undefined : `changed-${index}`}
      onKeyDown={(event) => {
        const current = diffs[index]
        if (event.key === 'Enter' && current !== undefined && current.change !== 'deleted') {
          event.preventDefault()
          model.showFile(current.path, current.hunks[0]?.newStart ?? null)
          return
        }
        const to = { ArrowDown: index + 1, ArrowUp: index - 1, Home: 0, End: diffs.length - 1 }[event.key]
        const next = to === undefined ? undefined : diffs[Math.max(0, Math.min(diffs.length - 1, to))]
        if (next === undefined) return
        event.preventDefault()
        onChoose(next.path)
        rows.scrollToIndex(diffs.indexOf(next))
      }}
    >
      <div style={{ height: rows.getTotalSize(), position: 'relative' }}>
        {rows.getVirtualItems().map((place) => {
          const diff = diffs[place.index]
          const lines = counts[place.index]
          if (diff === undefined || lines === undefined) return null
          const cut = diff.path.lastIndexOf('/') + 1
          return (
            <div
              key={diff.path}
              id={`changed-${place.index}`}
              className="changed-file"
              role="option"
              aria-selected={diff.path === chosen}
              aria-label={`${diff.path}, ${diff.change}, ${lines.added} lines added, ${lines.removed} removed`}
              data-change={diff.change}
              title={diff.path}
              style={{ top: place.start, height: ROW_PX }}
              onClick={() => onChoose(diff.path)}
              onDoubleClick={() => diff.change !== 'deleted' && model.showFile(diff.path, diff.hunks[0]?.newStart ?? null)}
            >
              <span className="changed-mark">{MARK[diff.change]}</span>
              <span className="clip changed-name">
                {diff.path.slice(cut)} <span className="faint">{diff.path.slice(0, Math.max(0, cut - 1))}</span>
              </span>
              {diff.dangerous && <TriangleAlert size={12} className="warning" aria-label="can run code on your machine" />}
              <span className="number">
                {lines.added > 0 && <span className="success">+{lines.added}</span>}
                {lines.removed > 0 && <span className="danger"> -{lines.removed}</span>}
              </span>
            </div>
          )
        })}
      </div>
    </div>
  )
}
