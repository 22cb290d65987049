import * as fs from 'node:fs'
import { createHash } from 'node:crypto'
import { lstatSync, readFileSync, readlinkSync } from 'node:fs'
import type { Stats } from 'node:fs'
import { join } from 'node:path'
import git from 'isomorphic-git'
import { expectFsError } from './fs-errors'
import { findGitFolder, type GitFolder } from './git-folder'
import type { GitIndex, IndexEntry } from './git-index'
import { listFiles, type Listing } from './list-files'
import { fsPath } from './path-bytes'
import { Slices } from './slices'

export interface RepositoryInfo {
  /** Null: not a git repository. `branch` is null on a detached head, `head` null before the first commit. */
  readonly git: {
    readonly branch: string | null
    readonly head: string | null
    readonly detached: boolean
    readonly dirtyFiles: number
  } | null
  readonly notices: readonly string[]
}

/** Longest time spent on reading contents and trees to count dirty files; beyond it the count is a lower bound, with a notice. */
const BUDGET_MS = 1000
/** Content of larger files is not compared: they count as dirty when their times differ. */
const MAX_COMPARED_BYTES = 8 * 1024 * 1024

/**
 * State of a work tree, without running git, its hooks or filters. Dirty files: staged, changed, deleted and untracked ones. Never
 * throws for a damaged repository: what could not be read is a notice.
 */
export async function inspectRepository(root: string): Promise<RepositoryInfo> {
  const folder = findGitFolder(root)
  const listing = await listFiles(root)
  const notices = [...listing.notices]
  if (folder === null) {
    notices.unshift('This folder is not a git repository: runs start from its files, without history.')
    return { git: null, notices }
  }
  const head = await readHead(folder, notices)
  const count = new DirtyCount(root, folder, listing, performance.now() + BUDGET_MS)
  const dirtyFiles = await count.run(head.head)
  if (count.isLowerBound) notices.push('There are more changed files than could be counted in a second: the number is a lower bound.')
  if (head.head === null) notices.push('This repository has no commit yet.')
  return { git: { ...head, dirtyFiles }, notices }
}

