/** A call whose target syntax does not tell: only its name is known. */
export interface OpenCall {
  /** Graph key of the function that it stands in; the file's for code outside of any. */
  readonly from: string
  readonly name: string
  /** From 1. */
  readonly line: number
}

/** Open calls of one file of the live repository, in the content with this SHA-256. */
export interface FileWithOpenCalls {
  readonly path: string
  readonly hash: string
  readonly language: string
  readonly calls: readonly OpenCall[]
}

/** Where a name is defined: line from 1, column from 0 in UTF-16 units. */
export interface DefinedAt {
  readonly path: string
  readonly line: number
  readonly column: number
}

/** What a language server said of a call: where the name of what is called is defined; null: it knows nothing, or it lies outside of the repository. */
export interface AnsweredCall extends OpenCall {
  readonly target: DefinedAt | null
}

/** What the index knows of calls that are open. */
export interface CallIndex {
  /** Files in these languages with open calls that nobody answered yet, at most `limit`, in order of their paths, from behind `after`. */
  openCalls(languages: readonly string[], limit: number, after: string): readonly FileWithOpenCalls[]
  /** Open calls of all such files. */
  openCallCount(languages: readonly string[]): number
  /** See `OpenCallStore`. */
  answered(file: FileWithOpenCalls, answers: readonly AnsweredCall[]): Promise<void>
}

/** The index, as the upgrade of calls by language servers sees it. Answers hold as long as the content of the file that calls is the same. */
export interface OpenCallStore {
  /** Files in these languages with open calls that nobody answered yet, at most `limit`. */
  openCalls(languages: readonly string[], limit: number): readonly FileWithOpenCalls[]
  /** Makes `calls` edges with the method "language server" of the answers that name something in the index, and remembers that they were given. */
  answered(file: FileWithOpenCalls, answers: readonly AnsweredCall[]): Promise<void>
}
