import { createHash } from 'node:crypto'
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { fsPath, nameFromBytes } from '../../../workspace/path-bytes'
import { Slices } from '../../../workspace/slices'
import type { RepositoryView } from './repository-view'
import { runGit } from './run-git'

/** One file as git sees it. `oid` null: it could not be read. */
export interface FileEntry {
  readonly mode: string
  readonly oid: string | null
  readonly size: number
}

export type TreeEntries = ReadonlyMap<string, FileEntry>

/** Files of a commit; submodules are left out. */
export async function commitEntries(view: RepositoryView, commit: string, signal: AbortSignal): Promise<TreeEntries> {
  const { bytes } = await runGit(view, ['ls-tree', '-r', '-z', '--full-tree', commit], { signal })
  const entries = new Map<string, FileEntry>()
  const slices = new Slices(signal)
  let from = 0
  for (let end = bytes.indexOf(0); end !== -1; end = bytes.indexOf(0, from)) {
    if (slices.due()) await slices.rest()
    const [head = '', name = ''] = bytes.toString('latin1', from, end).split(/\t(.*)/s)
    const [mode = '', , oid = ''] = head.split(' ')
    if (mode !== '160000') entries.set(nameFromBytes(name), { mode, oid, size: -1 })
    from = end + 1
  }
  return entries
}

/**
 * Files of a folder that nobody writes any more (a run's base), hashed as they are. Contents are read by git, away from the event loop;
 * names that cannot be passed to it line by line are read here.
 */
export async function folderEntries(view: RepositoryView, dir: string, signal: AbortSignal): Promise<TreeEntries> {
  const slices = new Slices(signal)
  const regular: { path: string; mode: string; size: number }[] = []
  const entries = new Map<string, FileEntry>()
  const visit = async (prefix: string): Promise<void> => {
    for (const entry of readdirSync(fsPath(join(dir, prefix)), { withFileTypes: true, encoding: 'buffer' })) {
      if (slices.due()) await slices.rest()
      const name = nameFromBytes(entry.name.toString('latin1'))
      const path = prefix === '' ? name : `${prefix}/${name}`
      const at = fsPath(join(dir, path))
      if (entry.isDirectory()) {
        if (name.toLowerCase() !== '.git') await visit(path)
      } else if (entry.isSymbolicLink()) {
        const target = readlinkSync(at, 'buffer')
        entries.set(path, { mode: '120000', oid: blobName(target, view.objectFormat), size: target.length })
      } else if (entry.isFile()) {
        const stat = lstatSync(at)
        const mode = (stat.mode & 0o100) === 0 ? '100644' : '100755'
        if (/[\n\\]|^"/.test(path)) entries.set(path, { mode, oid: blobName(readFileSync(at), view.objectFormat), size: stat.size })
        else regular.push({ path, mode, size: stat.size })
      }
    }
  }
  await visit('')
  if (regular.length === 0) return entries
  const stdin = Buffer.from(regular.map(({ path }) => `${path}\n`).join(''), 'utf8')
  const { bytes } = await runGit(view, ['hash-object', '--no-filters', '--stdin-paths'], { signal, stdin, cwd: dir })
  const oids = bytes.toString('latin1').split('\n')
  for (const [index, { path, mode, size }] of regular.entries()) entries.set(path, { mode, oid: oids[index] ?? null, size })
  return entries
}

export function blobName(bytes: Uint8Array, format: string): string {
  return createHash(format).update(`blob ${bytes.length}\0`).update(bytes).digest('hex')
}
