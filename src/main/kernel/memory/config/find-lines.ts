/** Lines on which texts stand for the first time: structured formats are parsed without places, a name is looked up where it is quoted. */
export class LineFinder {
  readonly #text: string
  readonly #starts: number[] = [0]
  #from = 0

  constructor(text: string) {
    this.#text = text
    for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) this.#starts.push(at + 1)
  }

  /** Line of `needle`, looked for from where the last one was found, so that names are met in the order of the file; that one's when it is not there. */
  next(needle: string): number {
    const at = this.#text.indexOf(needle, this.#from)
    if (at === -1) return this.line(this.#from)
    this.#from = at
    return this.line(at)
  }

  /** Begins the next search here. */
  skipTo(needle: string): void {
    this.#from = Math.max(0, this.#text.indexOf(needle))
  }

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
}
