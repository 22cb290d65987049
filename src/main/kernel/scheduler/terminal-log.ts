import type { TerminalSink } from './run-parts'

/** Terminal data is recorded in pieces: as much as comes in this time, or this many characters, whatever is first. */
const FLUSH_AFTER_MS = 250
const FLUSH_AT_CHARS = 32 * 1024

/** Gathers what terminals print until it is worth a frame. Order is kept within and across sessions. */
export class TerminalLog {
  readonly #write: TerminalSink
  #pending: { session: string; stream: 'output' | 'input' | 'resize'; data: string } | null = null
  #timer: NodeJS.Timeout | null = null

  constructor(write: TerminalSink) {
    this.#write = write
  }

  push(session: string, stream: 'output' | 'input' | 'resize', data: string): void {
    const pending = this.#pending
    if (pending !== null && pending.session === session && pending.stream === stream && stream !== 'resize') {
      pending.data += data
    } else {
      this.flush()
      this.#pending = { session, stream, data }
    }
    if ((this.#pending?.data.length ?? 0) >= FLUSH_AT_CHARS) this.flush()
    else this.#timer ??= setTimeout(() => this.flush(), FLUSH_AFTER_MS)
  }

  flush(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    const pending = this.#pending
    this.#pending = null
    if (pending !== null) this.#write(pending.session, pending.stream, pending.data)
  }

  /** Drops what is pending. */
  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    this.#pending = null
  }
}
