import { ContextMenu } from '@base-ui/react/context-menu'
import { type PointerEvent, useEffect, useMemo, useRef, useState } from 'react'
import { useStore } from 'zustand'
import type { Frame } from '../../../shared/frames'
import { MAIN_BRANCH } from '../../../shared/ids'
import { frameTitle } from '../../app/frame-words'
import { chordOf } from '../../app/keymap'
import { useIsPast, usePoint, useRunFrames, useWindow } from '../../app/window-context'
import type { WindowModel } from '../../app/window-model'
import { annotations } from './annotations-store'
import { hitsOf } from './breakpoint-hits'
import { HoverCard } from './hover-card'
import { heightOf, type Lane, laneAt, nearest } from './lanes'
import { paintCursor, paintFrames, type Palette, readPalette } from './paint'
import { paintAnnotations, paintMatches } from './paint-annotations'
import { conditionOf, draftMark, hasBreakpoint, toggleBreakpoint } from './timeline-commands'
import { timeline } from './timeline-store'
import { frameAt, xOf } from './viewport'

const HIT_PX = 14
const PAGE_FRAMES = 10

export function TimelineCanvas({ lanes, visible }: { lanes: readonly Lane[]; visible: boolean }) {
  const model = useWindow()
  const { cache, version } = useRunFrames()
  const { view, widthPx } = useStore(timeline.store)
  const point = usePoint()
  const past = useIsPast()
  const compareWith = useStore(model.selection, (state) => state.compareWith)
  const box = useRef<HTMLDivElement>(null)
  const canvas = useRef<HTMLCanvasElement>(null)
  const overlay = useRef<HTMLCanvasElement>(null)
  const palette = useRef<Palette | null>(null)
  const [theme, setTheme] = useState(0)
  const [hovered, setHovered] = useState<Frame | null>(null)
  const [menuFrame, setMenuFrame] = useState<Frame | null>(null)
  const dragging = useRef(false)
  /** The menu was asked for with a pointer: it is of the frame below, otherwise of the selected one. */
  const pointed = useRef(false)
  const { marks, breakpoints, matches } = useStore(annotations)
  const hits = useMemo(
    () => (version < 0 ? [] : breakpoints.filter((one) => one.enabled).flatMap((one) => hitsOf(one, cache.frames))),
    [breakpoints, cache, version],
  )
  const height = heightOf(lanes)
  const n = point?.n ?? 0
  const branchId = point?.branchId ?? null

  useEffect(() => timeline.grow(cache.length), [cache, version])
  useEffect(() => {
    if (n > 0) timeline.reveal(n)
  }, [n])

  useEffect(() => {
    const element = box.current
    if (element === null) return
    const observer = new ResizeObserver(() => timeline.resize(element.clientWidth))
    observer.observe(element)
    // React listens passively to wheel events, which cannot keep the page from zooming.
    const onWheel = (event: WheelEvent): void => {
      if (event.ctrlKey || event.metaKey) timeline.zoom(Math.exp(-event.deltaY / 240), event.clientX - element.getBoundingClientRect().left)
      else if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY))
        timeline.pan(event.deltaX !== 0 ? event.deltaX : event.deltaY)
      else return
      event.preventDefault()
    }
    element.addEventListener('wheel', onWheel, { passive: false })
    const onTheme = (): void => {
      palette.current = null
      setTheme((count) => count + 1)
    }
    window.addEventListener('themechange', onTheme)
    return () => {
      observer.disconnect()
      element.removeEventListener('wheel', onWheel)
      window.removeEventListener('themechange', onTheme)
    }
  }, [])

  useEffect(() => {
    if (!visible || branchId === null) return
    return draw(canvas.current, widthPx, height, (context) => {
      palette.current ??= readPalette(context.canvas)
      const scene = { cache, lanes, view, width: widthPx, height, branchId }
      const layer = { marks, hits, matches }
      paintFrames(context, scene, palette.current)
      paintMatches(context, scene, layer, palette.current)
      paintAnnotations(context, scene, layer, palette.current)
    })
  }, [cache, version, lanes, view, widthPx, height, branchId, theme, visible, marks, hits, matches])

  useEffect(() => {
    if (!visible || branchId === null) return
    return draw(overlay.current, widthPx, height, (context) => {
      palette.current ??= readPalette(context.canvas)
      const scene = { cache, lanes, view, width: widthPx, height, branchId }
      paintCursor(context, scene, { n, past, compareWith, hovered: hovered?.n ?? null }, palette.current)
    })
  }, [cache, lanes, view, widthPx, height, branchId, n, past, compareWith, hovered, theme, visible])

  function at(event: { clientX: number; clientY: number }): { frame: Frame | null; lane: Lane | null; near: boolean } {
    const bounds = box.current?.getBoundingClientRect()
    if (bounds === undefined) return { frame: null, lane: null, near: false }
    const x = event.clientX - bounds.left
    const lane = laneAt(lanes, event.clientY - bounds.top)
    const own = cache.ownFrames(lane?.branchId ?? branchId ?? MAIN_BRANCH)
    const frame = own[nearest(own, frameAt(view, x))] ?? null
    return { frame, lane, near: frame !== null && Math.abs(xOf(view, frame.n) - x) <= HIT_PX }
  }

  function scrub(event: PointerEvent): void {
    const bounds = box.current?.getBoundingClientRect()
    if (bounds !== undefined) model.select(Math.max(1, Math.round(frameAt(view, event.clientX - bounds.left))))
  }

  function onPointerDown(event: PointerEvent): void {
    pointed.current = event.button === 2
    if (event.button !== 0) return
    const { frame, lane, near } = at(event)
    if (event.shiftKey) {
      if (frame !== null) model.selection.setState({ compareWith: frame.n })
      return
    }
    dragging.current = true
    event.currentTarget.setPointerCapture(event.pointerId)
    if (frame !== null && lane !== null && near) model.select(frame.n, frame.branchId)
    else scrub(event)
  }

  function onPointerMove(event: PointerEvent): void {
    if (dragging.current) {
      scrub(event)
      return
    }
    const { frame, lane, near } = at(event)
    setHovered(frame !== null && lane !== null && near ? frame : null)
  }

  function switchBranch(by: 1 | -1): void {
    const index = lanes.findIndex((lane) => lane.branchId === branchId)
    const lane = lanes[index + by]
    if (lane !== undefined) model.select('live', lane.branchId)
  }

  function onKeyDown(event: React.KeyboardEvent): void {
    const actions: Readonly<Record<string, () => void>> = {
      ArrowLeft: () => model.step(-1),
      ArrowRight: () => model.step(1),
      ArrowUp: () => switchBranch(-1),
      ArrowDown: () => switchBranch(1),
      PageUp: () => model.select(Math.max(1, n - PAGE_FRAMES)),
      PageDown: () => model.select(n + PAGE_FRAMES),
      Home: () => model.select(1),
      End: () => model.select('live'),
      '+': () => timeline.zoom(1.5),
      '-': () => timeline.zoom(1 / 1.5),
      '0': () => timeline.fitAll(),
    }
    if (event.ctrlKey || event.metaKey || event.altKey) return
    const action = event.shiftKey ? undefined : actions[event.key]
    if (action === undefined && !isOwnKey(model, event.nativeEvent)) return
    event.preventDefault()
    event.stopPropagation()
    action?.()
  }

  const selected = cache.frame(n)
  return (
    <ContextMenu.Root>
      <ContextMenu.Trigger
        render={
          <div
            ref={box}
            className="timeline-canvas"
            style={{ height }}
            role="slider"
            tabIndex={0}
            data-autofocus
            aria-label="Timeline"
            aria-valuemin={1}
            aria-valuemax={Math.max(1, cache.length)}
            aria-valuenow={Math.max(1, n)}
            aria-valuetext={selected === undefined ? undefined : `Frame ${n} of ${cache.length}: ${frameTitle(selected)}`}
            onPointerDown={onPointerDown}
            onPointerMove={onPointerMove}
            onPointerUp={() => {
              dragging.current = false
            }}
            onPointerLeave={() => setHovered(null)}
            onContextMenu={(event) => {
              setMenuFrame((pointed.current ? at(event).frame : null) ?? selected ?? null)
              pointed.current = false
            }}
            onKeyDown={onKeyDown}
          />
        }
      >
        <canvas ref={canvas} data-testid="timeline-canvas" aria-hidden style={{ width: widthPx, height }} />
        <canvas ref={overlay} className="timeline-overlay" aria-hidden style={{ width: widthPx, height }} />
        {hovered !== null && (
          <HoverCard
            frame={hovered}
            mark={marks.find((mark) => mark.frame === hovered.n) ?? null}
            x={xOf(view, hovered.n)}
            widthPx={widthPx}
          />
        )}
      </ContextMenu.Trigger>
      <FrameMenu frame={menuFrame} />
    </ContextMenu.Root>
  )
}

