import type { FilesAtPoint } from '../points'
import type { FinishedState, HashedPath } from './index-messages'
import type { IndexWorkerClient } from './index-worker-client'

/** Entries a message: copying them to the thread takes a millisecond or two. */
const ENTRIES = 1000
const CONTENT_BYTES = 1024 * 1024
const CONTENT_FILES = 64

/** Steps of one state of a branch, from the kernel's side. Nothing else may run in the thread meanwhile but what is behind the jobs. */
export async function bringToState(worker: IndexWorkerClient, point: FilesAtPoint): Promise<FinishedState> {
  const opened = await worker.run('branch-open', { layer: point.layer, state: point.state })
  if (opened.layer === null) {
    for (const entries of slices(await point.baseFiles())) await worker.run('branch-base', { entries })
  }
  const changes = await point.changes()
  for (const entries of slices(changes)) await worker.run('branch-changes', { entries })
  const wanted = await worker.run('branch-plan', {})
  let files: { path: string; hash: string; bytes: Uint8Array | null }[] = []
  let size = 0
  const hand = async (): Promise<void> => {
    await worker.run(
      'branch-content',
      { files },
      files.flatMap(({ bytes }) => (bytes === null ? [] : [bytes.buffer as ArrayBuffer])),
    )
    files = []
    size = 0
  }
  for (const { path, hash } of wanted) {
    const content = await point.read(path)
    // A copy of its own: small buffers share theirs with others and cannot be handed over.
    const bytes = content === null ? null : new Uint8Array(content)
    files.push({ path, hash, bytes })
    size += bytes?.length ?? 0
    if (files.length >= CONTENT_FILES || size >= CONTENT_BYTES) await hand()
  }
  if (files.length > 0) await hand()
  return worker.run('branch-finish', {})
}

function* slices(entries: ReadonlyMap<string, string | null>): Generator<HashedPath[]> {
  let slice: HashedPath[] = []
  for (const entry of entries) {
    slice.push(entry)
    if (slice.length < ENTRIES) continue
    yield slice
    slice = []
  }
  if (slice.length > 0) yield slice
}
