import type { ParsedSource } from './parsed-source'

export type SyntaxMethod = Exclude<
  { [Key in keyof ParsedSource]: ParsedSource[Key] extends (...args: never[]) => unknown ? Key : never }[keyof ParsedSource],
  never
>

export interface SyntaxQuestion {
  readonly id: number
  /** A number for one text of one path. */
  readonly file: number
  readonly path: string
  /** Null when the thread has it. */
  readonly text: string | null
  readonly forget: readonly number[]
  readonly method: SyntaxMethod
  readonly args: readonly (string | number)[]
}

export type SyntaxAnswer =
  { readonly id: number; readonly ok: true; readonly value: unknown } | { readonly id: number; readonly ok: false; readonly reason: string }