/** Paints at the next animation frame, in CSS pixels at the resolution of the screen. Returns what calls it off. */
function draw(
  element: HTMLCanvasElement | null,
  width: number,
  height: number,
  paint: (context: CanvasRenderingContext2D) => void,
): () => void {
  const request = requestAnimationFrame(() => {
    const context = element?.getContext('2d')
    if (context == null) return
    const ratio = window.devicePixelRatio
    const [pixelWidth, pixelHeight] = [Math.round(width * ratio), Math.round(height * ratio)]
    if (context.canvas.width !== pixelWidth || context.canvas.height !== pixelHeight) {
      context.canvas.width = pixelWidth
      context.canvas.height = pixelHeight
    }
    context.setTransform(ratio, 0, 0, ratio, 0, 0)
    paint(context)
  })
  return () => cancelAnimationFrame(request)
}

/** Keys that are free elsewhere are the timeline's own here: runs the command of the key, if it has one. */
function isOwnKey(model: WindowModel, event: KeyboardEvent): boolean {
  const chord = chordOf(event)
  const command = chord === null ? undefined : model.commands.find(chord, model.settings.store.getState().keymap)
  if (command === undefined || !command.id.startsWith('timeline.') || command.reach !== 'free') return false
  model.commands.run(command.id)
  return true
}

