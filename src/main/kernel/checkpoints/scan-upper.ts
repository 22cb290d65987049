import { closeSync, constants, lstatSync, openSync, readdirSync, readlinkSync } from 'node:fs'
import type { Stats } from 'node:fs'
import { fsPath, isKeptPath, nameFromBytes, textOfBytes } from '../workspace/path-bytes'
import type { Slices } from '../workspace/slices'
import type { BaseFolder } from './base-index'
import { resolveEntry, type ViewFolder } from './branch-view'
import { guardedOpen, isUnreadable, type GuardedFile } from './guarded-open'
import type { ManifestEntry, TreeReader } from './manifest'

export type LeafEntry = Exclude<ManifestEntry, { t: 'd' }>
export interface ScanFolder {
  readonly kind: 'folder'
  readonly path: string
  readonly mode: number
  /** While path and identity are the same, it is the same folder object: inode and time of birth. */
  readonly identity: string
  /** The layers below have a folder here too, so this may be one that hides theirs. */
  readonly mayHide: boolean
  readonly children: Map<string, ScanNode>
}
export type ScanNode = ScanFolder | { readonly kind: 'leaf'; readonly entry: LeafEntry }

export interface ScanContext {
  readonly trees: TreeReader
  readonly slices: Slices
  readonly notices: string[]
  /** What is no content of the workspace, and is not entered. */
  readonly isOutside?: (path: string) => boolean
  /** Content of a regular file that was found as `stat`. `open` may throw what `isUnreadable` knows. */
  readFile(path: string, stat: Stats, open: () => GuardedFile): Promise<LeafEntry>
}

const MAX_DEPTH = 200

/**
 * Walks an upper directory without ever following a link: each folder is entered through the descriptor of its parent
 * (`/proc/self/fd/N/name`, O_NOFOLLOW), so a component swapped meanwhile leads nowhere. Everything found is untrusted.
 */
export async function scanUpper(upperDir: string, base: BaseFolder, layer: ViewFolder, context: ScanContext): Promise<ScanFolder> {
  const fd = openSync(upperDir, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW)
  try {
    const children = await scanChildren(fd, '', layer, context, 0)
    return { kind: 'folder', path: '', mode: base.mode, identity: '', mayHide: false, children }
  } finally {
    closeSync(fd)
  }
}

async function scanChildren(fd: number, prefix: string, below: ViewFolder | null, context: ScanContext, depth: number) {
  const children = new Map<string, ScanNode>()
  const here = `/proc/self/fd/${fd}`
  const tree = context.trees.read(below?.tree ?? null)
  for (const raw of readdirSync(here, { encoding: 'latin1' })) {
    if (context.slices.due()) await context.slices.rest()
    const name = nameFromBytes(raw)
    const path = prefix + name
    if (context.isOutside?.(path) === true) continue
    if (!isKeptPath(path)) {
      children.set(name, skipped(context, `${path.slice(0, 100)}...`, 'unreadable', 0))
      continue
    }
    const at = fsPath(`${here}/${name}`)
    try {
      const stat = lstatSync(at)
      if (stat.isDirectory()) {
        const lower = resolveEntry(tree.get(name), below?.base?.children.get(name))
        children.set(name, await scanFolder(at, path, stat, lower?.type === 'directory' ? lower : null, context, depth))
      } else {
        children.set(name, { kind: 'leaf', entry: await scanLeaf(at, path, stat, context) })
      }
    } catch (thrown) {
      if (!isUnreadable(thrown)) throw thrown
      children.set(name, skipped(context, path, 'unreadable', 0))
    }
  }
  return children
}

async function scanFolder(
  at: string | Buffer,
  path: string,
  stat: Stats,
  below: ViewFolder | null,
  context: ScanContext,
  depth: number,
): Promise<ScanNode> {
  if (depth >= MAX_DEPTH) return skipped(context, path, 'unreadable', 0)
  const folder = guardedOpen(at, stat, 'folder')
  try {
    return {
      kind: 'folder',
      path,
      mode: stat.mode & 0o777,
      identity: `${stat.ino} ${stat.birthtimeMs > 0 && stat.birthtimeMs !== stat.ctimeMs ? stat.birthtimeMs : stat.ctimeMs}`,
      mayHide: below !== null,
      children: await scanChildren(folder.fd, `${path}/`, below, context, depth + 1),
    }
  } finally {
    folder.close()
  }
}

async function scanLeaf(at: string | Buffer, path: string, stat: Stats, context: ScanContext): Promise<LeafEntry> {
  if (stat.isFile()) return context.readFile(path, stat, () => guardedOpen(at, stat, 'file'))
  if (stat.isSymbolicLink()) return { t: 'l', to: textOfBytes(readlinkSync(at, { encoding: 'buffer' })) }
  if (stat.isCharacterDevice() && stat.rdev === 0) return { t: 'w' }
  return skipped(context, path, stat.isFIFO() ? 'pipe' : stat.isSocket() ? 'socket' : 'device', 0).entry
}

export function skipped(context: Pick<ScanContext, 'notices'>, path: string, why: (LeafEntry & { t: 'x' })['why'], sizeBytes: number) {
  const reason = why === 'unreadable' ? 'could not be read' : why === 'oversize' ? `is too large (${sizeBytes} bytes)` : `is a ${why}`
  context.notices.push(`${path} ${reason} and is not part of checkpoints.`)
  return { kind: 'leaf', entry: { t: 'x', why, s: sizeBytes } } as const
}
