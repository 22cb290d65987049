import { posix } from 'node:path'
import type { ImportResolver, Repository } from '../language'

const BUILD_FILES = ['pom.xml', 'build.gradle', 'build.gradle.kts', 'build.xml', 'BUILD', 'BUILD.bazel', 'module-info.java']
const SOURCE_FOLDERS = [
  '',
  'src/main/java',
  'src/test/java',
  'src/testFixtures/java',
  'src/integrationTest/java',
  'src',
  'test',
  'src/java',
  'java',
  'tests',
]

/**
 * A package is every folder whose files declare it, below the source roots of the repository's modules: `src/main/java` and `src/test/java` share theirs. `a.b.C` is the
 * file of that class, `a.b.*` all files of the package, `a.b.C.*` the class again.
 */
export class JavaPackages implements ImportResolver {
  private readonly files: Repository
  private readonly declared = new Map<string, string | null>()
  private readonly packages = new Map<string, readonly string[]>()
  private readonly perFolder = new Map<string, readonly string[]>()
  private readonly roots: ReadonlySet<string>

  constructor(repository: Repository) {
    this.files = repository
    const modules = ['', ...BUILD_FILES.flatMap((name) => repository.named(name)).map(folderOf)]
    this.roots = new Set(modules.flatMap((folder) => SOURCE_FOLDERS.map((source) => join(folder, source))))
  }

  resolve(from: string, specifier: string): readonly string[] {
    const all = specifier.endsWith('.*')
    const name = all ? specifier.slice(0, -2) : specifier
    const files = all ? this.filesOf(name, from) : []
    if (files.length > 0) return files
    const dot = name.lastIndexOf('.')
    const pack = dot === -1 ? '' : name.slice(0, dot)
    const named = this.files.named(`${name.slice(dot + 1)}.java`).filter((path) => this.packageOf(folderOf(path)) === pack)
    // A class may lie beside the one that its file is named after.
    return named.length > 0 ? named : this.filesOf(pack, from)
  }

  peers(path: string): readonly string[] {
    const folder = folderOf(path)
    const pack = this.packageOf(folder)
    return pack === null ? [] : this.filesOf(pack, path)
  }

  private filesOf(pack: string, from: string): readonly string[] {
    const own = folderOf(from)
    const ownRoot = rootAbove(own, this.packageOf(own) ?? '')
    const key = `${ownRoot ?? ''} ${pack}`
    const known = this.packages.get(key)
    if (known !== undefined) return known
    const roots = new Set([...(ownRoot === null ? [] : [ownRoot]), ...this.roots])
    const folders = [...roots].map((root) => join(root, pack.replaceAll('.', '/')))
    const found = [...new Set(folders)].filter((folder) => this.packageOf(folder) === pack).flatMap((folder) => this.javaFiles(folder))
    this.packages.set(key, found)
    return found
  }

  private packageOf(folder: string): string | null {
    const known = this.declared.get(folder)
    if (known !== undefined) return known
    let found: string | null = null
    for (const path of this.javaFiles(folder).slice(0, 3)) {
      const text = this.files.text(path)
      if (text === null) continue
      found = /^[ \t]*package\s+([\w.]+)\s*;/m.exec(text)?.[1] ?? ''
      break
    }
    this.declared.set(folder, found)
    return found
  }

  private javaFiles(folder: string): readonly string[] {
    const known = this.perFolder.get(folder)
    if (known !== undefined) return known
    const found = this.files.inFolder(folder).filter((path) => path.endsWith('.java') && !path.endsWith('package-info.java'))
    this.perFolder.set(folder, found)
    return found
  }
}

function join(folder: string, name: string): string {
  return folder === '' || name === '' ? folder + name : `${folder}/${name}`
}

function folderOf(path: string): string {
  const folder = posix.dirname(path)
  return folder === '.' ? '' : folder
}

function rootAbove(folder: string, pack: string): string | null {
  const tail = pack.replaceAll('.', '/')
  if (tail === '') return folder
  if (folder === tail) return ''
  return folder.endsWith(`/${tail}`) ? folder.slice(0, -tail.length - 1) : null
}
