import { ArrowDownToDot, ArrowUpFromDot, Expand, FileSymlink, LocateFixed, Shrink } from 'lucide-react'
import type { EdgeKind, GraphEdge, GraphNode } from '../../../shared/graph'
import { useWindow } from '../../app/window-context'
import { count } from '../../components/format'
import { IconButton } from '../../components/icon-button'
import { graph, openNode, showAround, startTrace, toggleExpanded } from './graph-store'
import { KindIcon } from '../../components/kind-icon'
import { EDGE_KINDS, edgeWord, edgeWordBack } from './kinds'
import { shortPath } from './layout-input'
import { edgeId, type Hop, type ShownGraph } from './merge-results'
import { qualifiedName } from './symbol-picker'

const LISTED_AT_MOST = 40

interface Props {
  readonly shown: ShownGraph
  readonly selected: string | null
  readonly expanded: ReadonlySet<string>
  readonly roots: ReadonlySet<string>
  readonly ways: readonly (readonly Hop[])[]
}

/** Beside the picture: the ways that were found, hop by hop, and the selected symbol. */
export function Details({ shown, selected, expanded, roots, ways }: Props) {
  const nodes = new Map(shown.nodes.map((node) => [node.id, node]))
  const node = selected === null ? undefined : nodes.get(selected)
  return (
    <aside className="graph-details" aria-label="Details">
      {ways.map((way, index) => (
        <Way
          key={way.map((hop) => edgeId(hop.edge)).join('|')}
          way={way}
          index={index}
          of={ways.length}
          nodes={nodes}
          selected={selected}
        />
      ))}
      {node !== undefined && (
        <SymbolDetails node={node} shown={shown} nodes={nodes} expanded={expanded.has(node.id)} root={roots.has(node.id)} />
      )}
    </aside>
  )
}

interface WayProps {
  readonly way: readonly Hop[]
  readonly index: number
  readonly of: number
  readonly nodes: ReadonlyMap<string, GraphNode>
  readonly selected: string | null
}

function Way({ way, index, of, nodes, selected }: WayProps) {
  const model = useWindow()
  const start = nodes.get(way[0]?.from ?? '')
  return (
    <section className="graph-way" aria-label={`Way ${index + 1}`}>
      <h3>
        {of === 1 ? 'Way' : `Way ${index + 1} of ${of}`} <span className="faint">{count(way.length, 'hop')}</span>
      </h3>
      <ol>
        {start !== undefined && (
          <li className="graph-stop" data-selected={start.id === selected}>
            <Stop node={start} />
          </li>
        )}
        {way.map((hop) => {
          const to = nodes.get(hop.to)
          const place = nodes.get(hop.edge.from)
          return (
            <li key={edgeId(hop.edge)} className="graph-stop" data-selected={hop.to === selected}>
              <div className="graph-hop" data-kind={hop.edge.kind}>
                <span className="graph-hop-line" aria-hidden />
                <span className="muted">{hop.against ? edgeWordBack(hop.edge.kind) : edgeWord(hop.edge.kind)}</span>
                {place !== undefined && (
                  <button
                    type="button"
                    className="link mono clip"
                    title={`${place.path}:${hop.edge.line}`}
                    onClick={() => model.showFile(place.path, hop.edge.line)}
                  >
                    {shortPath(place.path)}:{hop.edge.line}
                  </button>
                )}
                <span className="number faint" title={hop.edge.method}>
                  {hop.edge.confidence.toFixed(2)}
                </span>
              </div>
              {to !== undefined && <Stop node={to} />}
            </li>
          )
        })}
      </ol>
    </section>
  )
}

function Stop({ node }: { node: GraphNode }) {
  const model = useWindow()
  return (
    <button
      type="button"
      className="graph-cell-symbol"
      title={`${node.path}:${node.nameLine}`}
      onClick={() => graph.setState({ selected: node.id })}
      onDoubleClick={() => openNode(model, node)}
    >
      <KindIcon kind={node.kind} />
      <span className="mono clip">{qualifiedName(node)}</span>
    </button>
  )
}

