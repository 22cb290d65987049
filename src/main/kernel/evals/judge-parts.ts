import type { CheckResult } from '../../../shared/frames'
import { lastProgram } from './script-parts'

/** How one part of a check came out. */
export interface PartResult {
  readonly part: string
  readonly state: CheckResult['state']
  /** 0 to 1; null when not available. */
  readonly score: number | null
  readonly detail: string
  readonly durationMs: number
}

/** One result of several parts: failed when any failed, not available only when none could run. */
export function combineParts(parts: readonly PartResult[]): Omit<PartResult, 'part'> {
  const [only] = parts
  if (only !== undefined && parts.length === 1) return only
  const scores = parts.flatMap((one) => one.score ?? [])
  const state = parts.some((one) => one.state === 'failed') ? 'failed' : scores.length > 0 ? 'passed' : 'not-available'
  return {
    state,
    score: scores.length === 0 ? null : scores.reduce((sum, score) => sum + score, 0) / scores.length,
    detail: parts.map((one) => `${lastProgram(one.part)}: ${one.detail}`).join(' '),
    durationMs: parts.reduce((sum, one) => sum + one.durationMs, 0),
  }
}
