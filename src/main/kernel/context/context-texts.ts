import { createHash } from 'node:crypto'
import type { ContentHash } from '../../../shared/ids'

/** Where texts are kept beyond memory. */
export interface TextStore {
  put(text: string): ContentHash
  get(hash: ContentHash): string
}

/** Characters of texts that are kept at hand: both tiers some six times over. Each branch that is under way has its own. */
const MAX_CHARS = 4 * 1024 * 1024
const MOST_REMEMBERED = 20_000

/**
 * The texts of context items in memory, so that deciding what the tiers hold and showing them waits for no disk: what is put is handed to the
 * store by `flush`, with the frame that names it; what was used lately is read from memory.
 */
export class ContextTexts {
  readonly #store: TextStore
  readonly #redact: (text: string) => string
  /** In the order of last use, oldest first. */
  readonly #texts = new Map<ContentHash, string>()
  readonly #pending = new Map<ContentHash, string>()
  /** Stored by this one already: a text that comes again and again is handed over once. */
  readonly #stored = new Set<ContentHash>()
  #chars = 0

  constructor(store: TextStore, redact: (text: string) => string) {
    this.#store = store
    this.#redact = redact
  }

  /** The hash of the text without its secrets. */
  put(text: string): ContentHash {
    const clean = this.#redact(text)
    const hash = createHash('sha256').update(clean).digest('hex') as ContentHash
    if (!this.#stored.has(hash)) this.#pending.set(hash, clean)
    this.#remember(hash, clean)
    return hash
  }

  textOf(hash: ContentHash): string {
    const known = this.#texts.get(hash) ?? this.#pending.get(hash)
    const text = known ?? this.#store.get(hash)
    this.#remember(hash, text)
    return text
  }

  /** Hands what was put to the store: before the frame that names it. */
  flush(): void {
    for (const [hash, text] of this.#pending) {
      this.#store.put(text)
      this.#stored.add(hash)
    }
    this.#pending.clear()
    if (this.#stored.size > MOST_REMEMBERED) this.#stored.clear()
  }

  /** What was put since the last `flush` goes nowhere; it stays in memory for a while. */
  drop(): void {
    this.#pending.clear()
  }

  #remember(hash: ContentHash, text: string): void {
    if (this.#texts.delete(hash)) this.#chars -= text.length
    this.#texts.set(hash, text)
    this.#chars += text.length
    for (const [oldest, { length }] of this.#texts) {
      if (this.#chars <= MAX_CHARS || oldest === hash) return
      this.#texts.delete(oldest)
      this.#chars -= length
    }
  }
}
