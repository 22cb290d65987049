import type { EdgeKind } from '../../../shared/graph'

/** The most telling first: what stands for several relations between the same two. */
export const EDGE_KINDS: readonly EdgeKind[] = [
  ...(['calls', 'maybe_calls', 'flows_to', 'reads', 'writes', 'depends_on', 'inherits', 'imports', 'tests'] as const),
  ...(['documents', 'decided_by', 'caused_by', 'owned_by', 'authored_by', 'references', 'contains', 'co_changed'] as const),
]

interface EdgeWords {
  /** "a calls b" */
  readonly out: string
  /** "b is called by a" */
  readonly back: string
}

const EDGE_WORDS: Readonly<Record<EdgeKind, EdgeWords>> = {
  calls: { out: 'calls', back: 'called by' },
  maybe_calls: { out: 'may call', back: 'may be called by' },
  flows_to: { out: 'flows to', back: 'flows from' },
  reads: { out: 'reads', back: 'read by' },
  writes: { out: 'writes', back: 'written by' },
  depends_on: { out: 'depends on', back: 'needed by' },
  imports: { out: 'imports', back: 'imported by' },
  references: { out: 'refers to', back: 'referred to by' },
  inherits: { out: 'inherits', back: 'inherited by' },
  contains: { out: 'contains', back: 'part of' },
  tests: { out: 'tests', back: 'tested by' },
  documents: { out: 'documents', back: 'documented in' },
  decided_by: { out: 'decided by', back: 'decides' },
  caused_by: { out: 'caused by', back: 'caused' },
  owned_by: { out: 'owned by', back: 'owns' },
  authored_by: { out: 'written by', back: 'author of' },
  co_changed: { out: 'changed with', back: 'changed with' },
}

export function edgeWord(kind: EdgeKind): string {
  return EDGE_WORDS[kind].out
}

/** Said from the other end. */
export function edgeWordBack(kind: EdgeKind): string {
  return EDGE_WORDS[kind].back
}
