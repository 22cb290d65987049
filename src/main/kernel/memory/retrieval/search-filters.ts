import type Database from 'better-sqlite3'
import picomatch from 'picomatch'
import { KeyframeError } from '../../../../shared/failure'
import type { SearchFilters } from '../../../../shared/graph'
import type { Placed, Sight } from '../view'

/** What a filter looks at. */
export interface Filterable {
  readonly path: string
  readonly kind: string | null
  readonly language: string | null
}

interface OwnedRow extends Placed {
  readonly path: string
}

const MOST_GLOB = 500
/** Files and symbols with an `owned_by` edge to an owner that has one of these names, whatever its kind. */
const OWNED = `SELECT n.key AS path, e.layer, e.file, e.valid_from AS validFrom, e.valid_to AS validTo
  FROM edges e JOIN nodes n ON n.id = e.src
  WHERE e.kind = 'owned_by' AND e.dst IN (SELECT node_id FROM entities WHERE name_lower = ? AND kind IN ('owner', 'reviewer', 'oncall', 'author'))`

/**
 * A test for hits: in one of the paths, of one of the kinds, languages and owners; a filter that is absent or empty lets everything through.
 * Null when there is none. Throws `search.bad-glob`.
 */
export function filterOf(filters: SearchFilters, database: Database.Database, sight: Sight): ((hit: Filterable) => boolean) | null {
  const tests: ((hit: Filterable) => boolean)[] = []
  if (isSet(filters.paths)) {
    const matches = pathMatcher(filters.paths)
    tests.push((hit) => matches(hit.path))
  }
  if (isSet(filters.kinds)) {
    const kinds = new Set<string>(filters.kinds)
    tests.push((hit) => kinds.has(hit.kind ?? 'file'))
  }
  if (isSet(filters.languages)) {
    const languages = new Set(filters.languages.map((language) => language.toLowerCase()))
    tests.push((hit) => languages.has(hit.language ?? ''))
  }
  if (isSet(filters.owners)) {
    const owned = ownedPaths(database, sight, filters.owners)
    tests.push((hit) => owned.has(hit.path))
  }
  return tests.length === 0 ? null : (hit) => tests.every((test) => test(hit))
}

function isSet<T>(values: readonly T[] | undefined): values is readonly T[] {
  return values !== undefined && values.length > 0
}

/** A glob without a slash is one of names, as in .gitignore; a folder stands for all that is in it. */
function pathMatcher(globs: readonly string[]): (path: string) => boolean {
  const patterns = globs.flatMap((glob) => {
    const trimmed = glob
      .trim()
      .replace(/^\.?\//, '')
      .replace(/\/+$/, '')
    if (trimmed === '' || trimmed.length > MOST_GLOB) throw badGlob(glob)
    const anywhere = trimmed.includes('/') || glob.trim().startsWith('/') ? trimmed : `**/${trimmed}`
    return [anywhere, `${anywhere}/**`]
  })
  try {
    return picomatch(patterns, { dot: true })
  } catch (cause) {
    throw badGlob(globs.join(', '), cause)
  }
}

function badGlob(glob: string, cause?: unknown): KeyframeError {
  return new KeyframeError(
    {
      code: 'search.bad-glob',
      message: `"${glob.slice(0, 100)}" is no pattern of paths.`,
      action: 'Write one as src/billing, *.ts or docs/**/*.md.',
    },
    { cause },
  )
}

function ownedPaths(database: Database.Database, sight: Sight, owners: readonly string[]): ReadonlySet<string> {
  const rows = database.prepare<[string], OwnedRow>(OWNED)
  const paths = new Set<string>()
  for (const owner of owners) {
    for (const row of rows.iterate(owner.toLowerCase())) if (sight.seesEdge(row)) paths.add(row.path.split('#')[0] ?? row.path)
  }
  return paths
}
