import type { FileDiff, FileVersion, TreeEntry } from '../../../shared/files'
import type { FileChange, HunkSelection, MergeOutcome } from '../../../shared/frames'
import type { ContentHash } from '../../../shared/ids'
import type { BaseNode } from './base-index'
import type { DependencyMount } from '../tools/sandboxes/sandbox'

/** A frozen copy of a repository's tracked and unignored files, content-addressed by their stat list. */
export interface Base {
  /** SHA-256 of the canonical list of (path, type, mode, content hash). */
  readonly id: ContentHash
  /** Folder of the copy. Never written again. */
  readonly dir: string
  readonly dependencies: readonly DependencyMount[]
  /** What a user should know: submodules left out, sockets skipped, odd names. */
  readonly notices: readonly string[]
  readonly files: number
  /** True for one that was imported with a run and does not have all of its files: it can be looked at, not worked on. */
  readonly isIncomplete: boolean
}

export interface Capture {
  /** Root of the Merkle tree of everything that differs from the base; null when nothing does. */
  readonly manifest: ContentHash | null
  /** Against the previous capture of the same upper. */
  readonly changes: readonly FileChange[]
}

/** Follows one upper directory: remembers (inode, ctime, size) so that a capture costs what changed. */
export interface UpperTracker {
  capture(): Promise<Capture>
}

/** Files of a branch at a checkpoint, read from base and manifest alone: no sandbox is needed. */
export interface FilesAt {
  tree(): Promise<TreeEntry[]>
  /** Throws `files.not-found`. */
  read(path: string): Promise<FileVersion>
  readBytes(path: string): Promise<Buffer>
  /** Every regular file with its content's hash. */
  hashes(): Promise<ReadonlyMap<string, ContentHash>>
  /** Regular files that differ from the base in their content; null for one that is gone, or a link or something else now. */
  changes(): Promise<ReadonlyMap<string, ContentHash | null>>
  diff(against: FilesAt | 'base'): Promise<FileDiff[]>
}

/** Why a path needs a person's approval by name before it is merged, beside being dangerous in itself; null when it does not. */
export type MergeGuard = (path: string) => string | null

/** Everything about files as data: the base, captures, layers, views, merges. One per workspace. */
export interface FileStore {
  /** Cheap when nothing changed since the last one. Never touches the repository's `.git`. */
  freezeBase(options: { signal?: AbortSignal; onProgress?: (done: number, total: number) => void }): Promise<Base>
  /** The base of an earlier run; throws `base.missing` with what to do. */
  findBase(id: ContentHash): Promise<Base>
  /** `layer` is the manifest that the upper lies on; captures include it. */
  track(upperDir: string, layer: ContentHash | null, base: Base): UpperTracker
  /** The same for a whole copy of the workspace (level copy), found by comparison with base and layer. */
  trackCopy(copyDir: string, layer: ContentHash | null, base: Base): UpperTracker
  /** A read-only directory with the manifest's files, whiteouts and opaque marks; made once, shared by all forks. */
  materialise(manifest: ContentHash): Promise<string>
  at(base: Base, manifest: ContentHash | null): FilesAt
  /** Everything that a base holds, folders before what is in them. */
  baseNodes(base: Base): Iterable<[path: string, node: BaseNode]>
  /** What a merge into the live repository would do: three-way, base as the ancestor. */
  previewMerge(
    base: Base,
    manifest: ContentHash | null,
    guard?: MergeGuard,
  ): Promise<{ diffs: FileDiff[]; conflicts: MergeOutcome['conflicts']; needsApproval: string[] }>
  /**
   * Applies the kept hunks to the live repository inside a jail: all or nothing, also over a crash. `journalDir` keeps the
   * pre-images until the merge is acknowledged; calling again with the same arguments after a crash finishes it.
   */
  merge(
    base: Base,
    manifest: ContentHash | null,
    selection: HunkSelection | null,
    approvedDangerous: readonly string[],
    journalDir: string,
    guard?: MergeGuard,
  ): Promise<Omit<MergeOutcome, 'branchId'>>
  /** Removes layers and uppers that nothing names any more, in the background. */
  collect(liveManifests: ReadonlySet<ContentHash>): Promise<void>
}

/**
 * Paths that a person approved for a merge by name: naming a dangerous file's hunks one by one is how they approve it;
 * "everything" (null) leaves such files out.
 */
export function approvedPaths(selection: HunkSelection | null): string[] {
  return selection === null ? [] : Object.keys(selection).filter((path) => (selection[path] ?? []).length > 0)
}
