import { toFailure } from '../../../shared/failure'
import { PERSON_SESSION } from '../tools/drivers/shell/shell-driver'
import type { TerminalSink } from './run-parts'

/** Terminal data is recorded in pieces: as much as comes in this time, or this many characters, whatever is first. */
const FLUSH_AFTER_MS = 250
/** What a person types and sees echoed comes key by key: fewer, larger pieces. */
const FLUSH_PERSON_AFTER_MS = 1_000
const FLUSH_AT_CHARS = 32 * 1024

/** Kept while the journal cannot be written (a full disk); beyond it the oldest is lost, which is said. */
const KEPT_CHARS = 4 * 1024 * 1024
const RETRY_AFTER_MS = 2_000

interface Piece {
  readonly session: string
  readonly stream: 'output' | 'input' | 'resize'
  data: string
}

/**
 * Gathers what terminals print until it is worth a frame. What one stream of
 * a session carries stays in order; what a person types is kept apart from what it printed meanwhile. A journal that cannot be
 * written does not end the terminal: what it printed waits and is tried again.
 */
export class TerminalLog {
  readonly #write: TerminalSink
  readonly #onTrouble: (message: string) => void
  #pieces: Piece[] = []
  #timer: NodeJS.Timeout | null = null
  #closed = false

  constructor(write: TerminalSink, onTrouble: (message: string) => void) {
    this.#write = write
    this.#onTrouble = onTrouble
  }

  push(session: string, stream: Piece['stream'], data: string): void {
    if (this.#closed) return
    const same = stream === 'resize' ? undefined : this.#pieces.find((piece) => piece.session === session && piece.stream === stream)
    if (same === undefined) this.#pieces.push({ session, stream, data })
    else same.data += data
    if (this.#size() >= FLUSH_AT_CHARS && this.#timer === null) this.flush()
    else this.#flushAfter(session === PERSON_SESSION ? FLUSH_PERSON_AFTER_MS : FLUSH_AFTER_MS)
  }

  flush(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    while (this.#pieces.length > 0) {
      const piece = this.#pieces[0]
      if (piece === undefined) return
      try {
        this.#write(piece.session, piece.stream, piece.data)
      } catch (thrown) {
        this.#keep(toFailure(thrown).message)
        return
      }
      this.#pieces.shift()
    }
  }

  /** Drops what is pending. */
  close(): void {
    this.#closed = true
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    this.#pieces = []
  }

  #keep(trouble: string): void {
    this.#onTrouble(`terminal output waits to be recorded: ${trouble}`)
    while (this.#size() > KEPT_CHARS) {
      const lost = this.#pieces.shift()
      this.#onTrouble(`${lost?.data.length ?? 0} characters of terminal output were lost`)
    }
    this.#flushAfter(RETRY_AFTER_MS)
  }

  #flushAfter(delayMs: number): void {
    if (!this.#closed) this.#timer ??= setTimeout(() => this.flush(), delayMs)
  }

  #size(): number {
    return this.#pieces.reduce((sum, piece) => sum + piece.data.length, 0)
  }
}
