import { posix } from 'node:path'
import { parse, TomlError } from 'smol-toml'
import { z } from 'zod'
import type { ImportResolver, Repository } from '../language'

const ProjectConfig = z.object({
  tool: z
    .object({
      setuptools: z
        .object({
          'package-dir': z.record(z.string(), z.string()).optional().catch(undefined),
          packages: z
            .object({ find: z.object({ where: z.array(z.string()).optional() }).optional() })
            .optional()
            .catch(undefined),
        })
        .optional(),
      poetry: z
        .object({ packages: z.array(z.object({ from: z.string().optional() })).optional() })
        .optional()
        .catch(undefined),
    })
    .optional(),
})

/**
 * Modules as Python finds them from the root of each project in the repository, its `src` folder, and what pyproject.toml names; from the
 * folder of the importing file, as for scripts; and last by the only file whose path ends so.
 */
export class ModuleResolution implements ImportResolver {
  readonly #files: Repository
  readonly #roots: readonly string[]

  constructor(repository: Repository) {
    this.#files = repository
    const roots = new Set(['', 'src', 'lib', 'python'])
    for (const name of ['pyproject.toml', 'setup.py', 'setup.cfg', 'tox.ini', 'manage.py', 'requirements.txt']) {
      for (const path of repository.named(name)) {
        const folder = folderOf(path)
        roots.add(folder).add(posix.join(folder, 'src'))
        if (name === 'pyproject.toml') for (const named of sourceFolders(repository.text(path))) roots.add(posix.join(folder, named))
      }
    }
    this.#roots = [...roots].map((root) => (root === '.' ? '' : root))
  }

  resolve(from: string, specifier: string): readonly string[] {
    const dots = /^\.*/.exec(specifier)?.[0].length ?? 0
    const parts = specifier.slice(dots).split('.').filter(Boolean)
    const own = folderOf(from)
    if (dots > 0) {
      const up = posix.join(own === '' ? '.' : own, ...Array.from({ length: dots - 1 }, () => '..'))
      return up.startsWith('..') ? [] : this.#module(up === '.' ? '' : up, parts)
    }
    if (parts.length === 0) return []
    for (const root of this.#roots) {
      const found = this.#module(root, parts)
      if (found.length > 0) return found
    }
    for (let folder = own; folder !== ''; folder = folderOf(folder)) {
      const found = this.#module(folder, parts)
      if (found.length > 0) return found
    }
    return parts.length === 1 ? [] : this.#byEnding(parts)
  }

  /** Every module names what it uses. */
  peers(): readonly string[] {
    return []
  }

  #module(root: string, parts: readonly string[]): readonly string[] {
    const path = posix.join(root, ...parts)
    const tries = parts.length === 0 ? [] : [`${path}.py`, `${path}.pyi`]
    const inside = path === '.' || path === '' ? '' : `${path}/`
    const found = [...tries, `${inside}__init__.py`, `${inside}__init__.pyi`].find((candidate) => this.#files.has(candidate))
    return found === undefined ? [] : [found]
  }

  #byEnding(parts: readonly string[]): readonly string[] {
    const path = parts.join('/')
    const found = [
      ...this.#files.named(`${parts.at(-1)}.py`).filter((candidate) => candidate.endsWith(`/${path}.py`)),
      ...this.#files.named('__init__.py').filter((candidate) => candidate.endsWith(`/${path}/__init__.py`)),
    ]
    return found.length === 1 ? found : []
  }
}

function folderOf(path: string): string {
  const slash = path.lastIndexOf('/')
  return slash === -1 ? '' : path.slice(0, slash)
}

/** Folders that hold packages; none when the file cannot be read as what it is. */
function sourceFolders(text: string | null): readonly string[] {
  if (text === null) return []
  try {
    const config = ProjectConfig.safeParse(parse(text))
    const tool = config.success ? config.data.tool : undefined
    return [
      ...Object.values(tool?.setuptools?.['package-dir'] ?? {}),
      ...(tool?.setuptools?.packages?.find?.where ?? []),
      ...(tool?.poetry?.packages ?? []).flatMap((entry) => (entry.from === undefined ? [] : [entry.from])),
    ]
  } catch (thrown) {
    if (thrown instanceof TomlError) return []
    throw thrown
  }
}
