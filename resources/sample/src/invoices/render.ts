import { formatMoney, money, calculateInvoiceTotal, type Money } from '../billing/billing.ts'
import { notFound } from '../shared/errors.ts'
import type { Invoice, InvoiceDraft, InvoiceLine } from './invoice.ts'

/** The invoice as plain text, one line of it per line. */
export function renderInvoice(invoice: Invoice): string {
  const lines = invoice.lines.map((line) => renderLine(line))
  return [
    `Invoice ${invoice.id}`,
    ...lines,
    `Net   ${formatMoney(invoice.total.net)}`,
    `Tax   ${formatMoney(invoice.total.tax)}`,
    `Total ${formatMoney(invoice.total.gross)}`,
  ].join('\n')
}

function renderLine(line: InvoiceLine): string {
  const price: Money = line.unitPrice
  return `${line.quantity} x ${line.description} at ${formatMoney(price)}`
}
