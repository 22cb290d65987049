import type { CheckpointRef, Frame, FrameKind, FramePayload } from '../../../shared/frames'
import type { BranchId, ContentHash, RunId } from '../../../shared/ids'
import type { JournalStatus } from '../../../shared/contract/methods'
import type { ContentStore } from './content-store'

/** A frame before the journal has numbered, redacted, hashed and stored it. */
export interface FrameDraft<K extends FrameKind = FrameKind> {
  readonly branchId: BranchId
  readonly kind: K
  readonly atMs: number
  readonly cause: number | null
  readonly key: ContentHash | null
  readonly payload: FramePayload<K>
  readonly checkpoint: CheckpointRef | null
}

export interface ChainFault {
  readonly runId: RunId
  /** The first frame that cannot be trusted. */
  readonly frame: number
  readonly reason: string
}

/**
 * The append-only log of one workspace. Appending is synchronous and durable: when it returns, the frames survive a power
 * cut. Frames that come back are the stored ones (secrets redacted), which is what callers must go on with.
 */
export interface Journal {
  readonly content: ContentStore
  readonly status: JournalStatus
  /** One transaction. Throws `journal.read-only`, `journal.disk-full`. */
  append(runId: RunId, drafts: readonly FrameDraft[]): Frame[]
  /** Runs that have a first frame, oldest first. */
  runs(): RunId[]
  /** Frames `from`.. in order, at most `limit`. Stops before the first frame that is known to be broken. */
  frames(runId: RunId, from?: number, limit?: number): Frame[]
  /** Number of the last frame; 0 when the run is not known. */
  length(runId: RunId): number
  /** Checks chain, payload hashes and checkpoint references of one run; null when all of it holds. */
  verify(runId: RunId): ChainFault | null
  onAppend(listener: (runId: RunId, frames: readonly Frame[]) => void): () => void
  getSetting(key: string): string | null
  setSetting(key: string, value: string): void
  close(): void
}
