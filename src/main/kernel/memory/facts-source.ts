import type { FileFacts } from './code/file-facts'

/** Reads what is not a programming language, or what a programming language says beside its symbols. Pure; one object a kind of file. */
export interface FactsSource {
  /** `sql`, `kubernetes`, `dockerfile`, `markdown`, ...: the language of the file when nothing else claims it. */
  readonly id: string
  /** By path alone: a file may be claimed by several. */
  claims(path: string): boolean
  /**
   * Adds to what is known of the file. `code` is what its programming language said, null when it has none; local keys of its symbols may be
   * used as ends of relations. Throws only for a file that cannot be read as what it is: recorded as its problem, the rest stays.
   */
  read(file: { readonly path: string; readonly text: string; readonly code: FileFacts | null }): ExtraFacts
}

export type ExtraFacts = Pick<FileFacts, 'entities' | 'relations' | 'fileKind' | 'fileDoc' | 'fileAttributes'>

/** Facts that come from the repository as a whole (its commits, its owners): asked for after every pass in which something changed. */
export interface RepositoryFacts {
  readonly id: string
  /** Names the state that the facts come from: equal names, equal facts, and they are not asked for. */
  state(root: string, paths: readonly string[]): Promise<string>
  read(root: string, paths: readonly string[], signal: AbortSignal): Promise<ExtraFacts>
}
