/** What a parsed query is made of. `at` is the offset in its text. */

export type Expression =
  | { readonly is: 'literal'; readonly value: null | boolean | number | string; readonly at: number }
  | { readonly is: 'list'; readonly items: readonly Expression[]; readonly at: number }
  | { readonly is: 'map'; readonly entries: readonly (readonly [string, Expression])[]; readonly at: number }
  | { readonly is: 'parameter'; readonly name: string; readonly at: number }
  | { readonly is: 'variable'; readonly name: string; readonly at: number }
  | { readonly is: 'property'; readonly of: Expression; readonly name: string; readonly at: number }
  | { readonly is: 'index'; readonly of: Expression; readonly index: Expression; readonly at: number }
  | { readonly is: 'slice'; readonly of: Expression; readonly from: Expression | null; readonly to: Expression | null; readonly at: number }
  | { readonly is: 'unary'; readonly operator: 'not' | 'minus'; readonly of: Expression; readonly at: number }
  | { readonly is: 'binary'; readonly operator: BinaryOperator; readonly left: Expression; readonly right: Expression; readonly at: number }
  | { readonly is: 'null-test'; readonly of: Expression; readonly negated: boolean; readonly at: number }
  | { readonly is: 'label-test'; readonly of: Expression; readonly labels: Labels; readonly at: number }
  | {
      readonly is: 'call'
      readonly name: string
      readonly distinct: boolean
      readonly star: boolean
      readonly arguments: readonly Expression[]
      readonly at: number
    }
  | {
      readonly is: 'case'
      readonly subject: Expression | null
      readonly whens: readonly (readonly [Expression, Expression])[]
      readonly otherwise: Expression | null
      readonly at: number
    }
  | {
      readonly is: 'quantifier'
      readonly how: Quantifier
      readonly variable: string
      readonly list: Expression
      readonly where: Expression
      readonly at: number
    }
  | {
      readonly is: 'comprehension'
      readonly variable: string
      readonly list: Expression
      readonly where: Expression | null
      readonly map: Expression | null
      readonly at: number
    }
  /** Whether, or how often, patterns match. */
  | {
      readonly is: 'pattern'
      readonly how: 'exists' | 'count'
      readonly patterns: readonly PathPattern[]
      readonly where: Expression | null
      readonly at: number
    }

export type BinaryOperator =
  | ('or' | 'xor' | 'and' | '=' | '<>' | '<' | '<=' | '>' | '>=' | '+' | '-' | '*' | '/' | '%' | '^')
  | ('in' | 'contains' | 'starts with' | 'ends with' | '=~')

export type Quantifier = 'any' | 'all' | 'none' | 'single'

/** One of each list is to be had. */
export type Labels = readonly (readonly { readonly name: string; readonly at: number }[])[]

export interface NodePattern {
  readonly variable: string | null
  readonly labels: Labels
  readonly properties: readonly (readonly [string, Expression])[]
  readonly where: Expression | null
  readonly at: number
}

export interface RelationPattern {
  readonly variable: string | null
  /** Empty: any. */
  readonly types: readonly { readonly name: string; readonly at: number }[]
  readonly direction: 'out' | 'in' | 'both'
  /** Null: one relationship. `most` null: any number. */
  readonly length: { readonly least: number; readonly most: number | null } | null
  readonly properties: readonly (readonly [string, Expression])[]
  readonly at: number
}

/** One more node than relations. */
export interface PathPattern {
  readonly variable: string | null
  readonly how: 'every' | 'shortest' | 'all-shortest'
  readonly nodes: readonly NodePattern[]
  readonly relations: readonly RelationPattern[]
  readonly at: number
}

export interface MatchClause {
  readonly is: 'match'
  readonly optional: boolean
  readonly patterns: readonly PathPattern[]
  readonly where: Expression | null
  readonly at: number
}

export interface UnwindClause {
  readonly is: 'unwind'
  readonly list: Expression
  readonly variable: string
  readonly at: number
}

export interface ProjectionClause {
  readonly is: 'with' | 'return'
  readonly distinct: boolean
  /** All variables, before `items`. */
  readonly star: boolean
  readonly items: readonly { readonly expression: Expression; readonly name: string; readonly at: number }[]
  readonly orderBy: readonly { readonly expression: Expression; readonly descending: boolean }[]
  readonly skip: Expression | null
  readonly limit: Expression | null
  readonly where: Expression | null
  readonly at: number
}

export type Clause = MatchClause | UnwindClause | ProjectionClause

/** A point of a run, as `AS OF r0123456789/b0/42` names it. */
export interface AsOf {
  readonly run: string
  readonly branch: string
  readonly frame: number
}

export interface CypherQuery {
  readonly source: string
  /** Each ends with RETURN. */
  readonly parts: readonly (readonly Clause[])[]
  /** False when every UNION is a UNION ALL. */
  readonly unique: boolean
  readonly asOf: AsOf | null
}
