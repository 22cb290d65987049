import { KeyframeError } from '../../../../../shared/failure'

/** Nothing that a server or a window says in one message may be larger. */
export const MAX_MESSAGE_BYTES = 64 * 1024 * 1024
const MAX_HEADER_BYTES = 4096
const HEADER_END = Buffer.from('\r\n\r\n')

/** One JSON-RPC message as the base protocol of LSP frames it: `Content-Length`, an empty line, UTF-8 JSON. */
export function frameMessage(json: string): Buffer {
  const body = Buffer.from(json, 'utf8')
  return Buffer.concat([Buffer.from(`Content-Length: ${body.length}\r\n\r\n`, 'ascii'), body])
}

/**
 * Cuts a byte stream into messages. The stream comes out of a sandbox, so that sizes are bounded before anything is kept:
 * throws `lsp.bad-answer` on a header or a length that no server sends; the stream is unusable after that.
 */
export class MessageUnframer {
  private chunks: Buffer[] = []
  private bufferedBytes = 0
  private bodyBytes: number | null = null

  constructor(private readonly onMessage: (json: string) => void) {}

  push(chunk: Buffer): void {
    this.chunks.push(chunk)
    this.bufferedBytes += chunk.length
    for (;;) {
      if (this.bodyBytes === null && !this.takeHeader()) return
      if (this.bodyBytes === null || this.bufferedBytes < this.bodyBytes) return
      const all = this.joined()
      const body = all.subarray(0, this.bodyBytes)
      this.keep(all.subarray(this.bodyBytes))
      this.bodyBytes = null
      this.onMessage(body.toString('utf8'))
    }
  }

  private takeHeader(): boolean {
    const all = this.joined()
    const end = all.indexOf(HEADER_END)
    if (end < 0) {
      if (all.length > MAX_HEADER_BYTES) throw badFrame(`a header of more than ${MAX_HEADER_BYTES} bytes`)
      return false
    }
    const length = /^content-length:[ \t]*(\d{1,12})[ \t]*$/im.exec(all.subarray(0, end).toString('ascii'))
    if (!length) throw badFrame('a header without Content-Length')
    this.bodyBytes = Number(length[1])
    if (this.bodyBytes > MAX_MESSAGE_BYTES) throw badFrame(`a message of ${this.bodyBytes} bytes`)
    this.keep(all.subarray(end + HEADER_END.length))
    return true
  }

  private joined(): Buffer {
    const all = this.chunks.length === 1 && this.chunks[0] ? this.chunks[0] : Buffer.concat(this.chunks)
    this.chunks = [all]
    return all
  }

  private keep(rest: Buffer): void {
    this.chunks = rest.length > 0 ? [rest] : []
    this.bufferedBytes = rest.length
  }
}

function badFrame(what: string): KeyframeError {
  return new KeyframeError({
    code: 'lsp.bad-answer',
    message: `The language server sent ${what}.`,
    action: 'It is stopped and started again.',
  })
}
