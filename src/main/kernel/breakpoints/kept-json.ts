import type { z } from 'zod'
import type { Journal } from '../journal/journal'

/** A setting of the journal as its schema says; null when it is not there, or (said in the log) cannot be read. */
export function readKept<Schema extends z.ZodType>(
  journal: Pick<Journal, 'getSetting'>,
  key: string,
  schema: Schema,
  log: (line: string) => void,
): z.output<Schema> | null {
  const text = journal.getSetting(key)
  if (text === null) return null
  const read = schema.safeParse(parsed(text))
  if (read.success) return read.data
  log(`${key} could not be read and counts as empty: ${read.error.issues[0]?.message ?? 'it is no JSON'}`)
  return null
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (thrown) {
    if (thrown instanceof SyntaxError) return undefined
    throw thrown
  }
}
