import { useVirtualizer } from '@tanstack/react-virtual'
import { useEffect, useRef } from 'react'
import { frameDurationMs, frameRole, frameTitle, ROLE_NAME } from '../../app/frame-words'
import { usePoint, useRunFrames, useWindow } from '../../app/window-context'
import { formatClock, formatDuration } from '../../components/format'

const ROW_PX = 22

/** The timeline as a table: the same frames in order of commit, for reading and for screen readers. */
export function FrameTable() {
  const model = useWindow()
  const { cache } = useRunFrames()
  const point = usePoint()
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
          return (
            <div
              key={frame.n}
              role="row"
              aria-rowindex={frame.n}
              aria-selected={frame.n === n}
              data-role={frameRole(frame)}
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
              <span role="gridcell" className="faint">
                {frame.checkpoint === null ? '' : 'keyframe'}
              </span>
            </div>
          )
        })}
      </div>
    </div>
  )
}
