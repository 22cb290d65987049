import { createHash, hash } from 'node:crypto'
import { fstatSync, read, readSync } from 'node:fs'
import type { Stats } from 'node:fs'
import { promisify } from 'node:util'
import type { FileChange } from '../../../shared/frames'
import { ContentHash } from '../../../shared/ids'
import type { ContentKind, ContentStore } from '../journal/content-store'
import { Slices } from '../workspace/slices'
import type { BaseFolder } from './base-index'
import { BranchView, compareViews, resolveEntry, type ViewChange } from './branch-view'
import type { Capture, UpperTracker } from './files'
import type { GuardedFile } from './guarded-open'
import { knownStat, looksSame, type KnownStat } from './live-stats'
import { EMPTY_TREE, encodeTree, type ManifestEntry, type Tree, type TreeReader } from './manifest'
import { scanUpper, skipped, type LeafEntry, type ScanFolder } from './scan-upper'

/** Asks which of these directories of an upper are opaque; paths relative to it. */
export type ReadOpaque = (upperDir: string, candidates: readonly string[]) => Promise<Set<string>>

/** Larger files are stored in parts of this size, so that an appended log costs its last part. */
export const PART_BYTES = 4 * 1024 * 1024
const BATCH_BYTES = 16 * 1024 * 1024
const MAX_FILE_BYTES = 512 * 1024 * 1024

export interface TrackedCapture extends Capture {
  /** What is not part of the checkpoint and why: pipes, sockets, devices, files over the size cap, unreadable ones. */
  readonly notices: readonly string[]
}

export interface TrackerOptions {
  readonly upperDir: string
  readonly layer: ContentHash | null
  readonly base: BaseFolder
  readonly content: ContentStore
  readonly trees: TreeReader
  readonly readOpaque: ReadOpaque
  readonly maxFileBytes?: number
}

interface KnownFile {
  readonly stat: KnownStat
  readonly entry: ManifestEntry & { t: 'f' }
}

/**
 * Captures an upper directory as a manifest relative to the base. The sandbox is frozen meanwhile. Only files whose inode, ctime,
 * size or mode changed since the last capture are read. Content is stored before `capture` resolves; it is durable when a frame
 * that names the manifest is.
 */
export class OverlayUpperTracker implements UpperTracker {
  #files = new Map<string, KnownFile>()
  #opaque = new Map<string, { identity: string; opaque: boolean }>()
  #last: ContentHash | null
  #busy: Promise<unknown> = Promise.resolve()

  constructor(private readonly options: TrackerOptions) {
    this.#last = options.layer
  }

  /** Captures of one upper run one after the other. */
  capture(): Promise<TrackedCapture> {
    const next = this.#busy.then(() => this.#capture())
    this.#busy = next.catch(() => undefined)
    return next
  }

  async #capture(): Promise<TrackedCapture> {
    const { upperDir, base, layer, trees } = this.options
    const batch = new ContentBatch(this.options.content)
    const files = new Map<string, KnownFile>()
    const notices: string[] = []
    const slices = new Slices()
    const readFile = (path: string, stat: Stats, open: () => GuardedFile) => this.#readFile(path, stat, open, files, notices, batch)
    const lower = new BranchView(trees, base, layer).root
    const scan = await scanUpper(upperDir, base, lower, { trees, slices, notices, readFile })
    const opaque = await this.#findOpaque(scan)
    const tree = await this.#merge(scan, base, false, trees.read(layer), opaque, batch, slices)
    const manifest = this.#putTree(tree, batch)
    batch.flush()
    const before = new BranchView(trees, base, this.#last)
    const after = new BranchView(trees, base, manifest)
    const changes: FileChange[] = []
    for (const change of compareViews(before, after)) {
      if (slices.due()) await slices.rest()
      changes.push(toFileChange(change))
    }
    this.#files = files
    this.#last = manifest
    return { manifest, changes, notices }
  }

