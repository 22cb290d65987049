import { join } from 'node:path'
import type { ContentHash } from '../../../shared/ids'
import type { ContentStore } from '../journal/content-store'
import { applyMerge } from './apply-merge'
import { walkBase } from './base-index'
import { BranchFiles } from './branch-files'
import { CopyTracker } from './copy-tracker'
import type { Base, FileStore, FilesAt } from './files'
import { BaseFreezer, type FrozenBase, type Owner } from './freeze-base'
import { TreeReader } from './manifest'
import { LayerMaker } from './materialise'
import type { MemoryFolder } from './memory-folder'
import { namesIn } from './names-in'
import { needingApproval, planMerge, type MergePlan } from './plan-merge'
import { readOpaqueWithTar } from './read-opaque'
import { removeTree } from './remove-tree'
import { OverlayUpperTracker, type ReadOpaque, type TrackedCapture } from './upper-tracker'

export interface FileStoreOptions {
  /** The live repository. */
  readonly root: string
  /** This workspace's folder in the data folder, outside the repository. */
  readonly dataDir: string
  readonly content: ContentStore
  /** Who the sandbox's guest is on the host: owns bases and layers. Only root can give files away, others keep them. */
  readonly owner: Owner
  /** The pinned Node that runs the merge guest. */
  readonly nodePath: string
  /** Where small layers lie instead of the disk; the caller's to dispose of after every sandbox. */
  readonly memoryFolder?: MemoryFolder | null
  /** Default: GNU tar, see read-opaque.ts. */
  readonly readOpaque?: ReadOpaque
}

export interface WorkspaceFileStore extends FileStore {
  track(upperDir: string, layer: ContentHash | null, base: Base): { capture(): Promise<TrackedCapture> }
  trackCopy(copyDir: string, layer: ContentHash | null, base: Base): { capture(): Promise<TrackedCapture> }
}

export function createFileStore(options: FileStoreOptions): WorkspaceFileStore {
  const { root, dataDir, content, owner, nodePath } = options
  const trees = new TreeReader(content)
  const bases = new BaseFreezer(root, dataDir, owner)
  const layers = new LayerMaker(dataDir, content, trees, owner, options.memoryFolder ?? null)
  const known = new Map<ContentHash, FrozenBase>()

  const remember = (base: FrozenBase): FrozenBase => {
    known.set(base.id, base)
    return base
  }
  const indexed = (base: Base): FrozenBase => {
    const found = known.get(base.id)
    if (found === undefined) throw new Error(`base ${base.id} was made by another store`)
    return found
  }
  const filesOf = (base: Base, manifest: ContentHash | null) => new BranchFiles(indexed(base), manifest, content, trees)

  return {
    freezeBase: async (freeze) => remember(await bases.freeze(freeze)),
    findBase: async (id) => remember(await bases.find(id)),
    track: (upperDir, layer, base) =>
      new OverlayUpperTracker({
        upperDir,
        layer,
        base: indexed(base).index.root,
        content,
        trees,
        readOpaque: options.readOpaque ?? readOpaqueWithTar,
      }),
    trackCopy: (copyDir, layer, base) =>
      new CopyTracker({ copyDir, layer, base: indexed(base).index.root, baseDir: base.dir, content, trees }),
    materialise: (manifest) => layers.materialise(manifest),
    at: (base, manifest): FilesAt => filesOf(base, manifest),
    baseNodes: (base) => walkBase(indexed(base).index.root),
    previewMerge: async (base, manifest, guard) => {
      const branch = filesOf(base, manifest)
      const diffs = await branch.diff('base')
      const plan = await planMerge(root, filesOf(base, null), branch, null, 'all', guard)
      return { diffs, conflicts: plan.conflicts, needsApproval: needingApproval(diffs, guard) }
    },
    merge: (base, manifest, selection, approvedDangerous, journalDir, guard) => {
      const mergeArguments = { base: base.id, manifest, selection, approvedDangerous: [...approvedDangerous].sort() }
      return applyMerge(root, journalDir, nodePath, mergeArguments, async () => {
        const branch = filesOf(base, manifest)
        const plan = await planMerge(root, filesOf(base, null), branch, selection, new Set(approvedDangerous), guard)
        return { plan, prune: emptiedFolders(plan, branch) }
      })
    },
    collect: async (liveManifests) => {
      await bases.collectStaging()
      await layers.collect(liveManifests)
      for (const name of namesIn(dataDir)) if (name.startsWith('layers.stale-')) await removeTree(join(dataDir, name))
    },
  }
}

/** Folders that the branch does not have any more and that the merge may leave empty, deepest first. */
function emptiedFolders(plan: MergePlan, branch: BranchFiles): string[] {
  const folders = new Set<string>()
  for (const write of plan.writes) {
    if (write.result !== null) continue
    for (let at = write.path.lastIndexOf('/'); at > 0; at = write.path.lastIndexOf('/', at - 1)) {
      const folder = write.path.slice(0, at)
      if (branch.view.find(folder)?.type !== 'directory') folders.add(folder)
    }
  }
  return [...folders].sort((a, b) => b.length - a.length)
}
