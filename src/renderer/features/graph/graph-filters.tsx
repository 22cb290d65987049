import { Popover } from '@base-ui/react/popover'
import { ListTree, SlidersHorizontal } from 'lucide-react'
import { useMemo } from 'react'
import { useStore } from 'zustand'
import type { EdgeKind, NodeKind } from '../../../shared/graph'
import { KindIcon } from '../../components/kind-icon'
import { FAMILIES, NODE_LOOK } from '../../components/node-look'
import { graph } from './graph-store'
import { EDGE_KINDS, edgeWord } from './kinds'
import type { ShownGraph } from './merge-results'

/** What of the answer is drawn and listed. Only kinds that the answer has are offered. */
export function GraphFilters({ shown }: { shown: ShownGraph }) {
  const { kinds, hiddenKinds, minConfidence, sources } = useStore(graph)
  const there = useMemo(() => {
    const nodes = new Map<string, NodeKind>()
    const edges = new Map<EdgeKind, number>()
    for (const { result } of sources) {
      for (const node of result.nodes) nodes.set(node.id, node.kind)
      for (const edge of result.edges) edges.set(edge.kind, (edges.get(edge.kind) ?? 0) + 1)
    }
    const counts = new Map<NodeKind, number>()
    for (const kind of nodes.values()) counts.set(kind, (counts.get(kind) ?? 0) + 1)
    return { nodes: counts, edges }
  }, [sources])
  const filtered = shown.hiddenEdges > 0 || shown.hiddenNodes > 0
  function toggleEdge(kind: EdgeKind): void {
    const next = new Set(kinds)
    if (!next.delete(kind)) next.add(kind)
    graph.setState({ kinds: next })
  }
  function toggleNode(kind: NodeKind): void {
    const next = new Set(hiddenKinds)
    if (!next.delete(kind)) next.add(kind)
    graph.setState({ hiddenKinds: next })
  }
  return (
    <Popover.Root>
      <Popover.Trigger
        className="button"
        data-filtered={filtered}
        aria-label={filtered ? 'Filter, some of the answer is hidden' : 'Filter'}
      >
        <SlidersHorizontal size={14} aria-hidden />{' '}
        <span className="graph-wide">{filtered ? `Filtered, ${shown.hiddenNodes} hidden` : 'Filter'}</span>
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Positioner side="bottom" align="end" sideOffset={4}>
          <Popover.Popup className="popup popover graph-filters" aria-label="Filter the answer">
            <div className="graph-filter-lists">
              {FAMILIES.filter((family) => [...there.nodes.keys()].some((kind) => NODE_LOOK[kind].family === family.id)).map((family) => (
                <fieldset key={family.id}>
                  <legend className="section-title">{family.name}</legend>
                  {[...there.nodes].map(([kind, number]) =>
                    NODE_LOOK[kind].family === family.id ? (
                      <label key={kind}>
                        <input type="checkbox" checked={!hiddenKinds.has(kind)} onChange={() => toggleNode(kind)} />
                        <KindIcon kind={kind} />
                        {NODE_LOOK[kind].word} <span className="faint number">{number}</span>
                      </label>
                    ) : null,
                  )}
                </fieldset>
              ))}
              <fieldset>
                <legend className="section-title">Relations</legend>
                {EDGE_KINDS.filter((kind) => there.edges.has(kind) || !kinds.has(kind)).map((kind) => (
                  <label key={kind}>
                    <input type="checkbox" checked={kinds.has(kind)} onChange={() => toggleEdge(kind)} />
                    <span className="graph-sample" data-kind={kind} aria-hidden />
                    {edgeWord(kind)} <span className="faint number">{there.edges.get(kind) ?? 0}</span>
                  </label>
                ))}
              </fieldset>
            </div>
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
            <button
              type="button"
              className="button"
              onClick={() => graph.setState({ kinds: new Set(EDGE_KINDS), hiddenKinds: new Set(), minConfidence: 0 })}
            >
              <ListTree size={14} aria-hidden /> Show all
            </button>
          </Popover.Popup>
        </Popover.Positioner>
      </Popover.Portal>
    </Popover.Root>
  )
}
