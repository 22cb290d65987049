const FIRST_DELAY_MS = 250
const LAST_DELAY_MS = 30_000
/** A kernel that lived this long was healthy: the next crash starts the count again. */
const HEALTHY_AFTER_MS = 60_000

export interface Crashes {
  readonly inARow: number
  readonly delayMs: number
}

/** How long to wait before the kernel is started again: doubled with each crash in a row, at most 30 s. */
export function afterCrash(previous: Crashes | null, livedMs: number): Crashes {
  const inARow = previous === null || livedMs >= HEALTHY_AFTER_MS ? 1 : previous.inARow + 1
  return { inARow, delayMs: Math.min(LAST_DELAY_MS, FIRST_DELAY_MS * 2 ** (inARow - 1)) }
}
