import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { KeyframeError } from '../../../shared/failure'
import type { FileDiff, FileVersion, TreeEntry } from '../../../shared/files'
import type { ContentHash } from '../../../shared/ids'
import type { ContentStore } from '../journal/content-store'
import { expectFsError } from '../workspace/fs-errors'
import { bytesOfPath, fsPath } from '../workspace/path-bytes'
import { Slices } from '../workspace/slices'
import { canonicalPath, changesLifecycleScripts, isDangerousPath, linkLeadsOut } from './branch-paths'
import { BranchView, compareViews, type ViewChange, type ViewFile, type ViewLink, type ViewNode } from './branch-view'
import type { FilesAt } from './files'
import type { FrozenBase } from './freeze-base'
import { makeHunks } from './hunks'
import type { TreeReader } from './manifest'
import { decodeText, detectEncoding, detectEol, MAX_TEXT_BYTES } from './text-format'

const LINK_MODE = 0o120777

/** Files of a branch from base and manifest; nothing is mounted, nothing is run. */
export class BranchFiles implements FilesAt {
  readonly view: BranchView

  constructor(
    private readonly base: FrozenBase,
    private readonly manifest: ContentHash | null,
    private readonly content: ContentStore,
    private readonly trees: TreeReader,
  ) {
    this.view = new BranchView(trees, base.index.root, manifest)
  }

  async tree(): Promise<TreeEntry[]> {
    const slices = new Slices()
    const origin = new BranchView(this.trees, this.base.index.root, null)
    const entries: TreeEntry[] = []
    for (const [path, node] of this.view.walk(this.view.root)) {
      if (slices.due()) await slices.rest()
      const sizeBytes = node.type === 'directory' ? 0 : node.type === 'symlink' ? bytesOfPath(node.target).length : node.sizeBytes
      const fromBase = node.type === 'directory' ? node.base !== null : node.type === 'file' && node.parts === null
      let status: TreeEntry['status'] = 'same'
      if (!fromBase) {
        const old = origin.find(path)
        if (old === null) status = 'created'
        else if (node.type === 'directory') status = old.type === 'directory' ? 'same' : 'changed'
        else if (node.type !== old.type || node.type === 'other' || hashOf(old) !== hashOf(node)) status = 'changed'
        else if (node.type === 'file' && old.type === 'file' && old.mode !== node.mode) status = 'changed'
      }
      entries.push({ path, type: node.type, sizeBytes, status })
    }
    if (this.manifest === null) return entries
    for (const change of compareViews(origin, this.view)) {
      if (slices.due()) await slices.rest()
      if (change.after !== null || change.before === null || this.view.find(change.path) !== null) continue
      const sizeBytes = change.before.type === 'file' ? change.before.sizeBytes : bytesOfPath(change.before.target).length
      entries.push({ path: change.path, type: change.before.type, sizeBytes, status: 'deleted' })
    }
    return entries.sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0))
  }

  async read(path: string): Promise<FileVersion> {
    const at = canonicalPath(path)
    const leaf = this.#leaf(at)
    const bytes = leaf.type === 'file' && leaf.sizeBytes > MAX_TEXT_BYTES ? null : await this.bytesOf(at, leaf)
    const encoding = bytes === null ? 'binary' : detectEncoding(bytes)
    const text = bytes === null ? null : decodeText(bytes, encoding)
    return {
      path: at,
      version: leaf.hash,
      sizeBytes: leaf.type === 'file' ? leaf.sizeBytes : (bytes?.length ?? 0),
      mode: leaf.type === 'file' ? leaf.mode : LINK_MODE,
      encoding,
      eol: text === null ? 'none' : detectEol(text),
      text,
    }
  }

  async readBytes(path: string): Promise<Buffer> {
    const at = canonicalPath(path)
    return this.bytesOf(at, this.#leaf(at))
  }

  async hashes(): Promise<ReadonlyMap<string, ContentHash>> {
    const slices = new Slices()
    const hashes = new Map<string, ContentHash>()
    for (const [path, node] of this.view.walk(this.view.root)) {
      if (slices.due()) await slices.rest()
      if (node.type === 'file') hashes.set(path, node.hash)
    }
    return hashes
  }

  async changes(): Promise<ReadonlyMap<string, ContentHash | null>> {
    const slices = new Slices()
    const changes = new Map<string, ContentHash | null>()
    for (const { path, before, after } of compareViews(new BranchView(this.trees, this.base.index.root, null), this.view)) {
      if (slices.due()) await slices.rest()
      const [old, now] = [before, after].map((leaf) => (leaf?.type === 'file' ? leaf.hash : null))
      if (old !== now) changes.set(path, now ?? null)
    }
    return changes
  }

  async diff(against: FilesAt | 'base'): Promise<FileDiff[]> {
    const other = against === 'base' ? new BranchFiles(this.base, null, this.content, this.trees) : against
    if (!(other instanceof BranchFiles)) throw new TypeError('files of another store cannot be compared')
    const slices = new Slices()
    const diffs: FileDiff[] = []
    for (const change of compareViews(other.view, this.view)) {
      if (slices.due()) await slices.rest()
      diffs.push(await diffFile(change, other, this))
    }
    return diffs
  }

  /** Bytes of a leaf of this view; a link's are its target. */
  async bytesOf(path: string, leaf: ViewFile | ViewLink): Promise<Buffer> {
    if (leaf.type === 'symlink') return bytesOfPath(leaf.target)
    if (leaf.parts !== null) {
      const parts = leaf.parts.map((part) => this.content.get(part))
      const [only] = parts
      return only !== undefined && parts.length === 1 ? only : Buffer.concat(parts)
    }
    try {
      const file = await open(fsPath(join(this.base.dir, path)), constants.O_RDONLY | constants.O_NOFOLLOW)
      try {
        return await file.readFile()
      } finally {
        await file.close()
      }
    } catch (thrown) {
      expectFsError(thrown, 'ENOENT', 'ELOOP', 'ENOTDIR')
      throw new KeyframeError({
        code: 'base.missing',
        message: `${path} is gone from the frozen copy of the repository.`,
        action: 'Start a new run to work on the repository as it is now.',
        details: { path, base: this.base.id },
      })
    }
  }

  #leaf(path: string): ViewFile | ViewLink {
    const node = this.view.find(path)
    if (node?.type === 'file' || node?.type === 'symlink') return node
    const what =
      node === null
        ? 'There is no file'
        : node.type === 'directory'
          ? 'There is a folder'
          : `There is something that is not kept (${node.why})`
    throw new KeyframeError({ code: 'files.not-found', message: `${what} ${path} at this frame.`, details: { path } })
  }
}

