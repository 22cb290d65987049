/**
 * Keeps the first and the last half of a stream in constant memory. Cuts fall on UTF-8 boundaries as far as the text
 * itself is UTF-8.
 */
export class BoundedOutput {
  readonly #half: number
  readonly #head: Buffer[] = []
  #headBytes = 0
  #tail: Buffer[] = []
  #tailBytes = 0
  #dropped = 0

  constructor(maxBytes: number) {
    this.#half = Math.max(1, Math.floor(maxBytes / 2))
  }

  get truncated(): boolean {
    return this.#dropped > 0
  }

  push(chunk: Buffer): void {
    const room = this.#half - this.#headBytes
    if (room > 0) {
      const part = chunk.subarray(0, room)
      this.#head.push(part)
      this.#headBytes += part.length
      if (chunk.length <= room) return
      chunk = chunk.subarray(room)
    }
    this.#tail.push(chunk)
    this.#tailBytes += chunk.length
    // Joining at twice the size keeps the cost of a byte constant.
    if (this.#tailBytes > 2 * this.#half) this.#shorten()
  }

  text(): string {
    this.#shorten()
    const head = Buffer.concat(this.#head)
    const tail = Buffer.concat(this.#tail)
    if (!this.truncated) return Buffer.concat([head, tail]).toString('utf8')
    const end = wholeCharacters(head)
    const start = firstCharacter(tail)
    const left = this.#dropped + (head.length - end) + start
    return `${head.toString('utf8', 0, end)}\n[... ${left} bytes left out ...]\n${tail.toString('utf8', start)}`
  }

  #shorten(): void {
    if (this.#tailBytes <= this.#half) return
    const joined = Buffer.concat(this.#tail)
    // A copy, since a part of the joined buffer would keep the whole of it alive.
    this.#tail = [Buffer.from(joined.subarray(joined.length - this.#half))]
    this.#dropped += joined.length - this.#half
    this.#tailBytes = this.#half
  }
}

const isContinuation = (byte: number | undefined): boolean => byte !== undefined && (byte & 0xc0) === 0x80

function firstCharacter(bytes: Buffer): number {
  let start = 0
  while (start < 3 && isContinuation(bytes[start])) start += 1
  return start
}

/** Length of the bytes without an unfinished character at the end. */
function wholeCharacters(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(4, bytes.length); back += 1) {
    const byte = bytes[bytes.length - back] ?? 0
    if (isContinuation(byte)) continue
    const wanted = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1
    return wanted > back ? bytes.length - back : bytes.length
  }
  return bytes.length
}
