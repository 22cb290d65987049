import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { Parsers } from '../../src/main/kernel/memory/code/grammar'
import { Imports } from '../../src/main/kernel/memory/code/imports'
import { languageOf } from '../../src/main/kernel/memory/code/languages'
import { type KnownFile, knownFile, linkFile } from '../../src/main/kernel/memory/code/link-edges'
import { repositoryFiles } from '../../src/main/kernel/memory/code/repository-files'
import type { GraphEdge } from '../../src/shared/graph'

const LEFT_OUT = /(?:^|\/)(?:node_modules|\.git|coverage|dist|out)\//
const LARGEST_BYTES = 1024 * 1024

export interface LinkedFolder {
  readonly root: string
  readonly files: ReadonlyMap<string, KnownFile>
  readonly edges: readonly GraphEdge[]
}

/** The files of a folder extracted and linked by the product's own code, without a database. */
export async function linkedFolder(root: string): Promise<LinkedFolder> {
  const paths = filesIn(root)
  const parsers = new Parsers()
  const claimed = paths.flatMap((path) => {
    const language = languageOf(path)
    return language === null ? [] : [{ path, language }]
  })
  await parsers.load(new Set(claimed.map((file) => file.language)))
  const files = new Map<string, KnownFile>()
  for (const { path, language } of claimed) {
    const tree = parsers.of(language).parse(readFileSync(join(root, path), 'utf8'))
    if (tree === null) continue
    files.set(path, knownFile(path, language.extract(tree.rootNode, path)))
    tree.delete()
  }
  const imports = new Imports(repositoryFiles(root, paths))
  const named = new Map<string, { key: string; kind: string }[]>()
  for (const { path, facts } of files.values()) {
    for (const { name, kind, key } of facts.symbols) {
      const known = named.get(name) ?? []
      known.push({ key: `${path}#${key}`, kind })
      named.set(name, known)
    }
  }
  const source = {
    file: (path: string) => files.get(path) ?? null,
    resolve: (from: string, specifier: string) => imports.resolve(from, specifier),
    peers: (path: string) => imports.peers(path),
    named: (name: string, kinds: readonly string[], limit: number) =>
      (named.get(name) ?? [])
        .filter((known) => kinds.includes(known.kind))
        .slice(0, limit)
        .map((known) => known.key),
  }
  return { root, files, edges: [...files.values()].flatMap((file) => linkFile(file, source).edges) }
}

/** Files that are measured: small ones outside of what was installed and built. */
export function filesIn(root: string): string[] {
  return readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((path) => !LEFT_OUT.test(path) && isSmallFile(join(root, path)))
}

function isSmallFile(path: string): boolean {
  const stat = statSync(path, { throwIfNoEntry: false })
  return stat?.isFile() === true && stat.size <= LARGEST_BYTES
}
