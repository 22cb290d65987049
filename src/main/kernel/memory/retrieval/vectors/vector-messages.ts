import type { EmbeddingSettings } from '../../../../../shared/contract/methods'
import type { Failure } from '../../../../../shared/failure'

/** What the kernel's thread and that of the vectors say to each other. */
export interface VectorWorkerData {
  readonly vectorsPath: string
  readonly indexPath: string
  /** Of the application: where a runtime for local models may be installed. */
  readonly applicationFolder: string
}

export interface VectorStatus {
  /** `off`: not started. `waiting`: a provider failed and is asked again later. */
  readonly state: 'off' | 'ready' | 'embedding' | 'waiting' | 'failed'
  readonly provider: string
  readonly model: string
  readonly dimensions: number
  readonly knows: 'spelling' | 'meaning'
  /** Vectors of this space. */
  readonly embedded: number
  /** Pieces of the index that have none yet. */
  readonly pending: number
  readonly problem: string | null
}

export type ToVectorWorker =
  /** Tries the provider and, if it works, makes its space the one that is searched and filled. */
  | { readonly type: 'configure'; readonly job: number; readonly settings: EmbeddingSettings }
  /** Tries it only. */
  | { readonly type: 'try'; readonly job: number; readonly settings: EmbeddingSettings }
  /** The index has changed: what is missing is embedded. */
  | { readonly type: 'changed' }
  | { readonly type: 'nearest'; readonly job: number; readonly query: string; readonly count: number }
  | { readonly type: 'cancel'; readonly job: number }
  | { readonly type: 'end' }

export interface NearestAnswer {
  readonly matches: readonly { readonly hash: Uint8Array; readonly score: number }[]
  readonly problem: string | null
}

export type FromVectorWorker =
  | { readonly type: 'status'; readonly status: VectorStatus }
  | { readonly type: 'configured'; readonly job: number; readonly status: VectorStatus }
  | { readonly type: 'nearest'; readonly job: number; readonly answer: NearestAnswer }
  | { readonly type: 'failed'; readonly job: number; readonly failure: Failure }
