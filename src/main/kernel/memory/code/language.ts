import type { Node } from 'web-tree-sitter'
import type { FileFacts } from './file-facts'

/** A programming language that the index understands. One object a language, in `languages.ts`. */
export interface Language {
  /** Lower case: `typescript`, `python`, `cpp`. What entities and chunks of its files carry. */
  readonly id: string
  /** The grammar's WebAssembly file as a package path: `tree-sitter-python/tree-sitter-python.wasm`. */
  readonly grammar: string
  /** Whether a file is in this language, by its path; for files without an ending also by its first line. */
  claims(path: string, firstLine: string): boolean
  /** Everything that the file says about itself. Linear in the size of the tree; never throws for odd source. */
  extract(root: Node, path: string): FileFacts
  /** Null: the language's imports name nothing that could be a file of the repository. */
  readonly imports: ImportRule | null
}

/** What the repository has, for rules that find files. */
export interface Repository {
  has(path: string): boolean
  /** Files directly in a folder ('' is the root); a file's own folder gives its neighbours. */
  inFolder(folder: string): readonly string[]
  /** Paths of files with this last part. */
  named(fileName: string): readonly string[]
  /** Small files that say how modules are named (go.mod, Cargo.toml, tsconfig.json, pyproject.toml); null when there is none. */
  text(path: string): string | null
}

/** Made once for a repository, again when files come or go. */
export interface ImportRule {
  /** Files of a package see each other's names without an import: a name that is found nowhere may come with a new file. */
  readonly peered?: boolean
  /** A type fulfils an interface by having its methods, without saying so. */
  readonly structural?: boolean
  resolver(repository: Repository): ImportResolver
}

export interface ImportResolver {
  /**
   * Files that an import means, the one that declares first: several for a package that is a folder (Go, Java). Empty for what lies outside
   * of the repository.
   */
  resolve(from: string, specifier: string): readonly string[]
  /** Other files whose top-level names are seen without an import: the same Go or Java package. Empty where the language has no such rule. */
  peers(path: string): readonly string[]
}
