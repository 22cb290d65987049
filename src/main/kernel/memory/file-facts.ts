import type { GraphNode } from '../../../shared/graph'

/**
 * What one file says, without looking at any other: the worker's parser makes it, the linker resolves it. Names of
 * symbols are local keys, the part of a graph key after `#` (`Invoice.total`); the module itself is ''.
 */
export interface FileFacts {
  readonly symbols: readonly SymbolFact[]
  readonly imports: readonly ImportFact[]
  readonly exports: readonly ExportFact[]
  readonly uses: readonly UseFact[]
  readonly inherits: readonly { readonly symbol: string; readonly base: Ref; readonly line: number }[]
  readonly lines: number
  /** Line of the first syntax error; null when the file parsed whole. */
  readonly errorLine: number | null
}

export interface SymbolFact {
  readonly key: string
  readonly kind: GraphNode['kind']
  readonly name: string
  readonly startLine: number
  readonly endLine: number
  readonly nameLine: number
  readonly nameColumn: number
  readonly exported: boolean
  readonly signature: string
  /** First line of its doc comment, or ''. */
  readonly doc: string
  /** What a value of this symbol is, or what calling it gives: from its declared type or its initialiser. */
  readonly valueType?: Ref
  readonly returns?: Ref
}

export interface ImportFact {
  readonly specifier: string
  readonly line: number
  /** `imported` is a name, `default`, or `*` for the whole module. */
  readonly names: readonly { readonly imported: string; readonly local: string }[]
}

/** `export { local as name }`, `export { imported as name } from`, `export * from` (name `*`). */
export interface ExportFact {
  readonly name: string
  readonly local: string
  readonly from: string | null
  readonly line: number
}

export interface UseFact {
  readonly by: string
  readonly target: Ref
  /** `value`: handed on without being called, as a callback is. */
  readonly how: 'call' | 'new' | 'value'
  readonly line: number
}

/** An expression as far as it can be resolved: a path of names from something known. */
export type Ref =
  | { readonly is: 'name'; readonly name: string }
  | { readonly is: 'this'; readonly symbol: string }
  | { readonly is: 'super'; readonly symbol: string }
  /** A value whose type has this name: declared, or made by `new`. */
  | { readonly is: 'instance'; readonly of: Ref }
  | { readonly is: 'member'; readonly of: Ref; readonly name: string }
  | { readonly is: 'result'; readonly of: Ref }
  /** Something of which only the name of the last member is known. */
  | { readonly is: 'unknown' }

export const UNKNOWN: Ref = { is: 'unknown' }
