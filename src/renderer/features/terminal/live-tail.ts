/**
 * A live terminal is told twice: at once by `terminal.data` events, and as frames up to a quarter of a second later. The
 * tail is what events said and frames have not yet. Frames are what counts: where the two differ (the window came in the
 * middle of a piece, the journal redacted a secret) the screen is written again from the frames.
 */
export type Reconciled =
  /** The frame says what is on the screen already. */
  | { readonly screen: 'keep'; readonly tail: string }
  /** Only frames tell about this session: print what it says. */
  | { readonly screen: 'print'; readonly tail: string }
  | { readonly screen: 'rewrite'; readonly tail: string }

export function reconcile(tail: string, printed: string): Reconciled {
  if (tail === '') return { screen: 'print', tail: '' }
  if (tail.startsWith(printed)) return { screen: 'keep', tail: tail.slice(printed.length) }
  return { screen: 'rewrite', tail: tail.slice(overlap(printed, tail)) }
}

/** Length of the longest end of `before` that `after` starts with; all of `after` when there is none. */
function overlap(before: string, after: string): number {
  for (let length = Math.min(before.length, after.length); length > 0; length -= 1) {
    if (before.endsWith(after.slice(0, length))) return length
  }
  return after.length
}
