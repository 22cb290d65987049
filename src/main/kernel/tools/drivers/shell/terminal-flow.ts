const MAX_RECORDED_CHARACTERS = 64 * 1024 * 1024
const LAST_CHARACTERS = 64 * 1024

/**
 * What a terminal records of one command: everything, up to a bound that only a flood reaches; of what is beyond it the last part, with
 * the number of characters that are missing.
 */
export class TerminalFlow {
  readonly #max: number
  #passed = 0
  #left = 0
  #last = ''

  constructor(maxCharacters = MAX_RECORDED_CHARACTERS) {
    this.#max = maxCharacters
  }

  /** What is to be recorded of it now. */
  push(data: string): string {
    if (this.#left === 0 && this.#passed + data.length <= this.#max) {
      this.#passed += data.length
      return data
    }
    this.#left += data.length
    this.#last += data
    if (this.#last.length > 2 * LAST_CHARACTERS) this.#last = this.#last.slice(-LAST_CHARACTERS)
    return ''
  }

  /** The end of the command: what is still to be recorded. The next one begins anew. */
  end(): string {
    const last = this.#last.slice(-LAST_CHARACTERS)
    const missing = this.#left - last.length
    const text = missing > 0 ? `\x18\r\n\x1b[2m[... ${missing} characters were not recorded ...]\x1b[0m\r\n${last}` : last
    this.#passed = this.#left = 0
    this.#last = ''
    return text
  }
}
