import { Box, FileCode, FunctionSquare, Hash, type LucideIcon, Package, Puzzle, Shapes, SquareFunction, Tag, Variable } from 'lucide-react'
import type { GraphEdge, GraphNode } from '../../../shared/graph'

export type NodeKind = GraphNode['kind']
export type EdgeKind = GraphEdge['kind']

interface NodeLook {
  readonly icon: LucideIcon
  /** Kinds of things that run, that hold, that describe, and that are places: four shapes and colours. */
  readonly family: 'code' | 'data' | 'shape' | 'place'
}

export const NODE_LOOK: Readonly<Record<NodeKind, NodeLook>> = {
  file: { icon: FileCode, family: 'place' },
  module: { icon: Package, family: 'place' },
  function: { icon: FunctionSquare, family: 'code' },
  method: { icon: SquareFunction, family: 'code' },
  class: { icon: Box, family: 'shape' },
  interface: { icon: Puzzle, family: 'shape' },
  type: { icon: Shapes, family: 'shape' },
  enum: { icon: Tag, family: 'shape' },
  variable: { icon: Variable, family: 'data' },
  property: { icon: Hash, family: 'data' },
}

export const EDGE_KINDS: readonly EdgeKind[] = ['calls', 'maybe_calls', 'imports', 'references', 'inherits', 'contains']

export const EDGE_WORD: Readonly<Record<EdgeKind, string>> = {
  calls: 'calls',
  maybe_calls: 'may call',
  imports: 'imports',
  references: 'refers to',
  inherits: 'inherits',
  contains: 'contains',
}

/** Said from the other end. */
export const EDGE_WORD_BACK: Readonly<Record<EdgeKind, string>> = {
  calls: 'called by',
  maybe_calls: 'may be called by',
  imports: 'imported by',
  references: 'referred to by',
  inherits: 'inherited by',
  contains: 'part of',
}
