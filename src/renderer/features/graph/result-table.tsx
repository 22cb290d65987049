import { useVirtualizer } from '@tanstack/react-virtual'
import { Braces, Sheet } from 'lucide-react'
import { type KeyboardEvent, useMemo, useRef, useState } from 'react'
import type { GraphEdge, GraphNode, GraphTable, GraphValue } from '../../../shared/graph'
import { useWindow } from '../../app/window-context'
import { count, formatDuration } from '../../components/format'
import { IconButton } from '../../components/icon-button'
import { KindIcon } from '../../components/kind-icon'
import { EmptyState } from '../../components/surfaces'
import { UntrustedInline } from '../../components/untrusted-text'
import { graph, openNode } from './graph-store'
import { edgeWord } from './kinds'
import { tableAsCsv, tableAsJson } from './result-export'
import { qualifiedName } from './symbol-picker'
import { wayOfRow } from './ways'

const ROW_PX = 24

/** The rows of a query's answer, as it gave them. Arrows move, Enter opens the code of the row. */
export function ResultTable({ table, selected }: { table: GraphTable; selected: string | null }) {
  const model = useWindow()
  const scroller = useRef<HTMLDivElement>(null)
  const [active, setActive] = useState(0)
  const nodes = useMemo(() => new Map(table.nodes.map((node) => [node.id, node])), [table])
  const wayOf = useMemo(() => wayOfRow(table), [table])
  const rows = useVirtualizer({
    count: table.rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_PX,
    overscan: 12,
  })
  const columns = `44px repeat(${table.columns.length}, minmax(140px, 1fr))`
  if (table.rows.length === 0) {
    return (
      <div className="result">
        <ResultHead table={table} />
        <EmptyState title="No rows">Nothing in the graph matches the whole pattern at this point.</EmptyState>
      </div>
    )
  }

  function choose(index: number): void {
    setActive(index)
    const way = wayOf.get(index)
    const first = firstNode(table.rows[index] ?? [])
    graph.setState((state) => ({ chosenWay: way ?? state.chosenWay, selected: first ?? state.selected }))
  }

  function onKeyDown(event: KeyboardEvent): void {
    const by = { ArrowDown: 1, ArrowUp: -1, PageDown: 16, PageUp: -16, Home: -table.rows.length, End: table.rows.length }[event.key]
    if (event.target !== event.currentTarget) return
    if (by !== undefined) {
      const next = Math.max(0, Math.min(table.rows.length - 1, active + by))
      choose(next)
      rows.scrollToIndex(next)
    } else if (event.key === 'Enter') {
      const node = nodes.get(firstNode(table.rows[active] ?? []) ?? '')
      if (node !== undefined) openNode(model, node)
    } else return
    event.preventDefault()
  }

  return (
    <div className="result">
      <ResultHead table={table} />
      <div
        ref={scroller}
        className="graph-table result-rows"
        role="grid"
        aria-label="Rows"
        aria-rowcount={table.rows.length + 1}
        aria-colcount={table.columns.length + 1}
        tabIndex={0}
        onKeyDown={onKeyDown}
      >
        <div role="rowgroup" className="graph-table-head">
          <div role="row" className="result-row" aria-rowindex={1} style={{ gridTemplateColumns: columns }}>
            <span role="columnheader" className="faint number">
              #
            </span>
            {table.columns.map((column, index) => (
              <span key={index} role="columnheader" className="mono clip">
                <UntrustedInline text={column} atMost={80} />
              </span>
            ))}
          </div>
        </div>
        <div role="rowgroup" className="graph-table-body" style={{ height: rows.getTotalSize() }}>
          {rows.getVirtualItems().map((item) => (
            <div
              key={item.key}
              role="row"
              aria-rowindex={item.index + 2}
              aria-selected={item.index === active}
              className="result-row"
              style={{ transform: `translateY(${item.start}px)`, gridTemplateColumns: columns }}
              onClick={() => choose(item.index)}
            >
              <span role="rowheader" className="faint number">
                {item.index + 1}
              </span>
              {table.columns.map((_column, index) => (
                <span key={index} role="gridcell" className="result-cell">
                  <Value value={table.rows[item.index]?.[index] ?? null} nodes={nodes} selected={selected} />
                </span>
              ))}
            </div>
          ))}
        </div>
      </div>
    </div>
  )
}

