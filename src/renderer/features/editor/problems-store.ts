import { createStore } from 'zustand/vanilla'

export interface Problem {
  readonly path: string
  readonly line: number
  readonly column: number
  readonly severity: 'error' | 'warning' | 'info' | 'hint'
  readonly message: string
  /** `ts 2304`, as the server names it; null when it gives none. */
  readonly code: string | null
}

/** What the language server says about the live end of the branch, for the files that it was shown. */
export const problemsState = createStore<{ readonly problems: readonly Problem[]; readonly checked: number }>(() => ({
  problems: [],
  checked: 0,
}))

const RANK: Readonly<Record<Problem['severity'], number>> = { error: 0, warning: 1, info: 2, hint: 3 }

/** Errors first, then by place. */
export function sortProblems(problems: readonly Problem[]): readonly Problem[] {
  return problems.toSorted(
    (a, b) =>
      RANK[a.severity] - RANK[b.severity] || (a.path < b.path ? -1 : a.path > b.path ? 1 : 0) || a.line - b.line || a.column - b.column,
  )
}