async function readHead(folder: GitFolder, notices: string[]): Promise<{ branch: string | null; head: string | null; detached: boolean }> {
  const text = readFileSync(join(folder.gitDir, 'HEAD'), 'utf8').trim()
  const ref = /^ref: (.+)$/.exec(text)?.[1]
  if (ref === undefined) return { branch: null, head: /^[0-9a-f]{40,64}$/.test(text) ? text : null, detached: true }
  if (ref === 'refs/heads/.invalid') {
    notices.push('This repository keeps its branches in a reftable, which Keyframe cannot read: branch and head are not shown.')
    return { branch: null, head: null, detached: false }
  }
  const branch = ref.replace(/^refs\/heads\//, '')
  if (folder.objectFormat === 'sha256') {
    notices.push('This repository uses SHA-256 object names: its history cannot be read, and staged changes are not counted.')
    return { branch, head: readLooseRef(join(folder.commonDir, ref)), detached: false }
  }
  try {
    return { branch, head: await git.resolveRef({ fs, gitdir: folder.commonDir, ref }), detached: false }
  } catch (thrown) {
    if (!(thrown instanceof git.Errors.NotFoundError)) throw thrown
    return { branch, head: null, detached: false }
  }
}

function readLooseRef(file: string): string | null {
  try {
    return readFileSync(file, 'utf8').trim()
  } catch (thrown) {
    expectFsError(thrown, 'ENOENT', 'ENOTDIR')
    return null
  }
}

class DirtyCount {
  readonly #dirty = new Set<string>()
  readonly #slices = new Slices()
  readonly #cache = {}
  isLowerBound = false

  constructor(
    private readonly root: string,
    private readonly folder: GitFolder,
    private readonly listing: Listing,
    private readonly deadline: number,
  ) {}

  async run(head: string | null): Promise<number> {
    const index: GitIndex = this.listing.index ?? { entries: [], rootTree: null }
    const tracked = new Map<string, IndexEntry>()
    for (const entry of index.entries) tracked.set(entry.path, entry)
    await this.#compareWorkTree(tracked)
    for (const { path, type } of this.listing.files) if (type !== 'directory' && !tracked.has(path)) this.#dirty.add(path)
    if (this.folder.objectFormat === 'sha256') return this.#dirty.size
    if (head === null) for (const path of tracked.keys()) this.#dirty.add(path)
    else await this.#compareStaged(head, index, tracked)
    return this.#dirty.size
  }

  #late(): boolean {
    if (performance.now() < this.deadline) return false
    this.isLowerBound = true
    return true
  }

  async #compareWorkTree(tracked: ReadonlyMap<string, IndexEntry>): Promise<void> {
    for (const [path, entry] of tracked) {
      if (this.#slices.due()) await this.#slices.rest()
      const type = entry.mode & 0o170000
      if (entry.skipWorktree || type === 0o160000) continue
      if (entry.conflicted || !this.#isClean(path, entry, type === 0o120000)) this.#dirty.add(path)
    }
  }

  #isClean(path: string, entry: IndexEntry, isLink: boolean): boolean {
    const at = fsPath(join(this.root, path))
    let stat: Stats
    try {
      stat = lstatSync(at)
    } catch (thrown) {
      expectFsError(thrown, 'ENOENT', 'ENOTDIR', 'EACCES')
      return false
    }
    if (isLink !== stat.isSymbolicLink() || (!isLink && !stat.isFile())) return false
    if (!isLink && (entry.mode & 0o100) !== (stat.mode & 0o100)) return false
    const sizeDiffers = stat.size % 2 ** 32 !== entry.sizeBytes
    if (!sizeDiffers && Math.abs(stat.mtimeMs - (entry.mtimeSeconds * 1000 + entry.mtimeNanoseconds / 1e6)) < 0.01) return true
    // An entry of size 0 may be one that git marked for a second look; a file over the cap is judged by its times.
    if ((sizeDiffers && entry.sizeBytes !== 0) || stat.size > MAX_COMPARED_BYTES) return false
    if (this.#late()) return true
    const bytes = isLink ? readlinkSync(at, { encoding: 'buffer' }) : readFileSync(at)
    return createHash(this.folder.objectFormat).update(`blob ${bytes.length}\0`).update(bytes).digest('hex') === entry.oid
  }

  /** Index against the head's tree; at once when git has cached the index's own tree. */
  async #compareStaged(head: string, index: GitIndex, tracked: ReadonlyMap<string, IndexEntry>): Promise<void> {
    try {
      const gitdir = this.folder.commonDir
      const { commit } = await git.readCommit({ fs, gitdir, oid: head, cache: this.#cache })
      if (commit.tree === index.rootTree) return
      const committed = new Set<string>()
      await this.#compareTree(commit.tree, '', tracked, committed)
      if (this.isLowerBound) return
      for (const path of tracked.keys()) if (!committed.has(path)) this.#dirty.add(path)
    } catch (thrown) {
      if (!(thrown instanceof Error)) throw thrown
      // A shallow, partial or damaged object store: the work tree was compared with the index all the same.
      this.isLowerBound = true
    }
  }

  async #compareTree(oid: string, prefix: string, tracked: ReadonlyMap<string, IndexEntry>, committed: Set<string>): Promise<void> {
    const { tree } = await git.readTree({ fs, gitdir: this.folder.commonDir, oid, cache: this.#cache })
    for (const entry of tree) {
      if (this.#late()) return
      const path = prefix + entry.path
      if (entry.type === 'tree') {
        await this.#compareTree(entry.oid, `${path}/`, tracked, committed)
      } else {
        committed.add(path)
        if (tracked.get(path)?.oid !== entry.oid) this.#dirty.add(path)
      }
    }
  }
}
