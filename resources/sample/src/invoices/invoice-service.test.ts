import assert from 'node:assert/strict'
import { test } from 'node:test'
import { money } from '../billing/billing.ts'
import { FakePaymentProvider } from '../billing/payments.ts'
import { EmailQueue } from '../notifications/email-queue.ts'
import { Notifier } from '../notifications/notifier.ts'
import { createMemoryLogger } from '../shared/logger.ts'
import { UserRepository } from '../users/user-repository.ts'
import { InvoiceRepository } from './invoice-repository.ts'
import { createInvoice, quoteInvoice } from './invoice-service.ts'
import { renderInvoice } from './render.ts'

function services(limitCents: number) {
  const users = new UserRepository()
  users.add({ id: 'u1', email: 'ada@example.com', name: 'Ada', country: 'DE', plan: 'starter', active: true })
  const queue = new EmailQueue()
  return {
    users,
    queue,
    invoices: new InvoiceRepository(),
    payments: new FakePaymentProvider(limitCents),
    notifier: new Notifier(queue),
    logger: createMemoryLogger(),
  }
}

const DRAFT = { lines: [{ description: 'Requests', quantity: 3, unitPrice: money(1000) }] }

test('an invoice is charged and paid', async () => {
  const all = services(100_000)
  const invoice = await createInvoice(all, 'u1', DRAFT)
  assert.equal(invoice.status, 'paid')
  assert.equal(all.payments.charges[0]?.amount.cents, 3570)
  assert.match(all.queue.drain()[0]?.subject ?? '', /is paid/)
})

test('a declined payment is kept and told', async () => {
  const all = services(1)
  await assert.rejects(createInvoice(all, 'u1', DRAFT), { code: 'payment-declined' })
  assert.equal(all.invoices.ofUser('u1')[0]?.status, 'declined')
  assert.match(all.queue.drain()[0]?.subject ?? '', /declined/)
})

test('a draft without lines is refused', async () => {
  await assert.rejects(createInvoice(services(1), 'u1', { lines: [] }), { code: 'invalid' })
})

test('a quote is the total of the invoice that would be made', async () => {
  const all = services(100_000)
  const quote = quoteInvoice(all, 'u1', DRAFT)
  const invoice = await createInvoice(all, 'u1', DRAFT)
  assert.deepEqual(quote, invoice.total)
  assert.match(renderInvoice(invoice), /Total 35\.70 EUR/)
})
