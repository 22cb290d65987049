import { ArrowLeftRight, Locate, type LucideIcon, Network, PanelRight, Route, ScanLine, SquareTerminal, Table, Waves } from 'lucide-react'
import type { KeyboardEvent } from 'react'
import { useStore } from 'zustand'
import { usePoint, useRunFrames, useWindow } from '../../app/window-context'
import { IconButton } from '../../components/icon-button'
import { FlowForm } from './flow-form'
import { frameSymbols, symbolFrame } from './frame-symbols'
import { GraphFilters } from './graph-filters'
import { graph, type GraphMode, reload, showAround, showFrameSymbols, trace } from './graph-store'
import { QueryBox } from './query-box'
import type { ShownGraph } from './merge-results'
import { SymbolPicker } from './symbol-picker'

const DEPTHS = [1, 2, 3, 4]
const HOPS = [2, 4, 6, 8, 10, 12]
const MODES: readonly { readonly mode: GraphMode; readonly name: string; readonly says: string; readonly icon: LucideIcon }[] = [
  { mode: 'around', name: 'Around', says: 'What a symbol uses and what uses it', icon: Locate },
  { mode: 'trace', name: 'Trace', says: 'How one symbol leads to another', icon: Route },
  { mode: 'query', name: 'Query', says: 'Cypher', icon: SquareTerminal },
  { mode: 'flow', name: 'Data flow', says: 'Where a value goes', icon: Waves },
]

export function GraphBar({ shown }: { shown: ShownGraph }) {
  const { mode, view, details } = useStore(graph)
  return (
    <div className="graph-bars">
      <div className="toolbar graph-bar">
        <Modes mode={mode} />
        {mode === 'around' && <AroundFields />}
        {mode === 'trace' && <TraceFields />}
        <span className="spacer" />
        <FrameButton />
        <GraphFilters shown={shown} />
        <IconButton icon={Network} label="As graph" pressed={view === 'graph'} onClick={() => graph.setState({ view: 'graph' })} />
        <IconButton icon={Table} label="As table" pressed={view === 'table'} onClick={() => graph.setState({ view: 'table' })} />
        <IconButton icon={PanelRight} label="Details" pressed={details} onClick={() => graph.setState({ details: !details })} />
      </div>
      {mode === 'query' && <QueryBox />}
      {mode === 'flow' && <FlowForm />}
    </div>
  )
}

/** One choice: arrows move it, as in every group of radio buttons. */
function Modes({ mode }: { mode: GraphMode }) {
  function onKeyDown(event: KeyboardEvent<HTMLDivElement>): void {
    const by = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key]
    if (by === undefined) return
    event.preventDefault()
    const at = MODES.findIndex((entry) => entry.mode === mode)
    const next = MODES[(at + by + MODES.length) % MODES.length]
    if (next === undefined) return
    graph.setState({ mode: next.mode })
    event.currentTarget.querySelector<HTMLElement>(`[data-mode="${next.mode}"]`)?.focus()
  }
  return (
    <div role="radiogroup" aria-label="Ask" className="graph-modes" onKeyDown={onKeyDown}>
      {MODES.map(({ mode: each, name, says, icon: Icon }) => (
        <button
          key={each}
          type="button"
          role="radio"
          data-mode={each}
          aria-checked={each === mode}
          aria-label={name}
          title={says}
          tabIndex={each === mode ? 0 : -1}
          onClick={() => graph.setState({ mode: each })}
        >
          <Icon size={14} aria-hidden /> <span className="graph-wide">{name}</span>
        </button>
      ))}
    </div>
  )
}

function AroundFields() {
  const model = useWindow()
  const { topic, depth } = useStore(graph)
  return (
    <>
      <SymbolPicker
        label="Find a symbol"
        placeholder="Find a symbol, file, table, service or decision"
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
  )
}

function TraceFields() {
  const model = useWindow()
  const { from, to, maxHops } = useStore(graph)
  function pickEnd(end: 'from' | 'to', node: NonNullable<typeof from>): Promise<void> {
    graph.setState({ [end]: node })
    return trace(model)
  }
  return (
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
      <select
        className="field graph-hops"
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
  )
}

/** One click from a frame to the symbols that its outcome names. */
function FrameButton() {
  const model = useWindow()
  const point = usePoint()
  const { cache } = useRunFrames()
  const symbols = point === null ? null : frameSymbols(symbolFrame(cache.frames, point.n))
  if (symbols === null) return null
  return (
    <button
      type="button"
      className="button"
      aria-label="Show this frame's path"
      title={`The symbols that ${symbols.title} answered at frame ${point?.n ?? 0}`}
      onClick={() => void showFrameSymbols(model)}
    >
      <ScanLine size={14} aria-hidden /> <span className="graph-wide">Show this frame&apos;s path</span>
    </button>
  )
}
