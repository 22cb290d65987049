import { z } from 'zod'

const Position = z.object({ line: z.number().int().min(0), character: z.number().int().min(0) })
const Range = z.object({ start: Position, end: Position })

interface WireSymbol {
  name: string
  kind: number
  selectionRange: z.infer<typeof Range>
  children?: WireSymbol[] | undefined
}
const WireSymbol: z.ZodType<WireSymbol> = z.lazy(() =>
  z.object({ name: z.string(), kind: z.number().int(), selectionRange: Range, children: z.array(WireSymbol).optional() }),
)
const Answer = z.array(WireSymbol).nullable()

/** One line of the outline. */
export interface OutlineRow {
  readonly name: string
  readonly kind: string
  /** From 1. */
  readonly line: number
  readonly depth: number
}

/** SymbolKind of the Language Server Protocol, 3.17, from 1. */
const KINDS =
  'file module namespace package class method property field constructor enum interface function variable constant string number boolean array object key null member struct event operator type'.split(
    ' ',
  )
const ROWS_AT_MOST = 2_000
const DEPTH_AT_MOST = 8

/** The answer of `textDocument/documentSymbol` as rows from top to bottom. Throws a ZodError for anything else. */
export function outlineRows(answer: unknown): readonly OutlineRow[] {
  const rows: OutlineRow[] = []
  const add = (symbols: readonly WireSymbol[], depth: number): void => {
    for (const symbol of symbols.toSorted((a, b) => a.selectionRange.start.line - b.selectionRange.start.line)) {
      if (rows.length >= ROWS_AT_MOST) return
      rows.push({ name: symbol.name, kind: KINDS[symbol.kind - 1] ?? 'symbol', line: symbol.selectionRange.start.line + 1, depth })
      if (symbol.children !== undefined && depth + 1 < DEPTH_AT_MOST) add(symbol.children, depth + 1)
    }
  }
  add(Answer.parse(answer) ?? [], 0)
  return rows
}
