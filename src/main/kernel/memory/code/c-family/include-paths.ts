import { posix } from 'node:path'
import type { ImportResolver, Repository } from '../language'

const SOURCE_ENDINGS = ['.c', '.cc', '.cpp', '.cxx', '-inl.h', '.inl', '.ipp', '.tpp']
/** Beyond as many the sources of headers are not looked for: a call links to what the header says. */
const MOST_HEADERS = 40
const HEADER = /\.(?:h|hh|hpp|hxx|h\+\+|cuh)$/

/**
 * Files that `#include` means: beside the file, in the folders that CMake or the compilation database give, or the only (else the nearest)
 * file of the repository whose path ends so. Definitions of what a header declares are looked for in the sources of the same name.
 */
export class IncludePaths implements ImportResolver {
  private readonly files: Repository
  private readonly folders: readonly string[]
  private readonly headers = new Map<string, string | null>()
  private readonly sources = new Map<string, readonly string[]>()

  constructor(repository: Repository) {
    this.files = repository
    const folders = new Set<string>()
    for (const path of repository.named('CMakeLists.txt'))
      for (const folder of cmakeFolders(repository.text(path) ?? '', path)) folders.add(folder)
    for (const path of repository.named('compile_commands.json'))
      for (const folder of commandFolders(repository.text(path) ?? '', path)) folders.add(folder)
    this.folders = [...folders]
  }

  resolve(from: string, specifier: string): readonly string[] {
    const found = this.header(from, specifier)
    return found === null ? [] : [found]
  }

  /** Of a header its sources; of a source those of all headers that it includes, directly or not. */
  peers(path: string): readonly string[] {
    if (HEADER.test(path)) return this.sourcesOf(path)
    const found = new Set<string>()
    const seen = new Set([path])
    for (const file of seen) {
      // Of a set that grows while it is walked.
      for (const match of (this.files.text(file) ?? '').matchAll(/^[ \t]*#[ \t]*include[ \t]*("[^"\n]+"|<[^>\n]+>)/gm)) {
        const header = this.header(file, match[1] ?? '')
        if (header === null || seen.size > MOST_HEADERS) continue
        seen.add(header)
        for (const source of this.sourcesOf(header)) found.add(source)
      }
    }
    found.delete(path)
    return [...found]
  }

  private header(from: string, specifier: string): string | null {
    const key = `${posix.dirname(from)} ${specifier}`
    const known = this.headers.get(key)
    if (known !== undefined) return known
    const found = this.search(from, specifier)
    this.headers.set(key, found)
    return found
  }

  private search(from: string, specifier: string): string | null {
    const written = posix.normalize(specifier.slice(1, -1).trim())
    const isSystem = specifier.startsWith('<')
    if (!isSystem) {
      const beside = posix.join(posix.dirname(from), written)
      if (this.files.has(beside)) return beside
    }
    for (const folder of this.folders) {
      const path = posix.join(folder, written)
      if (this.files.has(path)) return path
    }
    if (isSystem && !written.includes('/')) return null
    const tail = written.replace(/^(?:\.\.?\/)+/, '')
    const ending = this.files.named(posix.basename(tail)).filter((path) => path === tail || path.endsWith(`/${tail}`))
    return ending.length <= 1 ? (ending[0] ?? null) : nearest(from, ending)
  }

  private sourcesOf(header: string): readonly string[] {
    const known = this.sources.get(header)
    if (known !== undefined) return known
    const stem = header.replace(/\.[^./]+$/, '')
    const name = posix.basename(stem)
    const beside = SOURCE_ENDINGS.map((ending) => stem + ending).filter((path) => path !== header && this.files.has(path))
    const found =
      beside.length > 0 ? beside : SOURCE_ENDINGS.flatMap((ending) => this.files.named(name + ending)).filter((path) => path !== header)
    const best = beside.length > 0 || found.length <= 1 ? found : [nearest(header, found)].filter((path) => path !== null)
    this.sources.set(header, best)
    return best
  }
}

/** The one that shares the longest folder with the file; null when two share as much. */
function nearest(from: string, paths: readonly string[]): string | null {
  let best: string | null = null
  let most = -1
  for (const path of paths) {
    let shared = 0
    while (shared < path.length && path[shared] === from[shared]) shared += 1
    const folders = path.slice(0, shared).split('/').length - 1
    if (folders === most) best = null
    else if (folders > most) {
      most = folders
      best = path
    }
  }
  return best
}

function cmakeFolders(text: string, path: string): string[] {
  const folders: string[] = []
  for (const call of text.matchAll(/\b(?:target_)?include_directories\s*\(([^)]*)\)/gi)) {
    for (const raw of (call[1] ?? '').match(/[^\s"]+/g) ?? []) {
      const word = raw.replace(/^\$<(?:BUILD_INTERFACE|INSTALL_INTERFACE):(.*)>$/, '$1')
      const inRoot = word.replace(/^\$\{(?:PROJECT_SOURCE_DIR|CMAKE_SOURCE_DIR|CMAKE_CURRENT_SOURCE_DIR|CMAKE_CURRENT_LIST_DIR)\}\/?/, '')
      if (inRoot.includes('$') || inRoot.startsWith('/') || /^(?:PUBLIC|PRIVATE|INTERFACE|SYSTEM|BEFORE|AFTER)$/.test(inRoot)) continue
      const folder = posix.join(posix.dirname(path), inRoot === '' ? '.' : inRoot)
      if (!folder.startsWith('..')) folders.push(folder)
    }
  }
  return folders
}

function commandFolders(text: string, path: string): string[] {
  const folders: string[] = []
  const root = /"directory"\s*:\s*"([^"]+)"/.exec(text)?.[1]
  for (const match of text.matchAll(/-(?:I|isystem|iquote)(?:"\s*,\s*"|\s*)([^\s"\\]+)/g)) {
    const written = match[1] ?? ''
    const relative = posix.isAbsolute(written) && root !== undefined ? posix.relative(root, written) : written
    const folder = posix.join(posix.dirname(path), relative)
    if (!posix.isAbsolute(relative) && !folder.startsWith('..')) folders.push(folder)
  }
  return folders
}
