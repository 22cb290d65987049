import type { ContentHash } from '../../../shared/ids'
import type { ContentStore } from '../journal/content-store'
import { Slices } from '../workspace/slices'
import type { BaseFolder } from './base-index'
import { BranchView, resolveEntry } from './branch-view'
import { changesBetween, ContentBatch, KnownFiles } from './capture-content'
import type { Capture, UpperTracker } from './files'
import { EMPTY_TREE, type ManifestEntry, type Tree, type TreeReader } from './manifest'
import { scanUpper, type ScanFolder } from './scan-upper'

/** Asks which of these directories of an upper are opaque; paths relative to it. */
export type ReadOpaque = (upperDir: string, candidates: readonly string[]) => Promise<Set<string>>

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

/**
 * Captures an upper directory as a manifest relative to the base. The sandbox is frozen meanwhile. Only files whose inode, ctime,
 * size or mode changed since the last capture are read. Content is stored before `capture` resolves; it is durable when a frame
 * that names the manifest is.
 */
export class OverlayUpperTracker implements UpperTracker {
  readonly #files: KnownFiles
  #opaque = new Map<string, { identity: string; opaque: boolean }>()
  #last: ContentHash | null
  #busy: Promise<unknown> = Promise.resolve()

  constructor(private readonly options: TrackerOptions) {
    this.#files = new KnownFiles(options.maxFileBytes)
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
    const notices: string[] = []
    const slices = new Slices()
    const lower = new BranchView(trees, base, layer).root
    this.#files.begin()
    const scan = await scanUpper(upperDir, base, lower, {
      trees,
      slices,
      notices,
      readFile: (path, stat, open) => this.#files.read(path, stat, open, { batch, notices }),
    })
    const opaque = await this.#findOpaque(scan)
    const tree = await this.#merge(scan, base, false, trees.read(layer), opaque, batch, slices)
    const manifest = batch.addTree(tree, trees)
    batch.flush()
    const changes = await changesBetween(trees, base, this.#last, manifest, slices)
    this.#files.end()
    this.#last = manifest
    return { manifest, changes, notices }
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
      const hash = batch.addTree(await this.#merge(child, baseFolder, !shows, layerTree, opaque, batch, slices), this.options.trees)
      if (hash === null && baseFolder?.mode === child.mode) out.delete(name)
      else out.set(name, { t: 'd', m: child.mode, h: hash })
    }
    return out
  }
}