interface SymbolProps {
  readonly node: GraphNode
  readonly shown: ShownGraph
  readonly nodes: ReadonlyMap<string, GraphNode>
  readonly expanded: boolean
  readonly root: boolean
}

function SymbolDetails({ node, shown, nodes, expanded, root }: SymbolProps) {
  const model = useWindow()
  const out = shown.edges.filter((edge) => edge.from === node.id)
  const back = shown.edges.filter((edge) => edge.to === node.id)
  return (
    <section className="graph-symbol" aria-label={node.name}>
      <h3>
        <KindIcon kind={node.kind} size={16} />
        <span className="mono clip">{qualifiedName(node)}</span>
      </h3>
      <p className="faint">
        {node.kind}
        {node.exported && ', exported'}, lines {node.startLine} to {node.endLine}
      </p>
      {node.signature !== '' && node.signature !== node.name && (
        <pre className="graph-signature" tabIndex={0} aria-label="Signature">
          {node.signature}
        </pre>
      )}
      <button type="button" className="link mono clip" title={node.path} onClick={() => openNode(model, node)}>
        {node.path}:{node.nameLine}
      </button>
      <div className="graph-buttons" role="group" aria-label={`Actions for ${node.name}`}>
        <IconButton icon={FileSymlink} label="Open the file" shortcut="Enter" onClick={() => openNode(model, node)} />
        <IconButton
          icon={expanded ? Shrink : Expand}
          label={expanded ? 'Collapse' : 'Show what is around it'}
          shortcut="Space"
          disabled={root}
          onClick={() => void toggleExpanded(model, node.id).catch(model.notices.fail)}
        />
        <IconButton icon={LocateFixed} label="Start from here" disabled={root} onClick={() => void showAround(model, node)} />
        <IconButton icon={ArrowUpFromDot} label="Trace from here" onClick={() => startTrace('from', node)} />
        <IconButton icon={ArrowDownToDot} label="Trace to here" onClick={() => startTrace('to', node)} />
      </div>
      {EDGE_KINDS.map((kind) => (
        <Relations key={`out ${kind}`} title={edgeWord(kind)} kind={kind} edges={out} end="to" nodes={nodes} />
      ))}
      {EDGE_KINDS.map((kind) => (
        <Relations key={`in ${kind}`} title={edgeWordBack(kind)} kind={kind} edges={back} end="from" nodes={nodes} />
      ))}
    </section>
  )
}

interface RelationsProps {
  readonly title: string
  readonly kind: EdgeKind
  readonly edges: readonly GraphEdge[]
  readonly end: 'from' | 'to'
  readonly nodes: ReadonlyMap<string, GraphNode>
}

function Relations({ title, kind, edges, end, nodes }: RelationsProps) {
  const model = useWindow()
  const listed = edges.filter((edge) => edge.kind === kind)
  if (listed.length === 0) return null
  return (
    <div className="graph-relations">
      <h4>
        {title} <span className="faint">{listed.length}</span>
      </h4>
      <ul>
        {listed.slice(0, LISTED_AT_MOST).map((edge) => {
          const other = nodes.get(edge[end])
          const place = nodes.get(edge.from)
          if (other === undefined || place === undefined) return null
          return (
            <li key={edgeId(edge)}>
              <Stop node={other} />
              <button
                type="button"
                className="link number"
                title={`${place.path}:${edge.line}, ${edge.method}, confidence ${edge.confidence.toFixed(2)}`}
                aria-label={`Open ${place.path} at line ${edge.line}`}
                onClick={() => model.showFile(place.path, edge.line)}
              >
                :{edge.line}
              </button>
            </li>
          )
        })}
        {listed.length > LISTED_AT_MOST && <li className="faint">{listed.length - LISTED_AT_MOST} more in the table</li>}
      </ul>
    </div>
  )
}
