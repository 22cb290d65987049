import type { IndexStatus } from '../../../../shared/contract/methods'

/** What the kernel's thread and the indexing thread say to each other. */
export interface IndexWorkerData {
  readonly root: string
  readonly databasePath: string
  /** One Int32: not 0 asks the thread to end after the file it is at. */
  readonly stop: SharedArrayBuffer
}

export type ToIndexWorker =
  /** `listed` is every file of the repository: others are gone. */
  | { readonly type: 'reconcile'; readonly job: number; readonly listed: readonly string[] }
  /** Only these may have changed; all of them were indexed before. */
  | { readonly type: 'changed'; readonly job: number; readonly paths: readonly string[] }
  /** Closes the database; the thread ends. */
  | { readonly type: 'end' }

export type FromIndexWorker =
  | { readonly type: 'ready'; readonly status: IndexStatus; readonly rebuilt: string | null }
  | { readonly type: 'progress'; readonly filesDone: number; readonly files: number }
  | { readonly type: 'done'; readonly job: number; readonly status: IndexStatus; readonly changed: boolean }
  | { readonly type: 'failed'; readonly job: number; readonly reason: string; readonly damaged: boolean }
