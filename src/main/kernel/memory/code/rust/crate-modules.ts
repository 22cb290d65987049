import { posix } from 'node:path'
import { parse } from 'smol-toml'
import type { ImportResolver, Repository } from '../language'

interface Crate {
  readonly folder: string
  readonly root: string | null
  readonly main: string | null
  /** Names that the crate gives its dependencies, to the folder or the package that they are. */
  readonly renamed: ReadonlyMap<string, { readonly folder: string | null; readonly package: string }>
}

/** A path as one file means it: what `self` and `super` are is another thing in each file of a folder. */
export function fromFile(specifier: string, path: string): string {
  return /^(?:std|core|alloc)\b/.test(specifier) ? specifier : `${specifier} in ${posix.basename(path)}`
}

/**
 * Modules as Cargo and `mod` lay them out: `crate::a::b` is `a/b.rs` or `a/b/mod.rs` beside the crate's root, other crates of the repository
 * by their name. A path that goes on inside of a file gives that file; with `::self` at its end it is the module's own file or none.
 */
export class CrateModules implements ImportResolver {
  private readonly files: Repository
  private readonly crates = new Map<string, Crate>()
  private readonly byName = new Map<string, string>()
  private readonly declared = new Map<string, boolean>()

  constructor(repository: Repository) {
    this.files = repository
    for (const path of repository.named('Cargo.toml')) this.addCrate(path)
  }

  resolve(from: string, said: string): readonly string[] {
    const specifier = said.replace(/ in \S*$/, '')
    if (specifier.startsWith('"')) {
      const path = inside(from, specifier.slice(1, -1))
      return path !== null && this.files.has(path) ? [path] : []
    }
    const exact = specifier.endsWith('::self')
    const parts = specifier.split('::').filter((part) => part !== '')
    if (exact) parts.pop()
    const [root = '', ...rest] = parts
    let at: string | null
    if (root === 'crate') at = this.rootOf(from)
    else if (root === 'self' || root === 'super') {
      at = from
      if (root === 'super') at = this.parent(at)
      while (rest[0] === 'super') {
        rest.shift()
        at = at === null ? null : this.parent(at)
      }
    } else at = this.crateNamed(from, root) ?? this.child(from, root)
    if (at === null) return []
    for (const [index, name] of rest.entries()) {
      const next = this.child(at, name)
      if (next === null) return exact || (index === 0 && root === 'self' && rest.length === 1) ? [] : [at]
      at = next
    }
    return at === from && exact ? [] : [at]
  }

  /** Modules below, which add methods to the types of the module that they are in, and the file of the crate's macros. */
  peers(path: string): readonly string[] {
    const crate = this.crateOf(path)
    const root = crate?.root ?? crate?.main ?? null
    const macros = root === null ? [] : ['macros.rs', 'macros/mod.rs'].map((name) => posix.join(posix.dirname(root), name))
    const below = this.isRoot(path) ? [] : this.files.inFolder(this.folderOf(path)).filter((file) => file.endsWith('.rs'))
    return [...macros.filter((file) => this.files.has(file)), ...below].filter((file) => file !== path)
  }

  /** The file of a module declared in another one. */
  private child(file: string, name: string): string | null {
    const folder = this.folderOf(file)
    for (const path of [posix.join(folder, `${name}.rs`), posix.join(folder, name, 'mod.rs')])
      if (path !== file && this.files.has(path)) return path
    return null
  }

  /** Where the modules of a file are. */
  private folderOf(file: string): string {
    const folder = posix.dirname(file)
    return this.isRoot(file) || posix.basename(file) === 'mod.rs' ? folder : posix.join(folder, posix.basename(file, '.rs'))
  }

  private parent(file: string): string | null {
    if (this.isRoot(file)) return null
    const folder = posix.basename(file) === 'mod.rs' ? posix.dirname(posix.dirname(file)) : posix.dirname(file)
    const name = posix.basename(file) === 'mod.rs' ? posix.basename(posix.dirname(file)) : posix.basename(file, '.rs')
    const crate = this.crateOf(file)
    const roots = [crate?.root ?? null, crate?.main ?? null].filter((root) => root !== null && posix.dirname(root) === folder)
    for (const root of roots) if (root !== null && (roots.length === 1 || this.declares(root, name))) return root
    for (const path of [posix.join(folder, 'mod.rs'), `${folder}.rs`]) if (path !== file && this.files.has(path)) return path
    return roots[0] ?? null
  }

