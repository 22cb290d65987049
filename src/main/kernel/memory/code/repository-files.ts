import { lstatSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import type { Repository } from './language'

const LARGEST_BYTES = 256 * 1024

/** The files of a folder on disk as import rules ask for them. `paths` are all that count. */
export function repositoryFiles(root: string, paths: readonly string[]): Repository {
  const all = new Set(paths)
  const folders = new Map<string, string[]>()
  const names = new Map<string, string[]>()
  for (const path of paths) {
    const folder = posix.dirname(path)
    push(folders, folder === '.' ? '' : folder, path)
    push(names, posix.basename(path), path)
  }
  return {
    has: (path) => all.has(path),
    inFolder: (folder) => folders.get(folder) ?? [],
    named: (fileName) => names.get(fileName) ?? [],
    text(path) {
      if (!all.has(path)) return null
      const file = join(root, path)
      try {
        const stat = lstatSync(file)
        return stat.isFile() && stat.size <= LARGEST_BYTES ? readFileSync(file, 'utf8') : null
      } catch (thrown) {
        // Gone or unreadable in the meantime: it maps nothing.
        if (thrown instanceof Error && 'code' in thrown) return null
        throw thrown
      }
    },
  }
}

function push(into: Map<string, string[]>, key: string, value: string): void {
  const list = into.get(key)
  if (list === undefined) into.set(key, [value])
  else list.push(value)
}
