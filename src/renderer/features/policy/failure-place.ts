import { z } from 'zod'
import type { Failure } from '../../../shared/failure'

export interface TextPlace {
  /** From 1. */
  readonly line: number
  readonly column: number
}

const Place = z.object({ line: z.number().int().min(1), column: z.number().int().min(1).default(1) })

/** The message without the place at its end, which is shown for itself. */
export function messageOf(failure: Failure): string {
  return failure.message.replace(/\s*\(line \d+, column \d+\)\.?$/, '')
}

/** Where in the text a `policy.invalid` failure is; null when it is not about a place. */
export function placeOf(failure: Failure): TextPlace | null {
  const told = Place.safeParse(failure.details)
  if (told.success) return told.data
  const [, line, column] = /\bline (\d+)(?:,? column (\d+))?/.exec(failure.message) ?? []
  return line === undefined ? null : { line: Number(line), column: Number(column ?? 1) }
}
