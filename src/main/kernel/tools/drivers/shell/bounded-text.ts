/** A part of a text: what is kept of it, and how much of it is not. */
export interface TextPart {
  readonly text: string
  readonly leftOut: number
}

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

  /** Of everything that was pushed. */
  get length(): number {
    return this.#head.length + this.#dropped + this.#tail.length
  }

  push(text: string): void {
    const room = this.#half - this.#head.length
    this.#head += text.slice(0, room)
    this.#tail += text.slice(room)
    // Cut at twice the size, so that a character is moved a constant number of times.
    if (this.#tail.length > 2 * this.#half) this.#shorten()
  }

  /** From one place to another of everything that was pushed. A cut is marked on a line of its own and falls on ends of lines where there are some nearby. */
  part(from = 0, to = this.length): TextPart {
    if (this.#tail.length > this.#half) this.#shorten()
    const tailAt = this.#head.length + this.#dropped
    const head = this.#head.slice(from, to)
    const tail = this.#tail.slice(Math.max(0, from - tailAt), Math.max(0, to - tailAt))
    const leftOut = Math.max(0, Math.min(to, tailAt) - Math.max(from, this.#head.length))
    if (leftOut === 0) return { text: head + tail, leftOut }
    const shown = head.slice(0, endNear(head.lastIndexOf('\n') + 1, head.length))
    const tailStart = startNear(tail.indexOf('\n') + 1)
    const dropped = leftOut + head.length - shown.length + tailStart
    return { text: `${shown}\r\n[... ${dropped} characters left out ...]\r\n${tail.slice(tailStart)}`, leftOut: dropped }
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