  async #readFile(
    path: string,
    stat: Stats,
    open: () => GuardedFile,
    files: Map<string, KnownFile>,
    notices: string[],
    batch: ContentBatch,
  ): Promise<LeafEntry> {
    const known = this.#files.get(path)
    if (known !== undefined && looksSame(known.stat, stat)) {
      files.set(path, known)
      return known.entry
    }
    if (stat.size > (this.options.maxFileBytes ?? MAX_FILE_BYTES)) return skipped({ notices }, path, 'oversize', stat.size).entry
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
      files.set(path, { stat: knownStat(stat, readAt, content.hash), entry })
      return entry
    } finally {
      file.close()
    }
  }

  async #findOpaque(scan: ScanFolder): Promise<Set<string>> {
    const next = new Map<string, { identity: string; opaque: boolean }>()
    const unknown: ScanFolder[] = []
    const visit = (folder: ScanFolder): void => {
      for (const child of folder.children.values()) {
        if (child.kind !== 'folder') continue
        if (child.mayHide) {
          // A folder that shows what is below it cannot be moved, so its mark is as old as itself.
          const known = this.#opaque.get(child.path)
          if (known?.identity === child.identity) next.set(child.path, known)
          else unknown.push(child)
        }
        visit(child)
      }
    }
    visit(scan)
    const paths = unknown.map((folder) => folder.path)
    const found = paths.length === 0 ? new Set<string>() : await this.options.readOpaque(this.options.upperDir, paths)
    for (const folder of unknown) next.set(folder.path, { identity: folder.identity, opaque: found.has(folder.path) })
    this.#opaque = next
    return new Set([...next].filter(([, known]) => known.opaque).map(([path]) => path))
  }

  /**
   * The tree of one folder relative to the base. `hidden`: the upper's folder shows nothing of what is below, which is written as a
   * deletion of each name that the base has there, so that a manifest needs no opaque marks.
   */
  async #merge(
    folder: ScanFolder,
    base: BaseFolder | null,
    hidden: boolean,
    layer: Tree,
    opaque: ReadonlySet<string>,
    batch: ContentBatch,
    slices: Slices,
  ): Promise<Tree> {
    if (slices.due()) await slices.rest()
    const out = new Map<string, ManifestEntry>(layer)
    if (hidden) for (const [name, node] of base?.children ?? []) if (node.type !== 'directory' || !node.mount) out.set(name, { t: 'w' })
    for (const [name, child] of folder.children) {
      const inBase = base?.children.get(name)
      if (child.kind === 'leaf') {
        if (child.entry.t !== 'w' || inBase !== undefined) out.set(name, child.entry)
        else out.delete(name)
        continue
      }
      const below = hidden ? null : resolveEntry(layer.get(name), inBase)
      const shows = below?.type === 'directory' && !opaque.has(child.path)
      const baseFolder = inBase?.type === 'directory' ? inBase : null
      const layerTree = shows ? this.options.trees.read(below.tree) : EMPTY_TREE
      const hash = this.#putTree(await this.#merge(child, baseFolder, !shows, layerTree, opaque, batch, slices), batch)
      if (hash === null && baseFolder?.mode === child.mode) out.delete(name)
      else out.set(name, { t: 'd', m: child.mode, h: hash })
    }
    return out
  }

  #putTree(tree: Tree, batch: ContentBatch): ContentHash | null {
    if (tree.size === 0) return null
    const encoded = encodeTree(tree)
    this.options.trees.remember(encoded.hash, tree)
    batch.add(encoded.bytes, 'tree', encoded.hash)
    return encoded.hash
  }
}

/** Collects content for a few large transactions instead of many small ones. */
class ContentBatch {
  #pending: { bytes: Uint8Array; kind: ContentKind }[] = []
  #sizeBytes = 0

  constructor(private readonly content: ContentStore) {}

  add(bytes: Uint8Array, kind: ContentKind, id: ContentHash): void {
    if (this.content.has(id)) return
    this.#pending.push({ bytes, kind })
    this.#sizeBytes += bytes.length
    if (this.#sizeBytes > BATCH_BYTES) this.flush()
  }

  flush(): void {
    if (this.#pending.length > 0) this.content.putAll(this.#pending)
    this.#pending = []
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
