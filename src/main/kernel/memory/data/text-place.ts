import type { FileFacts } from '../code/file-facts'

/** Lines and columns of offsets in one text. */
export class TextPlaces {
  readonly #starts: number[] = [0]

  constructor(text: string) {
    for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) this.#starts.push(at + 1)
  }

  /** From 1. */
  line(offset: number): number {
    let low = 0
    let high = this.#starts.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if ((this.#starts[middle] ?? 0) <= offset) low = middle
      else high = middle - 1
    }
    return low + 1
  }

  place(offset: number): { line: number; column: number } {
    const line = this.line(offset)
    return { line, column: offset - (this.#starts[line - 1] ?? 0) }
  }
}

/** Local key of the innermost symbol that holds a line; '' is the file. */
export class Symbols {
  readonly #sorted: readonly { readonly key: string; readonly startLine: number; readonly endLine: number }[]
  readonly #asked = new Map<number, string>()

  constructor(code: FileFacts | null) {
    // The smallest that holds the line is found last; of two that are the same size the later one is inside of the other.
    this.#sorted = code === null ? [] : code.symbols.filter((symbol) => symbol.endLine >= symbol.startLine)
  }

  at(line: number): string {
    const known = this.#asked.get(line)
    if (known !== undefined) return known
    let best = ''
    let size = Number.POSITIVE_INFINITY
    for (const symbol of this.#sorted) {
      if (symbol.startLine > line || symbol.endLine < line || symbol.endLine - symbol.startLine > size) continue
      size = symbol.endLine - symbol.startLine
      best = symbol.key
    }
    this.#asked.set(line, best)
    return best
  }
}
