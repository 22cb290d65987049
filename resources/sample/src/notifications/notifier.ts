import type { Invoice } from '../invoices/invoice.ts'
import type { User } from '../users/user.ts'
import type { EmailQueue } from './email-queue.ts'
import { invoicePaidEmail, paymentDeclinedEmail } from './templates.ts'

export class Notifier {
  readonly #queue: EmailQueue

  constructor(queue: EmailQueue) {
    this.#queue = queue
  }

  invoicePaid(user: User, invoice: Invoice): void {
    this.#queue.push(invoicePaidEmail(user, invoice))
  }

  paymentDeclined(user: User, invoice: Invoice): void {
    this.#queue.push(paymentDeclinedEmail(user, invoice))
  }
}
