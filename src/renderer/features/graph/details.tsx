import { ArrowDownToDot, ArrowUpFromDot, Expand, FileSymlink, LocateFixed, Shrink } from 'lucide-react'
import type { EdgeKind, GraphEdge, GraphNode } from '../../../shared/graph'
import { useWindow } from '../../app/window-context'
import { count } from '../../components/format'
import { IconButton } from '../../components/icon-button'
import { NODE_LOOK } from '../../components/node-look'
import { UntrustedInline } from '../../components/untrusted-text'
import { graph, openNode, showAround, startTrace, toggleExpanded } from './graph-store'
import { KindIcon } from '../../components/kind-icon'
import { EDGE_KINDS, edgeWord, edgeWordBack } from './kinds'
import { shortPath } from './layout-input'
import { edgeId, type ShownGraph } from './merge-results'
import { qualifiedName } from './symbol-picker'
import type { Way as FoundWay } from './ways'

const LISTED_AT_MOST = 40
const WAYS_LISTED = 40

interface Props {
  readonly shown: ShownGraph
  readonly selected: string | null
  readonly expanded: ReadonlySet<string>
  readonly roots: ReadonlySet<string>
  readonly ways: readonly FoundWay[]
  readonly chosen: number
}

/** Beside the picture: the ways that were found, hop by hop, and the selected node. */
export function Details({ shown, selected, expanded, roots, ways, chosen }: Props) {
  const nodes = new Map(shown.nodes.map((node) => [node.id, node]))
  const node = selected === null ? undefined : nodes.get(selected)
  return (
    <aside className="graph-details" aria-label="Details">
      {ways.slice(0, WAYS_LISTED).map((way, index) => (
        <Way key={way.id} way={way} index={index} of={ways.length} nodes={nodes} selected={selected} open={index === chosen} />
      ))}
      {ways.length > WAYS_LISTED && <p className="faint graph-more">{ways.length - WAYS_LISTED} more ways in the table</p>}
      {node !== undefined && (
        <SymbolDetails
          node={node}
          shown={shown}
          nodes={nodes}
          expanded={expanded.has(node.id)}
          root={roots.has(node.id) && roots.size <= 2}
        />
      )}
    </aside>
  )
}

interface WayProps {
  readonly way: FoundWay
  readonly index: number
  readonly of: number
  readonly nodes: ReadonlyMap<string, GraphNode>
  readonly selected: string | null
  /** The chosen way is listed hop by hop, and is the one that is highlighted. */
  readonly open: boolean
}

function Way({ way, index, of, nodes, selected, open }: WayProps) {
  const start = nodes.get(way.hops[0]?.from ?? '')
  const end = nodes.get(way.hops.at(-1)?.to ?? '')
  return (
    <section className="graph-way" aria-label={`Way ${index + 1}`} data-open={open}>
      <h3>
        <button type="button" className="graph-way-title" aria-expanded={open} onClick={() => graph.setState({ chosenWay: index })}>
          <span>{of === 1 ? 'Way' : `Way ${index + 1} of ${of}`}</span> <span className="faint">{count(way.hops.length, 'hop')}</span>
          {!open && end !== undefined && <span className="faint mono clip">to {end.name}</span>}
          {way.confidence !== null && (
            <span className="number faint" title="Confidence of the whole way">
              {way.confidence.toFixed(2)}
            </span>
          )}
        </button>
      </h3>
      {open && (
        <ol>
          {start !== undefined && (
            <li className="graph-stop" data-selected={start.id === selected}>
              <Stop node={start} />
            </li>
          )}
          {way.hops.map((hop, at) => {
            const to = nodes.get(hop.to)
            return (
              <li key={at} className="graph-stop" data-selected={hop.to === selected}>
                <HopLine hop={hop} nodes={nodes} />
                {to !== undefined && <Stop node={to} />}
              </li>
            )
          })}
        </ol>
      )}
    </section>
  )
}

function HopLine({ hop, nodes }: { hop: FoundWay['hops'][number]; nodes: ReadonlyMap<string, GraphNode> }) {
  const model = useWindow()
  const path = hop.source?.path ?? nodes.get(hop.edge.from)?.path
  return (
    <div className="graph-hop" data-kind={hop.edge.kind}>
      <span className="graph-hop-line" aria-hidden />
      <div className="graph-hop-words">
        <span className="muted">{hop.source?.how ?? (hop.against ? edgeWordBack(hop.edge.kind) : edgeWord(hop.edge.kind))}</span>
        {path !== undefined && (
          <button
            type="button"
            className="link mono clip"
            title={`${path}:${hop.edge.line}`}
            onClick={() => model.showFile(path, hop.edge.line)}
          >
            {shortPath(path)}:{hop.edge.line}
          </button>
        )}
        <span className="number faint" title={hop.edge.method}>
          {hop.edge.confidence.toFixed(2)}
        </span>
        {hop.source !== undefined && hop.source.text !== '' && (
          <code className="clip" title={hop.source.text}>
            <UntrustedInline text={hop.source.text} atMost={160} />
          </code>
        )}
      </div>
    </div>
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
        {NODE_LOOK[node.kind].word}
        {node.exported && ', exported'}, lines {node.startLine} to {node.endLine}
      </p>
      {node.doc !== undefined && node.doc !== '' && (
        <p className="muted">
          <UntrustedInline text={node.doc} atMost={240} />
        </p>
      )}
      <Attributes attributes={node.attributes ?? {}} />
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

function Attributes({ attributes }: { attributes: NonNullable<GraphNode['attributes']> }) {
  const entries = Object.entries(attributes)
  if (entries.length === 0) return null
  return (
    <dl className="graph-attributes">
      {entries.map(([name, value]) => (
        <div key={name}>
          <dt className="faint">{name}</dt>
          <dd className="clip" title={String(value)}>
            <UntrustedInline text={Array.isArray(value) ? value.join(', ') : String(value)} atMost={120} />
          </dd>
        </div>
      ))}
    </dl>
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
