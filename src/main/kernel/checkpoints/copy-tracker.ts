import { lstatSync } from 'node:fs'
import type { Stats } from 'node:fs'
import { basename, join } from 'node:path'
import type { ContentHash } from '../../../shared/ids'
import type { ContentStore } from '../journal/content-store'
import { expectFsError } from '../workspace/fs-errors'
import { fsPath } from '../workspace/path-bytes'
import { Slices } from '../workspace/slices'
import type { BaseFolder, BaseNode } from './base-index'
import { BranchView, resolveEntry, type ViewFolder } from './branch-view'
import { changesBetween, ContentBatch, KnownFiles, type CaptureSink } from './capture-content'
import { readCopyOrigin, type CopyOrigin } from './copy-origin'
import type { UpperTracker } from './files'
import type { GuardedFile } from './guarded-open'
import { looksSame } from './live-stats'
import { EMPTY_TREE, type ManifestEntry, type Tree, type TreeReader } from './manifest'
import { scanUpper, skipped, type LeafEntry, type ScanFolder } from './scan-upper'
import type { TrackedCapture } from './upper-tracker'

export interface CopyTrackerOptions {
  readonly copyDir: string
  readonly layer: ContentHash | null
  readonly base: BaseFolder
  readonly baseDir: string
  readonly content: ContentStore
  readonly trees: TreeReader
  readonly maxFileBytes?: number
}

/** Times are set through a floating point number of seconds, which may round the last microsecond. */
const TIME_STEP_US = 2

/**
 * Captures a whole copy of a workspace by comparing it with base and layer, as the same manifest that a capture of an overlay's
 * upper gives. Files that look as they did when the copy was finished are not read; of others those that were read by an earlier
 * capture are not read again. One difference is left: a file that was written again with its old content, time and bits has an
 * entry in an overlay's manifest and none here; the branch is the same with both.
 */
export class CopyTracker implements UpperTracker {
  readonly #files: KnownFiles
  readonly #mounts: ReadonlySet<string>
  #origin: Promise<CopyOrigin | null> | null = null
  #last: ContentHash | null
  #busy: Promise<unknown> = Promise.resolve()

  constructor(private readonly options: CopyTrackerOptions) {
    this.#files = new KnownFiles(options.maxFileBytes)
    this.#last = options.layer
    this.#mounts = new Set(mountsOf(options.base))
  }

  /** Captures of one copy run one after the other. */
  capture(): Promise<TrackedCapture> {
    const next = this.#busy.then(() => this.#capture())
    this.#busy = next.catch(() => undefined)
    return next
  }

  async #capture(): Promise<TrackedCapture> {
    const { copyDir, base, layer, trees } = this.options
    this.#origin ??= this.#readOrigin()
    const origin = await this.#origin
    if (origin?.readOnly === true) return { manifest: layer, changes: [], notices: [] }
    const slices = new Slices()
    const sink: CaptureSink = { batch: new ContentBatch(this.options.content), notices: [] }
    const view = new BranchView(trees, base, layer)
    const untouched = new Set<string>()
    this.#files.begin()
    const scan = await scanUpper(copyDir, base, view.root, {
      trees,
      slices,
      notices: sink.notices,
      isOutside: (path) => this.#mounts.has(path),
      readFile: (path, stat, open) => this.#read(path, stat, open, { view, origin, untouched, sink }),
    })
    const comparison: Comparison = { untouched, sink, slices, leftOut: new Set(origin?.leftOut), baseDir: this.options.baseDir, trees }
    const manifest = sink.batch.addTree(await differences(scan, base, trees.read(layer), comparison), trees)
    sink.batch.flush()
    const changes = await changesBetween(trees, base, this.#last, manifest, slices)
    this.#files.end()
    this.#last = manifest
    return { manifest, changes, notices: sink.notices }
  }

  /** What a copy of something else looked like says nothing. */
  async #readOrigin(): Promise<CopyOrigin | null> {
    const { copyDir, baseDir, layer } = this.options
    const origin = await readCopyOrigin(copyDir)
    if (origin === null || origin.baseDir !== baseDir) return null
    return (origin.layerDir === null ? null : basename(origin.layerDir)) === layer ? origin : null
  }

  async #read(path: string, stat: Stats, open: () => GuardedFile, known: KnownState): Promise<LeafEntry> {
    const mark = known.origin?.stats.get(path)
    const node = mark !== undefined && looksSame(mark, stat) ? known.view.find(path) : null
    if (node?.type !== 'file') return this.#files.read(path, stat, open, known.sink)
    known.untouched.add(path)
    return { t: 'f', m: node.mode, u: 0, s: node.sizeBytes, h: node.hash }
  }
}