function FrameMenu({ frame }: { frame: Frame | null }) {
  const model = useWindow()
  const marked = useStore(annotations, (state) => state.marks.some((mark) => mark.frame === frame?.n))
  useStore(annotations, (state) => state.breakpoints)
  const point = usePoint()
  if (frame === null) return null
  const at = { runId: frame.runId, branchId: frame.branchId, n: frame.n }
  const condition = conditionOf(frame)
  const what = condition.on === 'tool' ? condition.pattern : frame.kind
  const items: readonly (readonly [label: string, run: () => void, key?: string] | null)[] = [
    [`Go to frame ${frame.n}`, () => model.select(frame.n, frame.branchId)],
    [
      point === null || point.n === frame.n ? 'Compare with this frame' : `Compare with frame ${point.n}`,
      () => model.selection.setState({ compareWith: frame.n }),
      'Shift+click',
    ],
    null,
    ['Fork from here', () => model.dialog.setState({ kind: 'fork', at, edits: [] }, true)],
    ['Restore to here', () => model.dialog.setState({ kind: 'restore', at }, true)],
    null,
    [marked ? 'Change the mark' : 'Mark', () => draftMark(model, frame)],
    [hasBreakpoint(frame) ? `Remove breakpoint on ${what}` : `Breakpoint on ${what}`, () => void toggleBreakpoint(model, frame)],
  ]
  return (
    <ContextMenu.Portal>
      <ContextMenu.Positioner>
        <ContextMenu.Popup className="popup menu">
          {items.map((item, index) =>
            item === null ? (
              <ContextMenu.Separator key={index} className="menu-separator" />
            ) : (
              <ContextMenu.Item key={index} className="menu-item" onClick={item[1]}>
                {item[0]}
                {item[2] !== undefined && <span className="kbd">{item[2]}</span>}
              </ContextMenu.Item>
            ),
          )}
        </ContextMenu.Popup>
      </ContextMenu.Positioner>
    </ContextMenu.Portal>
  )
}
