import type { GraphNode, GraphResult, SearchHit } from '../../../shared/graph'
import type { IndexStatus } from '../../../shared/contract/methods'

/**
 * The index of the live repository: symbols, imports and calls, kept in step by a watcher. Queries answer from SQLite
 * and never wait for indexing; `status` says how far it is.
 */
export interface Memory {
  readonly status: IndexStatus
  /** Increases with every change; recorded in checkpoints. */
  readonly version: number
  /** Indexes what changed since the last time, then watches. Resolves when the first pass is done. */
  start(signal: AbortSignal): Promise<void>
  /** Scans for what the watcher missed. */
  refresh(): Promise<IndexStatus>
  find(query: string, limit: number): GraphNode[]
  node(id: string): GraphNode | null
  neighbourhood(id: string, depth: number, limit: number): GraphResult
  /** Shortest paths over imports and calls, up to three; empty when there is none. */
  path(from: string, to: string, maxHops: number): GraphResult
  searchText(query: string, limit: number): SearchHit[]
  onChange(listener: (status: IndexStatus) => void): () => void
  dispose(): Promise<void>
}
