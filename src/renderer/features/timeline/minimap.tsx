import { type PointerEvent, useRef } from 'react'
import { useStore } from 'zustand'
import { usePoint } from '../../app/window-context'
import { timeline } from './timeline-store'
import { needsMinimap } from './viewport'

/** The whole run as a strip with the part in view marked; shown once a run is longer than two screens. Drag to move. */
export function Minimap() {
  const { view, widthPx, total } = useStore(timeline.store)
  const point = usePoint()
  const strip = useRef<HTMLDivElement>(null)
  if (!needsMinimap(view, total, widthPx)) return null
  const share = (frames: number): string => `${Math.max(0, Math.min(100, (frames / total) * 100))}%`

  function move(event: PointerEvent): void {
    const bounds = strip.current?.getBoundingClientRect()
    if (bounds === undefined || event.buttons !== 1) return
    const n = ((event.clientX - bounds.left) / bounds.width) * total
    timeline.pan((n - view.offset) * view.pxPerFrame - widthPx / 2)
  }

  return (
    <div ref={strip} className="minimap" aria-hidden onPointerDown={move} onPointerMove={move}>
      <div className="minimap-view" style={{ left: share(view.offset), width: share(widthPx / view.pxPerFrame) }} />
      {point !== null && <div className="minimap-cursor" style={{ left: share(point.n) }} />}
    </div>
  )
}