  private rootOf(file: string): string | null {
    let at = file
    for (let depth = 0; depth < 32 && !this.isRoot(at); depth += 1) {
      const next = this.parent(at)
      if (next === null) break
      at = next
    }
    return this.isRoot(at) ? at : (this.crateOf(file)?.root ?? this.crateOf(file)?.main ?? null)
  }

  private isRoot(file: string): boolean {
    const crate = this.crateOf(file)
    if (crate === null) return /(?:^|\/)(?:lib|main)\.rs$/.test(file)
    if (file === crate.root || file === crate.main) return true
    const within = crate.folder === '' ? file : file.slice(crate.folder.length + 1)
    return within === 'build.rs' || /^(?:src\/bin|tests|examples|benches|fuzz_targets)\/(?:[^/]+|[^/]+\/main)\.rs$/.test(within)
  }

  private declares(root: string, name: string): boolean {
    const key = `${root} ${name}`
    const known = this.declared.get(key)
    if (known !== undefined) return known
    const says = new RegExp(`\\bmod\\s+${name.replace(/\W/g, '')}\\s*;`).test(this.files.text(root) ?? '')
    this.declared.set(key, says)
    return says
  }

  private crateOf(file: string): Crate | null {
    for (let folder = posix.dirname(file); ; folder = posix.dirname(folder)) {
      const found = this.crates.get(folder === '.' ? '' : folder)
      if (found !== undefined) return found
      if (folder === '.' || folder === '/') return null
    }
  }

  private crateNamed(from: string, name: string): string | null {
    const crate = this.crateOf(from)
    const renamed = crate?.renamed.get(name)
    const folder = renamed?.folder ?? this.byName.get(renamed?.package ?? name)
    return folder === undefined ? null : (this.crates.get(folder)?.root ?? null)
  }

  private addCrate(path: string): void {
    const config = readToml(this.files.text(path))
    const pack = table(config?.package)
    if (config === null || pack === null) return
    const folder = posix.dirname(path) === '.' ? '' : posix.dirname(path)
    const lib = table(config.lib)
    const file = (...names: string[]): string | null =>
      names.map((name) => posix.join(folder, name)).find((found) => this.files.has(found)) ?? null
    const name = typeof lib?.name === 'string' ? lib.name : typeof pack.name === 'string' ? pack.name : ''
    const root = typeof lib?.path === 'string' ? file(lib.path) : file('src/lib.rs')
    const renamed = new Map<string, { folder: string | null; package: string }>()
    for (const section of ['dependencies', 'dev-dependencies', 'build-dependencies']) {
      for (const [key, value] of Object.entries(table(config[section]) ?? {})) {
        const said = table(value)
        if (said === null) continue
        const place = typeof said.path === 'string' ? inside(path, said.path) : null
        if (place !== null || typeof said.package === 'string')
          renamed.set(key.replaceAll('-', '_'), {
            folder: place,
            package: (typeof said.package === 'string' ? said.package : key).replaceAll('-', '_'),
          })
      }
    }
    this.crates.set(folder, { folder, root, main: file('src/main.rs'), renamed })
    if (root !== null && name !== '' && !this.byName.has(name.replaceAll('-', '_'))) this.byName.set(name.replaceAll('-', '_'), folder)
  }
}

/** A path relative to a file's folder; null when it leaves the repository. */
function inside(file: string, path: string): string | null {
  const joined = posix.join(posix.dirname(file), path).replace(/\/$/, '')
  if (joined.startsWith('..')) return null
  return joined === '.' ? '' : joined
}

function readToml(text: string | null): Record<string, unknown> | null {
  if (text === null) return null
  try {
    return parse(text)
  } catch (thrown) {
    // Half-written: it names no crate until it is whole.
    if (thrown instanceof Error && thrown.name === 'TomlError') return null
    throw thrown
  }
}

function table(value: unknown): Record<string, unknown> | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.fromEntries(Object.entries(value)) : null
}