async function textOf(files: BranchFiles, path: string, leaf: ViewFile | ViewLink | null): Promise<string | null> {
  if (leaf === null) return ''
  if (leaf.type === 'file' && leaf.sizeBytes > MAX_TEXT_BYTES) return null
  const bytes = await files.bytesOf(path, leaf)
  return decodeText(bytes, detectEncoding(bytes))
}

async function diffFile({ path, before, after }: ViewChange, old: BranchFiles, now: BranchFiles): Promise<FileDiff> {
  const modeOnly = before !== null && after !== null && before.type === after.type && before.hash === after.hash
  const oldText = modeOnly ? '' : await textOf(old, path, before)
  const newText = modeOnly ? '' : await textOf(now, path, after)
  const binary = oldText === null || newText === null
  return {
    path,
    change: before === null ? 'created' : after === null ? 'deleted' : modeOnly ? 'mode' : 'changed',
    binary,
    oldVersion: before?.hash ?? null,
    newVersion: after?.hash ?? null,
    oldMode: modeOf(before),
    newMode: modeOf(after),
    hunks:
      binary || modeOnly
        ? []
        : makeHunks(path, oldText, newText).map(({ id, oldStart, oldLines, newStart, newLines, lines }) => ({
            id,
            oldStart,
            oldLines,
            newStart,
            newLines,
            lines,
          })),
    dangerous:
      isDangerousPath(path) ||
      (after?.type === 'symlink' && linkLeadsOut(path, after.target)) ||
      changesLifecycleScripts(path, before === null ? null : oldText, after === null ? null : newText),
  }
}

function hashOf(node: ViewNode): ContentHash | null {
  return node.type === 'file' || node.type === 'symlink' ? node.hash : null
}

function modeOf(leaf: ViewFile | ViewLink | null): number | null {
  if (leaf === null) return null
  return leaf.type === 'file' ? leaf.mode : LINK_MODE
}
