import type { InvoiceTotal, PricedLine } from '../billing/billing.ts'

export type InvoiceStatus = 'draft' | 'paid' | 'declined'

export interface InvoiceLine extends PricedLine {
  readonly description: string
}

/** A row of `invoices` with its lines. `total` is what calculateInvoiceTotal returned on the day: it is never worked out again. */
export interface Invoice {
  readonly id: string
  readonly userId: string
  readonly lines: readonly InvoiceLine[]
  readonly total: InvoiceTotal
  readonly status: InvoiceStatus
}

/** What a client sends to make one. */
export interface InvoiceDraft {
  readonly lines: readonly InvoiceLine[]
}