interface KnownState {
  readonly view: BranchView
  readonly origin: CopyOrigin | null
  readonly untouched: Set<string>
  readonly sink: CaptureSink
}

interface Comparison {
  readonly untouched: ReadonlySet<string>
  readonly leftOut: ReadonlySet<string>
  readonly baseDir: string
  readonly trees: TreeReader
  readonly sink: CaptureSink
  readonly slices: Slices
}

/** The tree of one folder relative to the base. `layer`: its tree at the time of the copy. */
async function differences(folder: ScanFolder, base: BaseFolder | null, layer: Tree, comparison: Comparison): Promise<Tree> {
  const { slices, leftOut } = comparison
  if (slices.due()) await slices.rest()
  const out = new Map<string, ManifestEntry>()
  const keep = (name: string): void => {
    const entry = layer.get(name)
    if (entry !== undefined) out.set(name, entry)
  }
  for (const name of new Set([...(base?.children.keys() ?? []), ...layer.keys(), ...folder.children.keys()])) {
    const path = folder.path === '' ? name : `${folder.path}/${name}`
    const inBase = base?.children.get(name)
    const child = folder.children.get(name)
    if (inBase?.type === 'directory' && inBase.mount) keep(name)
    else if (child === undefined) {
      // What is not kept is not in a copy either: that it is absent does not say that it was deleted.
      if (layer.get(name)?.t === 'x' || leftOut.has(path)) keep(name)
      else if (inBase !== undefined) out.set(name, { t: 'w' })
    } else if (child.kind === 'leaf') {
      const entry = settled(path, child.entry, layer.get(name), inBase, comparison)
      if (entry === null) keep(name)
      else out.set(name, entry)
    } else {
      const below = resolveEntry(layer.get(name), inBase)
      const baseFolder = inBase?.type === 'directory' ? inBase : null
      const tree = await differences(child, baseFolder, treeOf(below, comparison.trees), comparison)
      const hash = comparison.sink.batch.addTree(tree, comparison.trees)
      if (hash !== null || baseFolder?.mode !== child.mode) out.set(name, { t: 'd', m: child.mode, h: hash })
    }
  }
  return out
}

function treeOf(below: ReturnType<typeof resolveEntry>, trees: TreeReader): Tree {
  const folder: ViewFolder | null = below?.type === 'directory' ? below : null
  return folder === null ? EMPTY_TREE : trees.read(folder.tree)
}

/** What is to be written of a leaf; null when it is alike in type, content, bits and time to what the copy was made from. */
function settled(
  path: string,
  entry: LeafEntry,
  inLayer: ManifestEntry | undefined,
  inBase: BaseNode | undefined,
  { untouched, baseDir, sink }: Comparison,
): LeafEntry | null {
  if (untouched.has(path)) return null
  // A copy has no whiteouts: this is a device that somebody made.
  if (entry.t === 'w') return skipped(sink, path, 'device', 0).entry
  const before = resolveEntry(inLayer, inBase)
  if (entry.t === 'l') return before?.type === 'symlink' && before.target === entry.to ? null : entry
  if (entry.t === 'x') return inLayer?.t === 'x' && inLayer.why === entry.why && inLayer.s === entry.s ? null : entry
  if (before?.type !== 'file' || before.hash !== entry.h) return entry
  const timeUs = inLayer?.t === 'f' ? inLayer.u : baseTimeUs(join(baseDir, path))
  if (timeUs === null || Math.abs(timeUs - entry.u) > TIME_STEP_US) return entry
  return before.mode === entry.m ? null : { ...entry, u: timeUs }
}

function baseTimeUs(path: string): number | null {
  try {
    return Math.round(lstatSync(fsPath(path)).mtimeMs * 1000)
  } catch (thrown) {
    expectFsError(thrown, 'ENOENT', 'ENOTDIR')
    return null
  }
}

function mountsOf(folder: BaseFolder, prefix = ''): string[] {
  return [...folder.children].flatMap(([name, node]) => {
    if (node.type !== 'directory') return []
    return node.mount ? [prefix + name] : mountsOf(node, `${prefix}${name}/`)
  })
}
