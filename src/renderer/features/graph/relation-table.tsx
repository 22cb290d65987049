import { useVirtualizer } from '@tanstack/react-virtual'
import { useMemo, useRef, useState } from 'react'
import type { GraphEdge, GraphNode } from '../../../shared/graph'
import { useWindow } from '../../app/window-context'
import { NODE_LOOK } from '../../components/node-look'
import { EmptyState } from '../../components/surfaces'
import { graph, openNode } from './graph-store'
import { KindIcon } from '../../components/kind-icon'
import { edgeWord } from './kinds'
import { edgeId, type ShownGraph } from './merge-results'
import { qualifiedName } from './symbol-picker'

const ROW_PX = 24

type Column = 'from' | 'kind' | 'to' | 'place' | 'confidence'

const COLUMNS: readonly { readonly id: Column; readonly title: string }[] = [
  { id: 'from', title: 'From' },
  { id: 'kind', title: 'Relation' },
  { id: 'to', title: 'To' },
  { id: 'place', title: 'Where' },
  { id: 'confidence', title: 'Confidence' },
]

interface Row {
  readonly edge: GraphEdge
  readonly from: GraphNode
  readonly to: GraphNode
}

/** The same graph as rows, one a relation; symbols without one get a row of their own. */
export function RelationTable({ shown, selected }: { shown: ShownGraph; selected: string | null }) {
  const model = useWindow()
  const scroller = useRef<HTMLDivElement>(null)
  const [sort, setSort] = useState<{ column: Column; down: boolean }>({ column: 'from', down: false })
  const rows = useMemo(() => sortRows(rowsOf(shown), sort.column, sort.down), [shown, sort])
  const alone = useMemo(() => {
    const related = new Set(shown.edges.flatMap((edge) => [edge.from, edge.to]))
    return shown.nodes.filter((node) => !related.has(node.id))
  }, [shown])
  const virtual = useVirtualizer({
    count: rows.length + alone.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_PX,
    overscan: 16,
  })
  if (rows.length + alone.length === 0) {
    return <EmptyState title="Nothing to list">Every relation is hidden by the filters.</EmptyState>
  }

  function symbol(node: GraphNode) {
    return (
      <button
        type="button"
        className="graph-cell-symbol"
        aria-pressed={node.id === selected}
        onClick={() => graph.setState({ selected: node.id })}
      >
        <KindIcon kind={node.kind} />
        <span className="mono clip">{qualifiedName(node)}</span>
      </button>
    )
  }

  return (
    <div
      ref={scroller}
      className="graph-table"
      role="table"
      aria-label="Relations"
      aria-rowcount={rows.length + alone.length + 1}
      tabIndex={0}
    >
      <div role="rowgroup" className="graph-table-head">
        <div role="row" className="graph-row" aria-rowindex={1}>
          {COLUMNS.map((column) => (
            <span
              key={column.id}
              role="columnheader"
              aria-sort={sort.column === column.id ? (sort.down ? 'descending' : 'ascending') : 'none'}
            >
              <button
                type="button"
                className="graph-sort"
                onClick={() => setSort((before) => ({ column: column.id, down: before.column === column.id && !before.down }))}
              >
                {column.title}
                {sort.column === column.id && <span aria-hidden>{sort.down ? ' ↓' : ' ↑'}</span>}
              </button>
            </span>
          ))}
        </div>
      </div>
      <div role="rowgroup" className="graph-table-body" style={{ height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map((item) => {
          const row = rows[item.index]
          const lone = row === undefined ? alone[item.index - rows.length] : undefined
          const place = row === undefined ? undefined : `${row.from.path}:${row.edge.line}`
          return (
            <div
              key={row === undefined ? (lone?.id ?? item.index) : edgeId(row.edge)}
              role="row"
              aria-rowindex={item.index + 2}
              className="graph-row"
              style={{ transform: `translateY(${item.start}px)`, height: item.size }}
            >
              {row !== undefined && (
                <>
                  <span role="cell">{symbol(row.from)}</span>
                  <span role="cell" className="muted" data-kind={row.edge.kind}>
                    {edgeWord(row.edge.kind)}
                  </span>
                  <span role="cell">{symbol(row.to)}</span>
                  <span role="cell" className="clip">
                    <button
                      type="button"
                      className="link mono clip"
                      title={place}
                      onClick={() => model.showFile(row.from.path, row.edge.line)}
                    >
                      {place}
                    </button>
                  </span>
                  <span role="cell" className="number" title={row.edge.method}>
                    {row.edge.confidence.toFixed(2)} <span className="faint">{row.edge.method}</span>
                  </span>
                </>
              )}
              {lone !== undefined && (
                <>
                  <span role="cell">{symbol(lone)}</span>
                  <span role="cell" className="faint">
                    {NODE_LOOK[lone.kind].word}
                  </span>
                  <span role="cell" />
                  <span role="cell" className="clip">
                    <button type="button" className="link mono clip" onClick={() => openNode(model, lone)}>
                      {lone.path}:{lone.nameLine}
                    </button>
                  </span>
                  <span role="cell" />
                </>
              )}
            </div>
          )
        })}
      </div>
    </div>
  )
}

function rowsOf(shown: ShownGraph): Row[] {
  const nodes = new Map(shown.nodes.map((node) => [node.id, node]))
  return shown.edges.flatMap((edge) => {
    const from = nodes.get(edge.from)
    const to = nodes.get(edge.to)
    return from === undefined || to === undefined ? [] : [{ edge, from, to }]
  })
}

function sortRows(rows: readonly Row[], column: Column, down: boolean): Row[] {
  const text = (row: Row): string => {
    if (column === 'from') return qualifiedName(row.from)
    if (column === 'to') return qualifiedName(row.to)
    if (column === 'kind') return row.edge.kind
    return row.from.path
  }
  const compare = (a: Row, b: Row): number =>
    (column === 'confidence' ? a.edge.confidence - b.edge.confidence : text(a).localeCompare(text(b))) ||
    a.from.path.localeCompare(b.from.path) ||
    a.edge.line - b.edge.line
  return rows.toSorted((a, b) => (down ? -compare(a, b) : compare(a, b)))
}
