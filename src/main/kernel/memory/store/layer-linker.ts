import { posix } from 'node:path'
import type Database from 'better-sqlite3'
import { Imports } from '../code/imports'
import { languageOf } from '../code/languages'
import { type LinkedFile, linkFile } from '../code/link-edges'
import { repositoryFiles } from '../code/repository-files'
import { type FactsCache, LayerFiles, type LayerPlace } from './layer-files'

/** A file's edges with what they depend on beyond what the linker names. */
export interface LinkedWithNeeds {
  readonly linked: LinkedFile
  readonly needs: ReadonlySet<string>
}

/** Makes the edges of files of one layer. Reads only, so that any thread can do it. */
export class LayerLinker {
  readonly files: LayerFiles
  readonly #imports: Imports

  constructor(root: string, database: Database.Database, place: LayerPlace, cache: FactsCache) {
    this.files = new LayerFiles(database, place, cache)
    const found = repositoryFiles(root, this.files.paths())
    this.#imports = new Imports(place.baseVersion === null ? found : { ...found, text: (path) => this.files.text(path) })
  }

  link(path: string): LinkedWithNeeds {
    const needs = new Set<string>()
    const { files } = this
    const inPackages = languageOf(path)?.imports?.peered === true
    const linked = linkFile(files.linkable(path), {
      file: (other) => files.known(other),
      resolve: (from, specifier) => {
        const found = this.#imports.resolve(from, specifier)
        for (const need of needsOfImport(from, specifier)) needs.add(need)
        if (found.length > 1 && found[0] !== undefined) needs.add(folderNeed(found[0]))
        return found
      },
      peers: (of) => {
        if (inPackages) needs.add(folderNeed(of))
        return this.#imports.peers(of)
      },
      named: (name, kinds, limit) => files.named(name, kinds, limit),
    })
    return { linked, needs }
  }
}

const SIMPLE_NAMES = new Set(['index', 'mod', 'lib', 'main', '__init__'])
const PARTS_OF_IMPORT = 4

/** What the edges of others may need of a file that comes or goes. */
export function needsOfFile(path: string): string[] {
  const folder = posix.dirname(path)
  const stem = posix.basename(path).replace(/\..*$/s, '')
  const needs = [`folder:${folder === '.' ? '' : folder}`, `import:${folder === '.' ? '' : posix.basename(folder)}`]
  if (!SIMPLE_NAMES.has(stem)) needs.push(`import:${stem}`)
  return needs
}

function folderNeed(path: string): string {
  const folder = posix.dirname(path)
  return `folder:${folder === '.' ? '' : folder}`
}

/** The last parts of a specifier: a file or folder that is called so may be what it means. */
function needsOfImport(from: string, specifier: string): string[] {
  const parts = (specifier.match(/[\p{L}\p{N}_$-]+/gu) ?? []).slice(-PARTS_OF_IMPORT)
  if (parts.length > 0) return parts.map((part) => `import:${part}`)
  const folder = posix.join(posix.dirname(from), /^\.{1,2}(?:\/\.{0,2})*$/.test(specifier) ? specifier : '.')
  return [`import:${folder === '.' ? '' : posix.basename(folder)}`]
}
