import { money } from '../billing/billing.ts'
import type { InvoiceDraft, InvoiceLine } from '../invoices/invoice.ts'
import { ServiceError } from '../shared/errors.ts'

/** Reads a draft out of a request's body. Throws `invalid` for what has not its shape; `validate` checks the values. */
export function parseDraft(body: unknown): InvoiceDraft {
  if (typeof body !== 'object' || body === null || !('lines' in body) || !Array.isArray(body.lines)) {
    throw new ServiceError('invalid', 'The body needs a list of lines.')
  }
  return { lines: body.lines.map((line: unknown, index) => parseLine(line, index)) }
}

function parseLine(line: unknown, index: number): InvoiceLine {
  if (typeof line !== 'object' || line === null) throw new ServiceError('invalid', `Line ${index + 1} is no object.`)
  const { description, quantity, unit_price_cents: cents } = line as Record<string, unknown>
  if (typeof description !== 'string' || typeof quantity !== 'number' || typeof cents !== 'number' || !Number.isSafeInteger(cents)) {
    throw new ServiceError('invalid', `Line ${index + 1} needs description, quantity and unit_price_cents.`)
  }
  return { description, quantity, unitPrice: money(cents) }
}
