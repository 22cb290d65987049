import type { IndexStatus } from '../../../../shared/contract/methods'
import type { AnsweredCall } from '../upgrade/open-calls'

/** What the kernel's thread and the indexing thread say to each other. */
export interface IndexWorkerData {
  readonly root: string
  readonly databasePath: string
  /** One Int32: not 0 asks the thread to end after the file it is at. */
  readonly stop: SharedArrayBuffer
  /** The thread's own file: it may start another of its kind. */
  readonly entry: string
}

export type HashedPath = readonly [path: string, hash: string | null]

export interface Indexed {
  readonly status: IndexStatus
  readonly changed: boolean
}

export interface OpenedState {
  readonly layer: number | null
  /** Null: this state has not been indexed yet. */
  readonly version: number | null
  readonly baseVersion: number | null
}

export interface FinishedState {
  readonly layer: number
  readonly version: number
  readonly baseVersion: number
  readonly status: IndexStatus
}

/** What can be asked of the thread, with what it answers. Those that begin with `branch-` are steps of one state, in this order. */
export interface IndexJobs {
  /** `listed` is every file of the repository: others are gone. */
  readonly reconcile: { readonly ask: { readonly listed: readonly string[] }; readonly answer: Indexed }
  /** Only these may have changed; all of them were indexed before. */
  readonly changed: { readonly ask: { readonly paths: readonly string[] }; readonly answer: Indexed }
  /** Asks what is known of the repository as a whole; its answer comes when all have been heard. */
  readonly repository: { readonly ask: object; readonly answer: Indexed }
  /** What a language server said of the open calls of a file in this content. */
  readonly answered: {
    readonly ask: { readonly path: string; readonly hash: string; readonly answers: readonly AnsweredCall[] }
    readonly answer: Indexed
  }
  readonly 'branch-open': { readonly ask: { readonly layer: string; readonly state: string }; readonly answer: OpenedState }
  readonly 'branch-base': { readonly ask: { readonly entries: readonly HashedPath[] }; readonly answer: null }
  readonly 'branch-changes': { readonly ask: { readonly entries: readonly HashedPath[] }; readonly answer: null }
  /** Those whose content is needed. */
  readonly 'branch-plan': { readonly ask: object; readonly answer: readonly { readonly path: string; readonly hash: string }[] }
  readonly 'branch-content': {
    readonly ask: { readonly files: readonly { readonly path: string; readonly hash: string; readonly bytes: Uint8Array | null }[] }
    readonly answer: null
  }
  readonly 'branch-finish': { readonly ask: object; readonly answer: FinishedState }
}

export type IndexJob = keyof IndexJobs

export type ToIndexWorker =
  | { readonly [Job in IndexJob]: { readonly type: Job; readonly job: number } & IndexJobs[Job]['ask'] }[IndexJob]
  /** Closes the database; the thread ends. */
  | { readonly type: 'end' }

export type FromIndexWorker =
  | { readonly type: 'ready'; readonly status: IndexStatus; readonly rebuilt: string | null }
  | { readonly type: 'progress'; readonly filesDone: number; readonly files: number }
  /** `answer` is that of the job's kind. */
  | { readonly type: 'done'; readonly job: number; readonly answer: unknown }
  | { readonly type: 'failed'; readonly job: number; readonly reason: string; readonly damaged: boolean }
  /** What goes on behind the jobs. */
  | { readonly type: 'background'; readonly background: IndexStatus['background'] }
