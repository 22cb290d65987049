import type { EdgeKind, GraphNode, NodeKind } from '../../../../shared/graph'

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
  /** Everything that is not a symbol of a programming language: tables, services, variables of the environment, documents, people. */
  readonly entities?: readonly EntityFact[]
  readonly relations?: readonly RelationFact[]
  /** Ways of values within the functions of this file. */
  readonly flows?: readonly FlowFact[]
  /** What the file itself is, when it is more than a file: an ADR, a runbook, a changelog, configuration. */
  readonly fileKind?: NodeKind
  readonly fileDoc?: string
  readonly fileAttributes?: Attributes
  readonly lines: number
  /** Line of the first syntax error; null when the file parsed whole. */
  readonly errorLine: number | null
}

export type Attributes = Readonly<Record<string, string | number | boolean | readonly string[]>>

/** Something with a graph key of its own that is not a symbol of this file's. */
export interface EntityFact {
  /** The whole graph key: `table:users`, `column:users.email`, `env_var:PORT`, `service:api`, `package:npm/react`, `author:ann@example.org`. */
  readonly key: string
  readonly kind: NodeKind
  readonly name: string
  readonly startLine: number
  readonly endLine: number
  readonly nameLine: number
  readonly nameColumn: number
  /** False: this file only mentions it. What declares it, if anything does, says more. */
  readonly declared: boolean
  readonly signature: string
  readonly doc: string
  readonly attributes?: Attributes
}

/** One end of a relation. A `name` is looked up among the entities of the whole repository; two of that name make no relation. */
export type Target =
  | { readonly is: 'key'; readonly key: string }
  /** A symbol of this file, by its local key; '' is the file. */
  | { readonly is: 'symbol'; readonly symbol: string }
  /** A file of the repository, relative to its root. */
  | { readonly is: 'path'; readonly path: string }
  | { readonly is: 'name'; readonly name: string; readonly kinds: readonly NodeKind[] }

export interface RelationFact {
  readonly from: Target
  readonly to: Target
  readonly kind: EdgeKind
  readonly line: number
  /** 0 to 1, by the rule that found it. */
  readonly confidence: number
  /** The rule: "query builder", "foreign key", "image of a Dockerfile". */
  readonly method: string
}

/** A place that holds a value, inside of one function of this file. */
export type FlowPoint =
  /** A parameter or local variable of the function with this local key; '' is the module. */
  | { readonly is: 'variable'; readonly of: string; readonly name: string }
  /** What a function returns. */
  | { readonly is: 'return'; readonly of: string }
  /** The argument at this place (from 0) or of this name, of a call of `callee`. */
  | { readonly is: 'argument'; readonly callee: Ref; readonly at: number | string }
  /** What a call of `callee` gives. */
  | { readonly is: 'result'; readonly callee: Ref }
  /** A property of a value: `user.id`, `self.total`, `this.rates`; by name only when the type of the value is unknown. */
  | { readonly is: 'property'; readonly of: Ref; readonly name: string }

export interface FlowFact {
  readonly from: FlowPoint
  readonly to: FlowPoint
  readonly line: number
  /** What arrives is only a part of what `to` holds, or the reverse: an element, a template string, an entry of an object. */
  readonly partial?: boolean
  /** The value goes into a call of this and what comes out goes on: holds only when the repository does not have what is called. */
  readonly through?: Ref
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
  /** Names of its parameters in order, of a function or method. */
  readonly parameters?: readonly string[]
  /** It is a test, or holds tests. */
  readonly test?: boolean
}

export interface ImportFact {
  /** As the language writes it: `./invoice`, `..models.user`, `example.org/shop/billing`, `crate::billing`, `java.util.*`, `"rates.h"`. */
  readonly specifier: string
  readonly line: number
  readonly names: readonly ImportedName[]
  /** True: every exported name comes in under its own name, as with `from x import *`, `use x::*` and `#include`. */
  readonly spread?: boolean
}

export interface ImportedName {
  /** A name, `default`, or `*` for the whole module. */
  readonly imported: string
  /** Dotted for what is bound as it is written, as by Python's `import a.b`. */
  readonly local: string
  /** Specifier of the module that the name means when it names nothing inside of one: `a.b` for `from a import b`. With `*` the only one. */
  readonly module?: string
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
  /** `value`: handed on without being called, as a callback is. `read` and `write`: of a variable or property. `type`: named as a type. */
  readonly how: 'call' | 'new' | 'value' | 'read' | 'write' | 'type'
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

/** As a member of a type's name: a list of such; of a value: one of its elements. */
export const ELEMENT = '[]'

export function listOf(element: Ref): Ref {
  return element.is === 'instance' ? { is: 'instance', of: { is: 'member', of: element.of, name: ELEMENT } } : UNKNOWN
}

export function elementOf(list: Ref): Ref {
  if (list.is === 'unknown') return UNKNOWN
  if (list.is !== 'instance') return { is: 'member', of: list, name: ELEMENT }
  return list.of.is === 'member' && list.of.name === ELEMENT ? { is: 'instance', of: list.of.of } : UNKNOWN
}
