/** Keeps the beginning and the end of a long text in constant memory; sizes are in UTF-16 units. */
export class BoundedText {
  readonly #half: number
  #head = ''
  #tail = ''
  #dropped = 0

  constructor(maxCharacters: number) {
    this.#half = Math.floor(maxCharacters / 2)
  }

  get truncated(): boolean {
    return this.#dropped > 0
  }

  push(text: string): void {
    const room = this.#half - this.#head.length
    this.#head += text.slice(0, room)
    this.#tail += text.slice(room)
    // Cut at twice the size, so that a character is moved a constant number of times.
    if (this.#tail.length > 2 * this.#half) this.#shorten()
  }

  /** The cut is marked on a line of its own and falls on ends of lines where there are some nearby. */
  text(): string {
    if (this.#tail.length > this.#half) this.#shorten()
    if (!this.truncated) return this.#head + this.#tail
    const head = this.#head.slice(0, endNear(this.#head.lastIndexOf('\n') + 1, this.#head.length))
    const tailStart = startNear(this.#tail.indexOf('\n') + 1)
    const dropped = this.#dropped + this.#head.length - head.length + tailStart
    return `${head}\r\n[... ${dropped} characters left out ...]\r\n${this.#tail.slice(tailStart)}`
  }

  #shorten(): void {
    const excess = this.#tail.length - this.#half
    this.#tail = this.#tail.slice(excess)
    this.#dropped += excess
  }
}

const LONGEST_PARTIAL_LINE = 4096

function endNear(lineEnd: number, length: number): number {
  return lineEnd > 0 && length - lineEnd < LONGEST_PARTIAL_LINE ? lineEnd : length
}

function startNear(lineStart: number): number {
  return lineStart > 0 && lineStart < LONGEST_PARTIAL_LINE ? lineStart : 0
}
