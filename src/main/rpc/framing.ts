import { MAX_MESSAGE_BYTES } from '../../shared/contract/messages'

/**
 * Messages on a byte stream: four bytes of length (big-endian, bytes of what follows), then UTF-8 text.
 */
const HEADER_BYTES = 4

export function encodeFrame(text: string): Buffer {
  const sizeBytes = Buffer.byteLength(text)
  const frame = Buffer.allocUnsafe(HEADER_BYTES + sizeBytes)
  frame.writeUInt32BE(sizeBytes, 0)
  frame.write(text, HEADER_BYTES)
  return frame
}

/** Puts the pieces of a stream together again. Linear in the bytes received. */
export class FrameDecoder {
  #chunks: Buffer[] = []
  #sizeBytes = 0
  readonly #maxBytes: number

  constructor(maxBytes: number = MAX_MESSAGE_BYTES) {
    this.#maxBytes = maxBytes
  }

  /** The texts completed by `chunk`. Throws RangeError when a message is announced beyond the limit, TypeError when it is no UTF-8. */
  push(chunk: Buffer): string[] {
    this.#chunks.push(chunk)
    this.#sizeBytes += chunk.length
    const texts: string[] = []
    for (;;) {
      const announced = this.#announced()
      if (announced === null || this.#sizeBytes < HEADER_BYTES + announced) return texts
      const whole = Buffer.concat(this.#chunks)
      const end = HEADER_BYTES + announced
      texts.push(utf8.decode(whole.subarray(HEADER_BYTES, end)))
      const rest = whole.subarray(end)
      this.#chunks = rest.length === 0 ? [] : [rest]
      this.#sizeBytes = rest.length
    }
  }

  #announced(): number | null {
    if (this.#sizeBytes < HEADER_BYTES) return null
    let first = this.#chunks[0]
    if (first === undefined || first.length < HEADER_BYTES) {
      first = Buffer.concat(this.#chunks)
      this.#chunks = [first]
    }
    const sizeBytes = first.readUInt32BE(0)
    if (sizeBytes > this.#maxBytes) throw new RangeError(`a message of ${sizeBytes} bytes, the limit is ${this.#maxBytes}`)
    return sizeBytes
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
