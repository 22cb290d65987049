import type { FileDiff, FileVersion, TreeEntry } from '../../../shared/files'
import type { KernelLink } from '../../app/kernel-link'
import type { Point, WindowModel } from '../../app/window-model'

/** Versions of files kept in the window; a scrub over a run touches a few files many times. */
const VERSIONS_KEPT = 200
const TREES_KEPT = 24

/**
 * What of a point decides its files: the base of the run and the manifest of the last checkpoint on the way to the point.
 * Two points with the same key hold the same files, so an answer for one serves the other.
 */
export function filesKey(model: WindowModel, point: Point): string {
  const { checkpoint } = model.run.store.getState().cache.stateAt(point.branchId, point.n)
  return `${point.runId} ${checkpoint?.ref.manifest ?? 'base'}`
}

/** Remembers the answers for keys that never change their meaning, the least recently used dropped first. */
class Answers<T> {
  private readonly entries = new Map<string, Promise<T>>()

  constructor(private readonly kept: number) {}

  get(key: string, ask: () => Promise<T>): Promise<T> {
    const known = this.entries.get(key)
    if (known !== undefined) {
      this.entries.delete(key)
      this.entries.set(key, known)
      return known
    }
    const asked = ask()
    this.entries.set(key, asked)
    asked.catch(() => {
      // A failure is no answer: the next one asks again, and whoever asked sees the failure.
      if (this.entries.get(key) === asked) this.entries.delete(key)
    })
    for (const oldest of this.entries.keys()) {
      if (this.entries.size <= this.kept) break
      this.entries.delete(oldest)
    }
    return asked
  }
}

const versions = new Answers<FileVersion>(VERSIONS_KEPT)
const trees = new Answers<readonly TreeEntry[]>(TREES_KEPT)
const diffs = new Answers<readonly FileDiff[]>(TREES_KEPT)

/** The file as of the point. Rejects with `files.not-found` where there was none. `key` is the point's `filesKey`. */
export function readFileAt(link: KernelLink, point: Point, key: string, path: string): Promise<FileVersion> {
  return versions.get(`${key} ${path}`, () => link.call('files.read', { ...point, path }))
}

export function readTreeAt(link: KernelLink, point: Point, key: string): Promise<readonly TreeEntry[]> {
  return trees.get(key, () => link.call('files.tree', point))
}

/** Changes from `against` (the base of the run when null) to the point. */
export function readDiffAt(
  link: KernelLink,
  at: { readonly point: Point; readonly key: string },
  against: { readonly point: Point; readonly key: string } | null,
): Promise<readonly FileDiff[]> {
  return diffs.get(`${at.key} against ${against?.key ?? 'base'}`, () =>
    link.call('files.diff', { at: at.point, against: against?.point ?? null }),
  )
}
