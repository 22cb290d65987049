import { notFound } from '../shared/errors.ts'
import { Table } from '../storage/table.ts'
import type { Invoice, InvoiceStatus } from './invoice.ts'

export class InvoiceRepository {
  readonly #table = new Table<Invoice>('invoices')

  add(invoice: Invoice): void {
    this.#table.insert(invoice)
  }

  /** Throws `not-found`. */
  get(invoiceId: string): Invoice {
    const invoice = this.#table.find(invoiceId)
    if (invoice === undefined) throw notFound('invoice', invoiceId)
    return invoice
  }

  ofUser(userId: string): Invoice[] {
    return this.#table.where((invoice) => invoice.userId === userId)
  }

  setStatus(invoiceId: string, status: InvoiceStatus): Invoice {
    const changed = { ...this.get(invoiceId), status }
    this.#table.update(changed)
    return changed
  }
}
