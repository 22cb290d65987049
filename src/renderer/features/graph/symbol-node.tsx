import { Handle, type Node, type NodeProps, Position } from '@xyflow/react'
import { Minus, Plus } from 'lucide-react'
import { memo } from 'react'
import type { GraphNode } from '../../../shared/graph'
import { KindIcon } from '../../components/kind-icon'
import { NODE_LOOK } from '../../components/node-look'
import { shortPath } from './layout-input'
import { qualifiedName } from './symbol-picker'

export interface SymbolNodeData extends Record<string, unknown> {
  readonly node: GraphNode
  readonly root: boolean
  readonly expanded: boolean
  /** In the path or beside the selected node; others step back. */
  readonly dimmed: boolean
  readonly onWay: boolean
  readonly onOpen: (node: GraphNode) => void
  readonly onToggle: (node: GraphNode) => void
}

export type SymbolFlowNode = Node<SymbolNodeData, 'symbol'>

export const SymbolNode = memo(function SymbolNode({ data, selected }: NodeProps<SymbolFlowNode>) {
  return (
    <>
      <Handle type="target" position={Position.Left} isConnectable={false} />
      <SymbolCard data={data} selected={selected} />
      <Handle type="source" position={Position.Right} isConnectable={false} />
    </>
  )
})

/** A node of a big graph: nothing listens to the viewport, so that moving hundreds of them costs what moving one does. */
export const PlacedCard = memo(function PlacedCard({ node, onSelect }: { node: SymbolFlowNode; onSelect: (id: string) => void }) {
  const { x, y } = node.position
  return (
    <div
      className="placed-card"
      style={{ transform: `translate(${x}px, ${y}px)`, width: node.width, height: node.height }}
      onClick={(event) => {
        event.stopPropagation()
        onSelect(node.id)
      }}
      onDoubleClick={() => node.data.onOpen(node.data.node)}
    >
      <SymbolCard data={node.data} selected={node.selected === true} />
    </div>
  )
})

function SymbolCard({ data, selected }: { data: SymbolNodeData; selected: boolean }) {
  const { node } = data
  return (
    <div
      className="symbol-node"
      data-family={NODE_LOOK[node.kind].family}
      data-root={data.root}
      data-selected={selected}
      data-dimmed={data.dimmed}
      data-way={data.onWay}
      title={`${NODE_LOOK[node.kind].word} ${qualifiedName(node)}\n${node.signature}\n${node.path}:${node.nameLine}`}
    >
      <KindIcon kind={node.kind} size={16} />
      <span className="symbol-name mono clip">{qualifiedName(node)}</span>
      <button
        type="button"
        tabIndex={-1}
        className="symbol-toggle nodrag"
        aria-label={data.expanded ? `Collapse ${node.name}` : `Expand ${node.name}`}
        onClick={(event) => {
          event.stopPropagation()
          data.onToggle(node)
        }}
      >
        {data.expanded ? <Minus size={12} aria-hidden /> : <Plus size={12} aria-hidden />}
      </button>
      <button
        type="button"
        tabIndex={-1}
        className="symbol-place clip nodrag"
        title={`Open ${node.path} at line ${node.nameLine}`}
        onClick={(event) => {
          event.stopPropagation()
          data.onOpen(node)
        }}
      >
        {shortPath(node.path)}:{node.nameLine}
      </button>
    </div>
  )
}
