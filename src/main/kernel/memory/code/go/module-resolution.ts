import { posix } from 'node:path'
import type { ImportResolver, Repository } from '../language'

/** Packages are folders: those of the modules that the repository's go.mod files name, and of `vendor` folders. */
export class ModuleResolution implements ImportResolver {
  readonly #files: Repository
  /** The longest name first: a module may lie inside of another. */
  readonly #modules: readonly { readonly name: string; readonly folder: string }[]
  readonly #packages = new Map<string, readonly string[]>()

  constructor(repository: Repository) {
    this.#files = repository
    this.#modules = repository
      .named('go.mod')
      .flatMap((path) => {
        const name = /^\s*module\s+"?([^\s"]+)"?/m.exec(repository.text(path) ?? '')?.[1]
        return name === undefined ? [] : [{ name, folder: folderOf(path) }]
      })
      .toSorted((a, b) => b.name.length - a.name.length)
  }

  resolve(from: string, specifier: string): readonly string[] {
    for (const { name, folder } of this.#modules) {
      if (specifier !== name && !specifier.startsWith(`${name}/`)) continue
      const found = this.#package(posix.join(folder, specifier.slice(name.length + 1)))
      if (found.length > 0) return found
    }
    for (const { folder } of this.#modules) {
      if (folder !== '' && !from.startsWith(`${folder}/`)) continue
      const found = this.#package(posix.join(folder, 'vendor', specifier))
      if (found.length > 0) return found
    }
    return []
  }

  /** Tests see the package; the package does not see them. */
  peers(path: string): readonly string[] {
    const folder = folderOf(path)
    if (!isTest(path)) return this.#package(folder)
    return this.#files.inFolder(folder).filter((file) => file.endsWith('.go'))
  }

  #package(folder: string): readonly string[] {
    const at = folder === '.' ? '' : folder.replace(/\/$/, '')
    const known = this.#packages.get(at)
    if (known !== undefined) return known
    const found = this.#files.inFolder(at).filter((file) => file.endsWith('.go') && !isTest(file))
    this.#packages.set(at, found)
    return found
  }
}

function isTest(path: string): boolean {
  return path.endsWith('_test.go')
}

function folderOf(path: string): string {
  const slash = path.lastIndexOf('/')
  return slash === -1 ? '' : path.slice(0, slash)
}
