import { dirname, posix } from 'node:path'
import { z } from 'zod'
import type { ImportResolver, Repository } from '../language'

const CompilerConfig = z.object({
  extends: z.union([z.string(), z.array(z.string())]).optional(),
  compilerOptions: z.object({ baseUrl: z.string().optional(), paths: z.record(z.string(), z.array(z.string())).optional() }).optional(),
})
const PackageConfig = z.object({
  name: z.string().optional(),
  main: z.string().optional(),
  module: z.string().optional(),
  types: z.string().optional(),
  exports: z.unknown().optional(),
})

const ENDINGS = [
  '',
  '.ts',
  '.tsx',
  '.mts',
  '.cts',
  '.d.ts',
  '.js',
  '.jsx',
  '.mjs',
  '.cjs',
  '/index.ts',
  '/index.tsx',
  '/index.mts',
  '/index.js',
  '/index.jsx',
  '/index.mjs',
  '/index.cjs',
]
const SOURCE_OF: Readonly<Record<string, readonly string[]>> = {
  '.js': ['.ts', '.tsx', '.d.ts'],
  '.jsx': ['.tsx'],
  '.mjs': ['.mts', '.d.mts'],
  '.cjs': ['.cts', '.d.cts'],
}

interface PathMapping {
  readonly dir: string
  readonly base: string
  readonly paths: readonly (readonly [pattern: string, targets: readonly string[]])[]
}

/**
 * Which file of the repository an import means: relative ones as TypeScript's bundler resolution does, `paths` and `baseUrl` of the nearest
 * tsconfig or jsconfig, and packages of the same repository by their name. None for everything outside of it.
 */
export class ModuleResolution implements ImportResolver {
  private readonly mappings: PathMapping[] = []
  private readonly packages = new Map<string, { dir: string; entries: string[] }>()
  private readonly files: Repository

  constructor(repository: Repository) {
    this.files = repository
    for (const path of [...repository.named('tsconfig.json'), ...repository.named('jsconfig.json')]) this.addMapping(path)
    for (const path of repository.named('package.json')) this.addPackage(path)
    this.mappings.sort((a, b) => b.dir.length - a.dir.length)
  }

  resolve(from: string, specifier: string): readonly string[] {
    const found = this.search(from, specifier)
    return found === null ? [] : [found]
  }

  /** Every module names what it uses. */
  peers(): readonly string[] {
    return []
  }

  private search(from: string, specifier: string): string | null {
    if (specifier.startsWith('.')) return this.file(posix.join(posix.dirname(from), specifier))
    for (const mapping of this.mappings) {
      if (mapping.dir !== '' && !from.startsWith(`${mapping.dir}/`)) continue
      const found = this.mapped(mapping, specifier)
      if (found !== null) return found
    }
    return this.inPackage(specifier)
  }

  private mapped(mapping: PathMapping, specifier: string): string | null {
    for (const [pattern, targets] of mapping.paths) {
      const [before = '', after] = pattern.split('*')
      const matches = after === undefined ? specifier === pattern : specifier.startsWith(before) && specifier.endsWith(after)
      if (!matches) continue
      const star = after === undefined ? '' : specifier.slice(before.length, specifier.length - after.length)
      for (const target of targets) {
        const found = this.file(posix.join(mapping.base, target.replace('*', star)))
        if (found !== null) return found
      }
    }
    return null
  }

  private inPackage(specifier: string): string | null {
    const parts = specifier.split('/')
    const name = specifier.startsWith('@') ? parts.slice(0, 2).join('/') : (parts[0] ?? '')
    const known = this.packages.get(name)
    if (known === undefined) return null
    const rest = specifier.slice(name.length + 1)
    const tries = rest === '' ? [...known.entries, 'src/index', 'index'] : [rest, `src/${rest}`]
    for (const entry of tries) {
      for (const path of [entry, entry.replace(/^(?:\.\/)?(?:dist|lib|build|out)\//, 'src/')]) {
        const found = this.file(posix.join(known.dir, path))
        if (found !== null) return found
      }
    }
    return null
  }

  private file(path: string): string | null {
    if (path.startsWith('../')) return null
    for (const ending of ENDINGS) if (this.files.has(path + ending)) return path + ending
    const written = posix.extname(path)
    for (const source of SOURCE_OF[written] ?? []) {
      const candidate = path.slice(0, -written.length) + source
      if (this.files.has(candidate)) return candidate
    }
    return null
  }

  private addMapping(path: string): void {
    const config = readConfig(this.files.text(path), CompilerConfig)
    if (config === null) return
    const dir = dirname(path) === '.' ? '' : dirname(path)
    const paths: (readonly [string, readonly string[]])[] = []
    const bases: string[] = []
    for (let at = config, folder = dir, depth = 0; depth < 5; depth += 1) {
      const base = posix.join(folder, at.compilerOptions?.baseUrl ?? '.')
      for (const [pattern, targets] of Object.entries(at.compilerOptions?.paths ?? {}))
        paths.push([pattern, targets.map((target) => posix.join(base, target))])
      if (at.compilerOptions?.baseUrl !== undefined) bases.push(base)
      const parent = [at.extends ?? []].flat()[0]
      if (parent === undefined || !parent.startsWith('.')) break
      const file = posix.join(folder, parent.endsWith('.json') ? parent : `${parent}.json`)
      const next = readConfig(this.files.text(file), CompilerConfig)
      if (next === null) break
      at = next
      folder = posix.dirname(file) === '.' ? '' : posix.dirname(file)
    }
    for (const base of bases) paths.push(['*', [posix.join(base, '*')]])
    if (paths.length > 0) this.mappings.push({ dir, base: '', paths })
  }

  private addPackage(path: string): void {
    const config = readConfig(this.files.text(path), PackageConfig)
    if (config?.name === undefined) return
    const entries = [...exportTargets(config.exports), config.types, config.module, config.main].filter((entry) => entry !== undefined)
    this.packages.set(config.name, { dir: posix.dirname(path), entries })
  }
}

function exportTargets(exports: unknown, depth = 0): string[] {
  if (typeof exports === 'string') return [exports]
  if (typeof exports !== 'object' || exports === null || depth > 3) return []
  const entries = Object.entries(exports).filter(([key]) => key === '.' || !key.startsWith('.'))
  return entries.flatMap(([, value]) => exportTargets(value, depth + 1))
}

/** JSON with comments and trailing commas; null when the file is gone or is not what it should be: then it maps nothing. */
function readConfig<Schema extends z.ZodType>(text: string | null, schema: Schema): z.output<Schema> | null {
  if (text === null) return null
  try {
    const bare = text.replace(/("(?:\\.|[^"\\])*")|\/\/[^\n]*|\/\*[\s\S]*?\*\//g, '$1')
    const parsed = schema.safeParse(JSON.parse(bare.replace(/("(?:\\.|[^"\\])*")|,(?=\s*[}\]])/g, '$1')))
    return parsed.success ? parsed.data : null
  } catch (thrown) {
    if (thrown instanceof SyntaxError) return null
    throw thrown
  }
}
