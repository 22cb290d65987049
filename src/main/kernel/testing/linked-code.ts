import { Parsers } from '../memory/code/grammar'
import { Imports } from '../memory/code/imports'
import type { Repository } from '../memory/code/language'
import { languageOf } from '../memory/code/languages'
import { type KnownFile, knownFile, type LinkedFile, linkFile } from '../memory/code/link-edges'
import type { FileFacts } from '../memory/code/file-facts'
import type { GraphEdge } from '../../../shared/graph'

export interface LinkedCode {
  readonly files: ReadonlyMap<string, KnownFile>
  readonly linked: ReadonlyMap<string, LinkedFile>
  readonly edges: readonly GraphEdge[]
  /** Of one kind, as `from -> to`, sorted; those of `contains` only when asked for. */
  of(...kinds: readonly GraphEdge['kind'][]): string[]
  facts(path: string): FileFacts
}

const parsers = new Parsers()

/** Files of a repository in memory, extracted and linked by the product's own code; those of no language are only there to be read. */
export async function linkedCode(sources: Readonly<Record<string, string>>): Promise<LinkedCode> {
  const paths = Object.keys(sources)
  const claimed = paths.flatMap((path) => {
    const language = languageOf(path, sources[path]?.split('\n', 1)[0])
    return language === null ? [] : [{ path, language, text: sources[path] ?? '' }]
  })
  await parsers.load(new Set(claimed.map((file) => file.language)))
  const files = new Map<string, KnownFile>()
  for (const { path, language, text } of claimed) {
    const tree = parsers.of(language).parse(text)
    if (tree === null) throw new Error(`${path} was not parsed`)
    files.set(path, knownFile(path, language.extract(tree.rootNode, path)))
    tree.delete()
  }
  const imports = new Imports(repository(sources))
  const byName = new Map<string, { key: string; kind: string }[]>()
  for (const file of files.values()) {
    for (const { name, kind, key } of file.facts.symbols)
      byName.set(name, [...(byName.get(name) ?? []), { key: `${file.path}#${key}`, kind }])
  }
  const linked = new Map<string, LinkedFile>()
  for (const file of files.values()) {
    linked.set(
      file.path,
      linkFile(file, {
        file: (path) => files.get(path) ?? null,
        resolve: (from, specifier) => imports.resolve(from, specifier),
        peers: (path) => imports.peers(path),
        named: (name, kinds, limit) =>
          (byName.get(name) ?? [])
            .filter((known) => kinds.some((kind) => kind === known.kind))
            .slice(0, limit)
            .map((known) => known.key),
      }),
    )
  }
  const edges = [...linked.values()].flatMap((file) => file.edges)
  return {
    files,
    linked,
    edges,
    of: (...kinds) =>
      edges
        .filter((edge) => kinds.includes(edge.kind))
        .map((edge) => `${edge.from} -> ${edge.to}`)
        .toSorted(),
    facts(path) {
      const file = files.get(path)
      if (file === undefined) throw new Error(`${path} is in no language`)
      return file.facts
    },
  }
}

function repository(sources: Readonly<Record<string, string>>): Repository {
  const paths = Object.keys(sources)
  const folderOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf('/')))
  return {
    has: (path) => path in sources,
    inFolder: (folder) => paths.filter((path) => folderOf(path) === folder),
    named: (fileName) => paths.filter((path) => path === fileName || path.endsWith(`/${fileName}`)),
    text: (path) => sources[path] ?? null,
  }
}
