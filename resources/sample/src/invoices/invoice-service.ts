import { randomUUID } from 'node:crypto'
import { calculateInvoiceTotal, chargeUser } from '../billing/billing.ts'
import type { PaymentProvider } from '../billing/payments.ts'
import type { Notifier } from '../notifications/notifier.ts'
import { ServiceError } from '../shared/errors.ts'
import type { Logger } from '../shared/logger.ts'
import type { UserRepository } from '../users/user-repository.ts'
import { requireActiveUser } from '../users/user-service.ts'
import type { Invoice, InvoiceDraft } from './invoice.ts'
import type { InvoiceRepository } from './invoice-repository.ts'
import { validate } from './validate.ts'

export interface InvoiceServices {
  readonly users: UserRepository
  readonly invoices: InvoiceRepository
  readonly payments: PaymentProvider
  readonly notifier: Notifier
  readonly logger: Logger
}

/** Makes an invoice and charges it. A declined payment leaves the invoice behind with the status `declined`. */
export async function createInvoice(services: InvoiceServices, userId: string, draft: InvoiceDraft): Promise<Invoice> {
  const problems = validate(draft)
  if (problems.length > 0) throw new ServiceError('invalid', 'The invoice cannot be made.', problems)
  const user = requireActiveUser(services.users, userId)
  const total = calculateInvoiceTotal(draft.lines, user.plan, user.country)
  const invoice: Invoice = { id: randomUUID(), userId, lines: draft.lines, total, status: 'draft' }
  services.invoices.add(invoice)
  try {
    await chargeUser(services.payments, services.logger, userId, invoice.id, total.gross)
  } catch (error) {
    services.notifier.paymentDeclined(user, services.invoices.setStatus(invoice.id, 'declined'))
    throw error
  }
  const paid = services.invoices.setStatus(invoice.id, 'paid')
  services.notifier.invoicePaid(user, paid)
  return paid
}

/** The total of a draft, without making anything. */
export function quoteInvoice(services: Pick<InvoiceServices, 'users'>, userId: string, draft: InvoiceDraft) {
  const user = requireActiveUser(services.users, userId)
  return calculateInvoiceTotal(draft.lines, user.plan, user.country)
}
