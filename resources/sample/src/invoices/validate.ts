import type { InvoiceDraft } from './invoice.ts'

const MAX_LINES = 100

/** What is wrong with a draft, as sentences for the client; empty when it can be invoiced. */
export function validate(draft: InvoiceDraft): string[] {
  const problems: string[] = []
  if (draft.lines.length === 0) problems.push('An invoice needs at least one line.')
  if (draft.lines.length > MAX_LINES) problems.push(`An invoice has at most ${MAX_LINES} lines.`)
  for (const [index, line] of draft.lines.entries()) {
    if (line.description.trim() === '') problems.push(`Line ${index + 1} has no description.`)
    if (!(line.quantity > 0)) problems.push(`Line ${index + 1} has no positive quantity.`)
  }
  return problems
}
