/** What makes vectors of texts. One object is one space: its vectors are comparable with one another and with no others. */
export interface EmbeddingProvider {
  /** Who computes them, the address of a server included: equal names of models elsewhere may be other models. */
  readonly provider: string
  readonly model: string
  readonly dimensions: number
  /** `spelling`: texts that share parts of words are near. `meaning`: a trained model. */
  readonly knows: 'spelling' | 'meaning'
  /** Texts in one call, at most. */
  readonly batch: number
  /**
   * One vector for each text, in order, each of `dimensions` finite numbers. Rejects with `embeddings.*`: `retryable` when the same call may
   * succeed later, or when aborted.
   */
  embed(texts: readonly string[], purpose: 'query' | 'document', signal: AbortSignal): Promise<Float32Array[]>
  dispose(): Promise<void>
}

/** Of one text; the rest of a longer one is not embedded. About 2,000 tokens of code, which every known model takes. */
export const MOST_EMBEDDED_CHARACTERS = 6000

/** Any text that every provider has a vector for: a provider is tried with it. */
export const PROBE = 'a function that adds two numbers'
