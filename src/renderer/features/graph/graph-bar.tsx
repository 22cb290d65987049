import type { EdgeKind } from '../../../shared/graph'
import { Popover } from '@base-ui/react/popover'
import { ArrowLeftRight, ListTree, Network, PanelRight, Route, ScanLine, SlidersHorizontal, Table } from 'lucide-react'
import { useStore } from 'zustand'
import { usePoint, useRunFrames, useWindow } from '../../app/window-context'
import { IconButton } from '../../components/icon-button'
import { frameSymbols, symbolFrame } from './frame-symbols'
import { graph, reload, showAround, showFrameSymbols, trace } from './graph-store'
import { EDGE_KINDS, edgeWord } from './kinds'
import { SymbolPicker } from './symbol-picker'

const DEPTHS = [1, 2, 3, 4]
const HOPS = [2, 4, 6, 8, 10, 12]

export function GraphBar({ hiddenEdges }: { hiddenEdges: number }) {
  const model = useWindow()
  const { topic, depth, tracing, view, details, from, to, maxHops } = useStore(graph)
  const filtered = hiddenEdges > 0
  return (
    <div className="graph-bars">
      <div className="toolbar graph-bar">
        {tracing ? (
          <>
            <SymbolPicker
              label="From symbol"
              placeholder="From"
              value={from}
              first={from === null}
              onPick={(node) => void pickEnd('from', node)}
            />
            <IconButton icon={ArrowLeftRight} label="Swap the ends" onClick={() => graph.setState({ from: to, to: from })} />
            <SymbolPicker label="To symbol" placeholder="To" value={to} first={from !== null} onPick={(node) => void pickEnd('to', node)} />
            <label className="graph-choice">
              <select
                className="field"
                aria-label="At most this many hops"
                value={maxHops}
                onChange={(event) => graph.setState({ maxHops: Number(event.target.value) })}
              >
                {HOPS.map((hops) => (
                  <option key={hops} value={hops}>
                    {hops} hops
                  </option>
                ))}
              </select>
            </label>
            <button
              type="button"
              className="button"
              data-tone="primary"
              disabled={from === null || to === null}
              onClick={() => void trace(model)}
            >
              Trace
            </button>
          </>
        ) : (
          <>
            <SymbolPicker
              label="Find a symbol"
              placeholder="Find a symbol or file"
              value={topic.kind === 'around' ? topic.root : null}
              first
              onPick={(node) => void showAround(model, node)}
            />
            <label className="graph-choice">
              <span className="muted">depth</span>
              <select
                className="field"
                value={depth}
                onChange={(event) => {
                  graph.setState({ depth: Number(event.target.value) })
                  if (topic.kind === 'around') void reload(model)
                }}
              >
                {DEPTHS.map((steps) => (
                  <option key={steps} value={steps}>
                    {steps}
                  </option>
                ))}
              </select>
            </label>
          </>
        )}
        <span className="spacer" />
        <IconButton
          icon={Route}
          label="Trace from one symbol to another"
          shortcut="Ctrl+Alt+G"
          pressed={tracing}
          onClick={() => graph.setState({ tracing: !tracing })}
        />
        <FrameButton />
        <Filters filtered={filtered} />
        <IconButton icon={Network} label="As graph" pressed={view === 'graph'} onClick={() => graph.setState({ view: 'graph' })} />
        <IconButton icon={Table} label="As table" pressed={view === 'table'} onClick={() => graph.setState({ view: 'table' })} />
        <IconButton icon={PanelRight} label="Details" pressed={details} onClick={() => graph.setState({ details: !details })} />
      </div>
    </div>
  )

  function pickEnd(end: 'from' | 'to', node: NonNullable<typeof from>): Promise<void> {
    graph.setState({ [end]: node })
    return trace(model)
  }
}

/** One click from a frame to the symbols that its outcome names. */
function FrameButton() {
  const model = useWindow()
  const point = usePoint()
  const { cache } = useRunFrames()
  const symbols = point === null ? null : frameSymbols(symbolFrame(cache.frames, point.n))
  return (
    <button
      type="button"
      className="button"
      aria-label="Show this frame's path"
      disabled={symbols === null}
      title={
        symbols === null
          ? 'The selected frame names no symbols: select a memory.path, memory.find, memory.search or lsp.references call in the timeline.'
          : `The symbols that ${symbols.title} answered at frame ${point?.n ?? 0}`
      }
      onClick={() => void showFrameSymbols(model)}
    >
      <ScanLine size={14} aria-hidden /> <span className="graph-wide">Show this frame&apos;s path</span>
    </button>
  )
}

function Filters({ filtered }: { filtered: boolean }) {
  const { kinds, minConfidence } = useStore(graph)
  function toggle(kind: EdgeKind): void {
    const next = new Set(kinds)
    if (!next.delete(kind)) next.add(kind)
    graph.setState({ kinds: next })
  }
  return (
    <Popover.Root>
      <Popover.Trigger className="button" data-filtered={filtered} aria-label={filtered ? 'Filter, some relations are hidden' : 'Filter'}>
        <SlidersHorizontal size={14} aria-hidden /> <span className="graph-wide">{filtered ? 'Filtered' : 'Filter'}</span>
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Positioner side="bottom" align="end" sideOffset={4}>
          <Popover.Popup className="popup popover graph-filters" aria-label="Filter relations">
            <fieldset>
              <legend className="section-title">Relations</legend>
              {EDGE_KINDS.map((kind) => (
                <label key={kind}>
                  <input type="checkbox" checked={kinds.has(kind)} onChange={() => toggle(kind)} />
                  <span className="graph-sample" data-kind={kind} aria-hidden />
                  {edgeWord(kind)}
                </label>
              ))}
            </fieldset>
            <label className="graph-confidence">
              <span className="section-title">Confidence at least</span>
              <input
                type="range"
                min={0}
                max={1}
                step={0.05}
                value={minConfidence}
                onChange={(event) => graph.setState({ minConfidence: Number(event.target.value) })}
              />
              <output className="number">{minConfidence.toFixed(2)}</output>
            </label>
            <button type="button" className="button" onClick={() => graph.setState({ kinds: new Set(EDGE_KINDS), minConfidence: 0 })}>
              <ListTree size={14} aria-hidden /> Show all
            </button>
          </Popover.Popup>
        </Popover.Positioner>
      </Popover.Portal>
    </Popover.Root>
  )
}
