import { z } from 'zod'

/**
 * A failure as it crosses a boundary (contract, journal, CLI): a code that programs can match, a sentence for a person,
 * and what that person can do. Never a stack.
 */
export const Failure = z.object({
  code: z.string().regex(/^[a-z][a-z0-9-]*(\.[a-z0-9-]+)*$/),
  message: z.string(),
  /** What the user can do about it, as a sentence with a command where there is one. */
  action: z.string().optional(),
  /** True when the same request may succeed later without anybody changing anything. */
  retryable: z.boolean(),
  details: z.record(z.string(), z.unknown()).optional(),
})
export type Failure = z.infer<typeof Failure>

/** The one error class that carries a `Failure`; anything else that is thrown is a bug and is reported as `internal`. */
export class KeyframeError extends Error {
  override readonly name = 'KeyframeError'
  readonly failure: Failure

  constructor(failure: Omit<Failure, 'retryable'> & { retryable?: boolean }, options?: { cause?: unknown }) {
    super(failure.message, options)
    this.failure = { retryable: false, ...failure }
  }

  get code(): string {
    return this.failure.code
  }
}

/** The failure to show for whatever was thrown. The text of an unexpected error is kept, its stack is not. */
export function toFailure(thrown: unknown): Failure {
  if (thrown instanceof KeyframeError) return thrown.failure
  if (thrown instanceof Error && thrown.name === 'AbortError') return { code: 'cancelled', message: 'Cancelled.', retryable: true }
  const message = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown)
  return { code: 'internal', message, action: 'This is a fault in Keyframe: please report it with the log.', retryable: false }
}