/** How much there is, what cut it off, how long it took, and the ways to take it along. */
export function ResultHead({ table }: { table: GraphTable }) {
  const { notices } = useWindow()
  async function copy(text: string, as: string): Promise<void> {
    await navigator.clipboard.writeText(text)
    notices.add({ level: 'info', message: `${count(table.rows.length, 'row')} copied as ${as}.` })
  }
  return (
    <div className="result-head">
      <span>
        {count(table.rows.length, 'row')}
        <span className="faint">
          {' '}
          {count(table.nodes.length, 'node')}, {count(table.edges.length, 'relation')}, {formatDuration(table.durationMs)}
        </span>
        {table.truncated && <span className="warning"> There may be more: {table.limit ?? 'a limit ended the query'}.</span>}
      </span>
      <span className="spacer" />
      <IconButton icon={Braces} label="Copy as JSON" onClick={() => void copy(tableAsJson(table), 'JSON').catch(notices.fail)} />
      <IconButton icon={Sheet} label="Copy as CSV" onClick={() => void copy(tableAsCsv(table), 'CSV').catch(notices.fail)} />
    </div>
  )
}

interface ValueProps {
  readonly value: GraphValue
  readonly nodes: ReadonlyMap<string, GraphNode>
  readonly selected: string | null
}

function Value({ value, nodes, selected }: ValueProps) {
  if (value === null) return <span className="faint">null</span>
  if (typeof value === 'number') return <span className="number">{value}</span>
  if (typeof value === 'boolean') return <span className="mono">{String(value)}</span>
  if (typeof value === 'string') {
    return (
      <span className="clip" title={value}>
        <UntrustedInline text={value} atMost={200} />
      </span>
    )
  }
  if (value.is === 'node') return <NodeValue id={value.id} nodes={nodes} selected={selected} />
  if (value.is === 'edge') return <EdgeValue edge={value.edge} nodes={nodes} />
  if (value.is === 'path') {
    return (
      <>
        {value.nodes.map((id, index) => (
          <span key={index} className="result-step">
            {index > 0 && (
              <span className="faint" title={value.edges[index - 1]?.method}>
                {arrow(value.edges[index - 1], id)}
              </span>
            )}
            <NodeValue id={id} nodes={nodes} selected={selected} />
          </span>
        ))}
      </>
    )
  }
  return (
    <>
      {value.items.slice(0, 50).map((item, index) => (
        <span key={index} className="result-step">
          {index > 0 && <span className="faint">,</span>}
          <Value value={item} nodes={nodes} selected={selected} />
        </span>
      ))}
      {value.items.length > 50 && <span className="faint">and {value.items.length - 50} more</span>}
    </>
  )
}

function arrow(edge: GraphEdge | undefined, to: string): string {
  return edge === undefined || edge.to === to ? '→' : '←'
}

function NodeValue({ id, nodes, selected }: { id: string } & Omit<ValueProps, 'value'>) {
  const model = useWindow()
  const node = nodes.get(id)
  if (node === undefined) return <span className="mono clip">{id}</span>
  return (
    <button
      type="button"
      tabIndex={-1}
      className="graph-cell-symbol"
      aria-pressed={id === selected}
      title={`${node.kind} ${node.name}, ${node.path}:${node.nameLine}. Double click opens it.`}
      onClick={() => graph.setState({ selected: id })}
      onDoubleClick={() => openNode(model, node)}
    >
      <KindIcon kind={node.kind} />
      <span className="mono clip">{qualifiedName(node)}</span>
    </button>
  )
}

function EdgeValue({ edge, nodes }: { edge: GraphEdge; nodes: ReadonlyMap<string, GraphNode> }) {
  const model = useWindow()
  const place = nodes.get(edge.from)?.path
  return (
    <button
      type="button"
      tabIndex={-1}
      className="link clip"
      disabled={place === undefined}
      title={`${edge.from} ${edgeWord(edge.kind)} ${edge.to}: ${edge.method}, confidence ${edge.confidence.toFixed(2)}`}
      onClick={() => place !== undefined && model.showFile(place, edge.line)}
    >
      {edgeWord(edge.kind)} :{edge.line}
    </button>
  )
}

function firstNode(row: readonly GraphValue[]): string | null {
  for (const value of row) {
    if (value === null || typeof value !== 'object') continue
    if (value.is === 'node') return value.id
    if (value.is === 'path') return value.nodes[0] ?? null
    if (value.is === 'edge') return value.edge.from
    const inner = firstNode(value.items)
    if (inner !== null) return inner
  }
  return null
}
