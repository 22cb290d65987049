import type { ElkNode } from 'elkjs/lib/elk-api'
import type { GraphNode } from '../../../shared/graph'
import type { EdgeBundle } from './merge-results'

export interface Size {
  readonly width: number
  readonly height: number
}

export interface Place extends Size {
  readonly x: number
  readonly y: number
}

export const NODE_HEIGHT = 40
const LEAST_WIDTH = 128
const MOST_WIDTH = 240
/** Widths of one character: name in the code font at 12 px, place in the interface font at 11 px. */
const NAME_CHAR = 7.3
const PLACE_CHAR = 6.1
const AROUND_TEXT = 56

/** `src/billing/invoice.ts` is told apart by its end. */
export function shortPath(path: string): string {
  const parts = path.split('/')
  return parts.length <= 2 ? path : `…/${parts.slice(-2).join('/')}`
}

export function nodeSize(node: GraphNode): Size {
  const place = `${shortPath(node.path)}:${node.nameLine}`
  const text = Math.max(node.name.length * NAME_CHAR, place.length * PLACE_CHAR)
  return { width: Math.round(Math.min(MOST_WIDTH, Math.max(LEAST_WIDTH, text + AROUND_TEXT))), height: NODE_HEIGHT }
}

/** The same graph always gives the same picture: nodes and edges keep the order of the answer. */
export function layoutInput(nodes: readonly GraphNode[], bundles: readonly EdgeBundle[]): ElkNode {
  return {
    id: 'root',
    layoutOptions: {
      'elk.algorithm': 'layered',
      'elk.direction': 'RIGHT',
      'elk.spacing.nodeNode': '8',
      'elk.spacing.componentComponent': '32',
      'elk.layered.spacing.nodeNodeBetweenLayers': '64',
      'elk.layered.nodePlacement.strategy': 'NETWORK_SIMPLEX',
      'elk.layered.considerModelOrder.strategy': 'NODES_AND_EDGES',
      'elk.layered.crossingMinimization.forceNodeModelOrder': 'false',
      'elk.edgeRouting': 'POLYLINE',
      'elk.aspectRatio': '1.6',
    },
    children: nodes.map((node) => ({ id: node.id, ...nodeSize(node) })),
    edges: bundles.map((bundle) => ({ id: bundle.id, sources: [bundle.from], targets: [bundle.to] })),
  }
}

/** Where each node is; a node that the layout left out is left out here too. */
export function placesOf(root: ElkNode): Map<string, Place> {
  const places = new Map<string, Place>()
  for (const { id, x, y, width, height } of root.children ?? []) {
    if (x !== undefined && y !== undefined && width !== undefined && height !== undefined) places.set(id, { x, y, width, height })
  }
  return places
}
