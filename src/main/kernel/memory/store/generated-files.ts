import { posix } from 'node:path'
import ignore, { type Ignore } from 'ignore'

const LOCK_FILES = new Set([
  ...['package-lock.json', 'npm-shrinkwrap.json', 'yarn.lock', 'pnpm-lock.yaml', 'bun.lock', 'bun.lockb', 'deno.lock'],
  ...['Cargo.lock', 'poetry.lock', 'uv.lock', 'pdm.lock', 'Pipfile.lock', 'composer.lock', 'Gemfile.lock', 'go.sum', 'go.work.sum'],
  ...['.terraform.lock.hcl', 'gradle.lockfile', 'Podfile.lock', 'pubspec.lock', 'flake.lock', 'mix.lock'],
])
const BY_NAME = /[.-]min\.(?:js|mjs|cjs|css)$|\.map$/
/** Where generators say so: in the first lines. */
const HEADER_BYTES = 2048
const BY_HEADER = /^.*\bCode generated\b.*\bDO NOT EDIT\b|^\W*@generated\b/m
const MINIFIED = /\.(?:[cm]?js|css)$/
const MINIFIED_BYTES = 4096
const MINIFIED_LINE = 1000

/** Why a file counts as generated, by its name alone; null when it does not. */
export function generatedByName(path: string): string | null {
  const name = posix.basename(path)
  if (LOCK_FILES.has(name)) return 'generated (lock file)'
  return BY_NAME.test(name) ? 'generated (minified)' : null
}

export function generatedByText(path: string, text: string): string | null {
  if (BY_HEADER.test(text.slice(0, HEADER_BYTES))) return 'generated (says so)'
  if (!MINIFIED.test(path) || text.length < MINIFIED_BYTES) return null
  let lines = 1
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) lines += 1
  return text.length / lines > MINIFIED_LINE ? 'generated (minified)' : null
}

export const MARKED_GENERATED = 'generated (.gitattributes)'

/** What `.gitattributes` files mark as `linguist-generated`; the deepest file that says anything decides. */
export class GeneratedMarks {
  readonly #folders: readonly { readonly folder: string; readonly on: Ignore; readonly off: Ignore }[]

  /** `read` gives the text of a file, null when there is none. */
  constructor(paths: readonly string[], read: (path: string) => string | null) {
    const files = paths.filter((path) => path === '.gitattributes' || path.endsWith('/.gitattributes'))
    const folders = files.flatMap((file) => {
      const [on, off] = patterns(read(file) ?? '')
      if (on.length === 0 && off.length === 0) return []
      const folder = posix.dirname(file)
      return [{ folder: folder === '.' ? '' : `${folder}/`, on: matcher(on), off: matcher(off) }]
    })
    this.#folders = folders.sort((a, b) => b.folder.length - a.folder.length)
  }

  marks(path: string): boolean {
    for (const { folder, on, off } of this.#folders) {
      if (!path.startsWith(folder)) continue
      const inside = path.slice(folder.length)
      if (off.ignores(inside)) return false
      if (on.ignores(inside)) return true
    }
    return false
  }
}

function matcher(lines: readonly string[]): Ignore {
  return ignore({ ignorecase: false, allowRelativePaths: true }).add([...lines])
}

/** Patterns that are marked, and those that are unmarked. */
function patterns(text: string): [string[], string[]] {
  const on: string[] = []
  const off: string[] = []
  for (const line of text.split('\n')) {
    const [pattern, ...attributes] = line.trim().split(/\s+/)
    if (pattern === undefined || pattern === '' || pattern.startsWith('#') || pattern.startsWith('!')) continue
    for (const attribute of attributes) {
      if (attribute === 'linguist-generated' || attribute === 'linguist-generated=true') on.push(pattern)
      if (attribute === '-linguist-generated' || attribute === 'linguist-generated=false') off.push(pattern)
    }
  }
  return [on, off]
}
