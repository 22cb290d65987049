import { useVirtualizer } from '@tanstack/react-virtual'
import { useEffect, useMemo, useRef } from 'react'
import { useStore } from 'zustand'
import { frameDurationMs, frameRole, frameTitle, ROLE_NAME } from '../../app/frame-words'
import { usePoint, useRunFrames, useWindow } from '../../app/window-context'
import { formatClock, formatDuration } from '../../components/format'
import { visibleText } from '../../components/visible-text'
import { annotations } from './annotations-store'
import { MarkIcon } from './mark-shape'

const ROW_PX = 22

/** The timeline as a table: the same frames in order of commit, for reading and for screen readers. */
export function FrameTable() {
  const model = useWindow()
  const { cache } = useRunFrames()
  const point = usePoint()
  const { marks, matches } = useStore(annotations)
  const markOf = useMemo(() => new Map(marks.map((mark) => [mark.frame, mark])), [marks])
  const found = useMemo(() => new Set(matches), [matches])
  const scroller = useRef<HTMLDivElement>(null)
  const rows = useVirtualizer({ count: cache.length, getScrollElement: () => scroller.current, estimateSize: () => ROW_PX, overscan: 10 })
  const n = point?.n ?? 0
  useEffect(() => {
    if (n > 0) rows.scrollToIndex(n - 1)
  }, [n, rows])
  return (
    <div
      ref={scroller}
      className="frame-table"
      role="grid"
      aria-label="Frames"
      aria-rowcount={cache.length}
      tabIndex={0}
      onKeyDown={(event) => {
        const to = { ArrowDown: n + 1, ArrowUp: n - 1, Home: 1, End: cache.length }[event.key]
        const frame = to === undefined ? undefined : cache.frame(to)
        if (frame === undefined) return
        event.preventDefault()
        model.select(frame.n, frame.branchId)
      }}
    >
      <div style={{ height: rows.getTotalSize(), position: 'relative' }}>
        {rows.getVirtualItems().map((row) => {
          const frame = cache.frame(row.index + 1)
          if (frame === undefined) return null
          const duration = frameDurationMs(frame)
          const mark = markOf.get(frame.n)
          return (
            <div
              key={frame.n}
              role="row"
              aria-rowindex={frame.n}
              aria-selected={frame.n === n}
              data-role={frameRole(frame)}
              data-found={found.has(frame.n)}
              className="frame-table-row"
              style={{ top: row.start, height: ROW_PX }}
              onClick={() => model.select(frame.n, frame.branchId)}
            >
              <span role="gridcell" className="number">
                {frame.n}
              </span>
              <span role="gridcell" className="number faint">
                {formatClock(frame.atMs)}
              </span>
              <span role="gridcell" className="mono faint">
                {frame.branchId}
              </span>
              <span role="gridcell" className={frameRole(frame) === 'denied' ? 'danger' : 'muted'}>
                {ROLE_NAME[frameRole(frame)]}
              </span>
              <span role="gridcell" className="clip">
                {frameTitle(frame)}
              </span>
              <span role="gridcell" className="number faint">
                {duration === null ? '' : formatDuration(duration)}
              </span>
              <span role="gridcell" className="faint clip">
                {mark !== undefined && (
                  <>
                    <MarkIcon shape={mark.shape} /> {mark.name === '' ? `mark, ${mark.shape}` : visibleText(mark.name)}{' '}
                  </>
                )}
                {frame.checkpoint === null ? '' : 'keyframe'}
              </span>
            </div>
          )
        })}
      </div>
    </div>
  )
}
