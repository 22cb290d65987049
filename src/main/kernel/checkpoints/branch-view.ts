import { hash } from 'node:crypto'
import { ContentHash } from '../../../shared/ids'
import { bytesOfPath } from '../workspace/path-bytes'
import type { BaseFolder, BaseNode } from './base-index'
import type { ManifestEntry, Tree, TreeReader } from './manifest'

/** A directory of a branch: the base's (null when it has none) under the manifest's tree (null when nothing differs). */
export interface ViewFolder {
  readonly type: 'directory'
  readonly mode: number
  readonly base: BaseFolder | null
  readonly tree: ContentHash | null
}
export interface ViewFile {
  readonly type: 'file'
  readonly mode: number
  readonly sizeBytes: number
  readonly hash: ContentHash
  /** Null: read it from the base. */
  readonly parts: readonly ContentHash[] | null
}
export interface ViewLink {
  readonly type: 'symlink'
  readonly target: string
  readonly hash: ContentHash
}
export interface ViewOther {
  readonly type: 'other'
  readonly why: string
  readonly sizeBytes: number
}
export type ViewNode = ViewFolder | ViewFile | ViewLink | ViewOther

/** The merged view of base and manifest, as overlayfs would show it, without a mount. */
export class BranchView {
  readonly root: ViewFolder

  constructor(
    private readonly trees: TreeReader,
    base: BaseFolder,
    manifest: ContentHash | null,
  ) {
    this.root = { type: 'directory', mode: base.mode, base, tree: manifest }
  }

  child(folder: ViewFolder, name: string): ViewNode | null {
    return resolveEntry(this.#tree(folder).get(name), folder.base?.children.get(name))
  }

  names(folder: ViewFolder): string[] {
    const names = new Set(folder.base?.children.keys())
    for (const [name, entry] of this.#tree(folder)) {
      if (entry.t === 'w') names.delete(name)
      else names.add(name)
    }
    return [...names].sort()
  }

  find(path: string): ViewNode | null {
    let node: ViewNode | null = this.root
    if (path === '') return node
    for (const part of path.split('/')) {
      if (node?.type !== 'directory') return null
      node = this.child(node, part)
    }
    return node
  }

  /** Everything below a folder, folders first, without the mount points of dependencies. */
  *walk(folder: ViewFolder, prefix = ''): Generator<[path: string, node: ViewNode]> {
    for (const name of this.names(folder)) {
      const node = this.child(folder, name)
      if (node === null || (node.type === 'directory' && node.base?.mount === true)) continue
      yield [prefix + name, node]
      if (node.type === 'directory') yield* this.walk(node, `${prefix}${name}/`)
    }
  }

  #tree(folder: ViewFolder): Tree {
    return this.trees.read(folder.tree)
  }
}

export function resolveEntry(entry: ManifestEntry | undefined, below: BaseNode | undefined): ViewNode | null {
  if (entry === undefined) {
    if (below === undefined) return null
    if (below.type === 'directory') return { type: 'directory', mode: below.mode, base: below, tree: null }
    if (below.type === 'symlink') return below
    return { type: 'file', mode: below.mode, sizeBytes: below.sizeBytes, hash: below.hash, parts: null }
  }
  switch (entry.t) {
    case 'w':
      return null
    case 'f':
      return { type: 'file', mode: entry.m, sizeBytes: entry.s, hash: entry.h, parts: entry.c ?? [entry.h] }
    case 'l':
      return { type: 'symlink', target: entry.to, hash: hashOfTarget(entry.to) }
    case 'x':
      return { type: 'other', why: entry.why, sizeBytes: entry.s }
    case 'd':
      return { type: 'directory', mode: entry.m, base: below?.type === 'directory' ? below : null, tree: entry.h }
  }
}

function hashOfTarget(target: string): ContentHash {
  return ContentHash.parse(hash('sha256', bytesOfPath(target)))
}

export interface ViewChange {
  readonly path: string
  readonly before: ViewFile | ViewLink | null
  readonly after: ViewFile | ViewLink | null
}

/**
 * Files and links that differ between two views of the same base, in path order. Folders themselves are not listed. What is alike
 * by its tree's hash is not visited, so the cost follows the difference.
 */
export function* compareViews(before: BranchView, after: BranchView): Generator<ViewChange> {
  yield* compareFolders(before, before.root, after, after.root, '')
}

function* compareFolders(
  beforeView: BranchView,
  before: ViewFolder | null,
  afterView: BranchView,
  after: ViewFolder | null,
  prefix: string,
): Generator<ViewChange> {
  if (before !== null && after !== null && before.base === after.base && before.tree === after.tree) return
  const names = new Set(before === null ? [] : beforeView.names(before))
  if (after !== null) for (const name of afterView.names(after)) names.add(name)
  for (const name of [...names].sort()) {
    const old = before === null ? null : beforeView.child(before, name)
    const now = after === null ? null : afterView.child(after, name)
    const oldLeaf = leaf(old)
    const nowLeaf = leaf(now)
    const path = prefix + name
    if ((oldLeaf !== null || nowLeaf !== null) && !sameLeaf(oldLeaf, nowLeaf)) yield { path, before: oldLeaf, after: nowLeaf }
    const oldFolder = old?.type === 'directory' ? old : null
    const nowFolder = now?.type === 'directory' ? now : null
    if (oldFolder !== null || nowFolder !== null) yield* compareFolders(beforeView, oldFolder, afterView, nowFolder, `${path}/`)
  }
}

function leaf(node: ViewNode | null): ViewFile | ViewLink | null {
  return node?.type === 'file' || node?.type === 'symlink' ? node : null
}

function sameLeaf(a: ViewFile | ViewLink | null, b: ViewFile | ViewLink | null): boolean {
  if (a === null || b === null) return a === b
  if (a.type !== b.type || a.hash !== b.hash) return false
  return a.type === 'symlink' || b.type === 'symlink' || a.mode === b.mode
}
