import 'vitest'

declare module 'vitest' {
  interface TaskMeta {
    /** Why a test is skipped; printed with the totals. */
    reason?: string
  }
}
