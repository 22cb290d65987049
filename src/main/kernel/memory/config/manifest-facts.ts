import type { ExtraFacts } from '../facts-source'
import type { FactsCollector } from '../data/collect-facts'
import { keyed, THE_FILE } from '../data/collect-facts'

/** Registries that packages have their names in. */
export type Ecosystem = 'npm' | 'pypi' | 'go' | 'cargo' | 'maven' | 'composer' | 'gem' | 'nuget'

export interface Dependency {
  readonly name: string
  /** As written; '' when any will do. */
  readonly range: string
  /** `dependencies`, `development`, `optional`, `peer`, `build`, `indirect`. */
  readonly group: string
  readonly line: number
}

/** What every kind of manifest comes down to. */
export interface Manifest {
  readonly ecosystem: Ecosystem
  /** The package that it declares; null when it only names dependencies. */
  readonly own: { readonly name: string; readonly version: string; readonly description: string; readonly line: number } | null
  readonly dependencies: readonly Dependency[]
}

const LONGEST_RANGE = 80
/** Ranges may be addresses with a password or a token in them. */
const ADDRESS = /:\/\/|^git[@+]|^(?:file|link|portal|github|git|http):/

export function packageKey(ecosystem: Ecosystem, name: string): string {
  return `package:${ecosystem}/${packageName(ecosystem, name)}`
}

/** One name for all its spellings: `Flask_Login` is `flask-login` on PyPI. */
export function packageName(ecosystem: Ecosystem, name: string): string {
  return ecosystem === 'pypi' ? name.toLowerCase().replaceAll(/[-_.]+/g, '-') : name
}

export function addManifest(facts: FactsCollector, manifest: Manifest): ExtraFacts {
  const { ecosystem, own } = manifest
  if (own !== null) {
    const name = packageName(ecosystem, own.name)
    const version = harmlessRange(own.version)
    facts.declare(
      packageKey(ecosystem, name),
      'package',
      name,
      own,
      `package ${name}${version === '' ? '' : ` ${version}`}`,
      { ecosystem, ...(version !== '' && { version }) },
      own.description.slice(0, 200),
    )
    facts.relate(THE_FILE, 'contains', keyed(packageKey(ecosystem, name)), own.line, 1, 'package manifest')
  }
  for (const dependency of manifest.dependencies) {
    const name = packageName(ecosystem, dependency.name)
    const key = packageKey(ecosystem, name)
    const range = harmlessRange(dependency.range)
    const method = dependency.group === 'dependencies' ? 'package manifest' : `package manifest: ${dependency.group}`
    // It is the manifest that brings the package into the repository: imports of code are looked up among what is declared.
    const signature = `${name}${range === '' ? '' : ` ${range}`}`
    facts.declare(key, 'package', name, dependency, signature, { ecosystem, group: dependency.group, ...(range !== '' && { range }) })
    facts.relate(THE_FILE, 'depends_on', keyed(key), dependency.line, 1, method)
    if (own !== null && own.name !== dependency.name)
      facts.relate(keyed(packageKey(ecosystem, own.name)), 'depends_on', keyed(key), dependency.line, 1, method)
  }
  return facts.facts()
}

function harmlessRange(range: string): string {
  const text = range.trim()
  if (ADDRESS.test(text)) return text.startsWith('file:') || text.startsWith('link:') ? 'path' : 'address'
  return text.length > LONGEST_RANGE ? '' : text
}
