import { posix } from 'node:path'
import type { ImportResolver, Repository } from '../language'

/**
 * Files that scripts name by path: from the script's own folder, from each folder above it, and, where the beginning of the path is only
 * known when the script runs (written as a leading `*`), the only file that ends so.
 */
export class ScriptPaths implements ImportResolver {
  readonly #files: Repository

  constructor(repository: Repository) {
    this.#files = repository
  }

  resolve(from: string, specifier: string): readonly string[] {
    const isOpen = specifier.startsWith('*/')
    const path = isOpen ? specifier.slice(2) : specifier
    if (path.startsWith('/') || path === '') return []
    for (let folder = posix.dirname(from); ; folder = posix.dirname(folder)) {
      const found = posix.normalize(posix.join(folder, path))
      if (this.#files.has(found)) return [found]
      if (folder === '.' || folder === '/') break
    }
    if (!isOpen) return []
    const ending = posix.normalize(path).replace(/^(?:\.\.\/)+/, '')
    const named = this.#files.named(posix.basename(path)).filter((file) => file === ending || file.endsWith(`/${ending}`))
    return named.length === 1 ? named : []
  }

  /** Scripts see only what they read in. */
  peers(): readonly string[] {
    return []
  }
}
