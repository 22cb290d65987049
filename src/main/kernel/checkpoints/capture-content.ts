import { createHash, hash } from 'node:crypto'
import { fstatSync, read, readSync } from 'node:fs'
import type { Stats } from 'node:fs'
import { promisify } from 'node:util'
import type { FileChange } from '../../../shared/frames'
import { ContentHash } from '../../../shared/ids'
import type { ContentKind, ContentStore } from '../journal/content-store'
import type { Slices } from '../workspace/slices'
import { BranchView, compareViews, type ViewChange } from './branch-view'
import type { BaseFolder } from './base-index'
import type { GuardedFile } from './guarded-open'
import { knownStat, looksSame, type KnownStat } from './live-stats'
import { encodeTree, type ManifestEntry, type Tree, type TreeReader } from './manifest'
import { skipped, type LeafEntry } from './scan-upper'

/** Larger files are stored in parts of this size, so that an appended log costs its last part. */
export const PART_BYTES = 4 * 1024 * 1024
const BATCH_BYTES = 16 * 1024 * 1024
const MAX_FILE_BYTES = 512 * 1024 * 1024

interface KnownFile {
  readonly stat: KnownStat
  readonly entry: ManifestEntry & { t: 'f' }
}

/** Where one capture puts what it reads. */
export interface CaptureSink {
  readonly batch: ContentBatch
  /** What is not part of the checkpoint and why. */
  readonly notices: string[]
}

/** The files of one folder as they were last read: only those whose inode, ctime, size or mode changed since are read again. */
export class KnownFiles {
  readonly #maxFileBytes: number
  #before = new Map<string, KnownFile>()
  #now = new Map<string, KnownFile>()

  constructor(maxFileBytes: number = MAX_FILE_BYTES) {
    this.#maxFileBytes = maxFileBytes
  }

  /** To be called when a capture begins and when it has ended well: files that it did not meet are forgotten. */
  begin(): void {
    this.#now = new Map()
  }

  end(): void {
    this.#before = this.#now
  }

  async read(path: string, stat: Stats, open: () => GuardedFile, { batch, notices }: CaptureSink): Promise<LeafEntry> {
    const known = this.#before.get(path)
    if (known !== undefined && looksSame(known.stat, stat)) {
      this.#now.set(path, known)
      return known.entry
    }
    if (stat.size > this.#maxFileBytes) return skipped({ notices }, path, 'oversize', stat.size).entry
    const readAt = Date.now()
    const file = open()
    try {
      const opened = fstatSync(file.fd)
      if (!opened.isFile() || opened.ino !== stat.ino) return skipped({ notices }, path, 'unreadable', 0).entry
      const content = stat.size <= PART_BYTES ? readSmall(file.fd, opened.size, batch) : await readLarge(file.fd, opened.size, batch)
      const entry: KnownFile['entry'] = {
        t: 'f',
        m: stat.mode & 0o777,
        u: Math.round(opened.mtimeMs * 1000),
        s: content.sizeBytes,
        h: content.hash,
      }
      if (content.parts !== null) entry.c = content.parts
      this.#now.set(path, { stat: knownStat(stat, readAt, content.hash), entry })
      return entry
    } finally {
      file.close()
    }
  }
}

/** Collects content for a few large transactions instead of many small ones. */
export class ContentBatch {
  readonly #pending = new Map<ContentHash, { hash: ContentHash; bytes: Uint8Array; kind: ContentKind }>()
  #sizeBytes = 0

  constructor(private readonly content: ContentStore) {}

  add(bytes: Uint8Array, kind: ContentKind, id: ContentHash): void {
    if (this.#pending.has(id) || this.content.has(id)) return
    this.#pending.set(id, { hash: id, bytes, kind })
    this.#sizeBytes += bytes.length
    if (this.#sizeBytes > BATCH_BYTES) this.flush()
  }

  /** Null for an empty tree. */
  addTree(tree: Tree, trees: TreeReader): ContentHash | null {
    if (tree.size === 0) return null
    const encoded = encodeTree(tree)
    trees.remember(encoded.hash, tree)
    this.add(encoded.bytes, 'tree', encoded.hash)
    return encoded.hash
  }

  flush(): void {
    if (this.#pending.size > 0) this.content.addAll([...this.#pending.values()])
    this.#pending.clear()
    this.#sizeBytes = 0
  }
}

interface ReadContent {
  readonly hash: ContentHash
  readonly sizeBytes: number
  readonly parts: ContentHash[] | null
}

function readSmall(fd: number, sizeBytes: number, batch: ContentBatch): ReadContent {
  const bytes = Buffer.allocUnsafe(sizeBytes)
  let done = 0
  while (done < sizeBytes) {
    const count = readSync(fd, bytes, done, sizeBytes - done, done)
    if (count === 0) break
    done += count
  }
  const content = bytes.subarray(0, done)
  const id = ContentHash.parse(hash('sha256', content))
  batch.add(content, 'file', id)
  return { hash: id, sizeBytes: done, parts: null }
}

const readAsync = promisify(read)

async function readLarge(fd: number, sizeBytes: number, batch: ContentBatch): Promise<ReadContent> {
  const whole = createHash('sha256')
  const parts: ContentHash[] = []
  let done = 0
  while (done < sizeBytes) {
    const part = Buffer.allocUnsafe(Math.min(PART_BYTES, sizeBytes - done))
    let filled = 0
    while (filled < part.length) {
      const { bytesRead } = await readAsync(fd, part, filled, part.length - filled, done + filled)
      if (bytesRead === 0) break
      filled += bytesRead
    }
    if (filled === 0) break
    const content = part.subarray(0, filled)
    whole.update(content)
    const id = ContentHash.parse(hash('sha256', content))
    batch.add(content, 'file', id)
    parts.push(id)
    done += filled
  }
  return { hash: ContentHash.parse(whole.digest('hex')), sizeBytes: done, parts }
}

function toFileChange({ path, before, after }: ViewChange): FileChange {
  if (after === null) return { path, change: 'deleted' }
  const sizeBytes = after.type === 'file' ? after.sizeBytes : Buffer.byteLength(after.target)
  if (before === null) return { path, change: 'created', sizeBytes }
  return { path, change: before.type === after.type && before.hash === after.hash ? 'mode' : 'changed', sizeBytes }
}

/** Files that differ between two manifests of one base, as a frame tells them. */
export async function changesBetween(
  trees: TreeReader,
  base: BaseFolder,
  before: ContentHash | null,
  after: ContentHash | null,
  slices: Slices,
): Promise<FileChange[]> {
  const changes: FileChange[] = []
  for (const change of compareViews(new BranchView(trees, base, before), new BranchView(trees, base, after))) {
    if (slices.due()) await slices.rest()
    changes.push(toFileChange(change))
  }
  return changes
}
