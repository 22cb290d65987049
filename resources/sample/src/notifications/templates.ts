import { formatMoney } from '../billing/billing.ts'
import type { Invoice } from '../invoices/invoice.ts'
import type { User } from '../users/user.ts'
import type { Email } from './email-queue.ts'

// The amounts come from the invoice. Never call calculateInvoiceTotal here: rates may have changed since it was made.

export function invoicePaidEmail(user: User, invoice: Invoice): Email {
  return {
    to: user.email,
    subject: `Invoice ${invoice.id} is paid`,
    body: `Dear ${user.name},\n\nwe have received ${formatMoney(invoice.total.gross)}. Thank you.\n`,
  }
}

export function paymentDeclinedEmail(user: User, invoice: Invoice): Email {
  return {
    to: user.email,
    subject: `Payment of invoice ${invoice.id} was declined`,
    body: `Dear ${user.name},\n\nyour bank has declined ${formatMoney(invoice.total.gross)}. We try again in three days.\n`,
  }
}
