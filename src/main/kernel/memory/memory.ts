import type { IndexStatus } from '../../../shared/contract/methods'
import type {
  FlowResult,
  GraphNode,
  GraphResult,
  GraphSummary,
  GraphTable,
  HybridResult,
  SearchFilters,
  SearchHit,
} from '../../../shared/graph'
import type { FilesAtPoint } from './points'

/** Questions to the model of the codebase at one point. Graph questions are synchronous and bounded; none waits for indexing. */
export interface MemoryReader {
  find(query: string, limit: number): GraphNode[]
  node(id: string): GraphNode | null
  neighbourhood(id: string, depth: number, limit: number): GraphResult
  /** Shortest paths over imports and calls, up to three; empty when there is none. */
  path(from: string, to: string, maxHops: number): GraphResult
  /** Where a value goes: from what is named so to what is named so; null: from or to anywhere. */
  flow(name: string, from: string | null, to: string | null, maxHops: number): FlowResult
  /** Throws KeyframeError `cypher.*` with the place of the mistake. At most `limit` rows. */
  query(cypher: string, limit: number): GraphTable
  summary(): GraphSummary
  searchText(query: string, limit: number): SearchHit[]
  /** Every list that is ready, fused. Vectors are computed outside of the kernel's thread. */
  search(query: string, options: SearchOptions): Promise<HybridResult>
}

export interface SearchOptions {
  readonly limit: number
  readonly filters: SearchFilters
  readonly signal?: AbortSignal
}

/**
 * The index of the workspace: the live repository, kept in step by a watcher, and branches of runs laid over it. Queries answer from SQLite
 * and never wait for indexing; `status` says how far it is.
 */
export interface Memory extends MemoryReader {
  readonly status: IndexStatus
  /** Increases with every change; recorded in checkpoints. */
  readonly version: number
  /** Indexes what changed since the last time, then watches. Resolves when the first pass is done. */
  start(signal: AbortSignal): Promise<void>
  /** Scans for what the watcher missed. */
  refresh(): Promise<IndexStatus>
  /**
   * The model as of a point of a run: what the branch's files differ from the live index is indexed first, once for each state. Rejects with
   * `memory.not-ready` while the live repository is indexed for the first time. Null: the live repository, which is never waited for. What
   * lies in files that are not `readable` is in no answer.
   */
  at(point: FilesAtPoint | null, readable?: (path: string) => boolean): Promise<MemoryReader>
  onChange(listener: (status: IndexStatus) => void): () => void
  dispose(): Promise<void>
}
