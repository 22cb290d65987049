import type { SymbolFact } from '../code/file-facts'

export interface TextChunk {
  /** Local key of the symbol that starts here; null for what lies outside of any. */
  readonly symbol: string | null
  readonly startLine: number
  readonly text: string
  readonly notes: string
}

const LONGEST_LINES = 120
const CHUNK_KINDS = new Set(['function', 'class', 'method', 'interface', 'type', 'enum', 'variable', 'module'])

/** Cuts a text where its symbols begin (their comments included), and every 120 lines. Lines longer than 2,000 characters are cut off. */
export function textChunks(text: string, symbols: readonly SymbolFact[]): TextChunk[] {
  const lines = text.split('\n')
  const starts = new Map<number, SymbolFact | null>([[0, null]])
  for (const symbol of symbols) {
    if (!CHUNK_KINDS.has(symbol.kind)) continue
    let start = Math.min(symbol.startLine - 1, lines.length - 1)
    while (start > 0 && /^\s*(?:\*|\/\*|\/\/|@)/.test(lines[start - 1] ?? '')) start -= 1
    if (starts.get(start) === undefined || starts.get(start) === null) starts.set(start, symbol)
  }
  const ordered = [...starts].sort((a, b) => a[0] - b[0])
  const chunks: TextChunk[] = []
  for (const [index, [start, symbol]] of ordered.entries()) {
    const end = ordered[index + 1]?.[0] ?? lines.length
    for (let from = start; from < end; from += LONGEST_LINES) {
      const piece = lines
        .slice(from, Math.min(end, from + LONGEST_LINES))
        .map((line) => line.slice(0, 2000))
        .join('\n')
      if (piece.trim() === '') continue
      chunks.push({
        symbol: symbol?.key ?? null,
        startLine: from + 1,
        text: piece,
        notes: symbol === null ? '' : `${symbol.doc} ${symbol.signature}`,
      })
    }
  }
  return chunks
}
