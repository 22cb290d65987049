import assert from 'node:assert/strict'
import { test } from 'node:test'
import { calculateInvoiceTotal } from './calculate-total.ts'
import { money } from './money.ts'

test('calculateInvoiceTotal adds up lines and tax', () => {
  const total = calculateInvoiceTotal([{ quantity: 2, unitPrice: money(1000) }], 'starter', 'DE')
  assert.deepEqual(total, { net: money(2000), tax: money(380), gross: money(2380) })
})

test('the discount is taken before tax', () => {
  const total = calculateInvoiceTotal([{ quantity: 1, unitPrice: money(10000) }], 'scale', 'FR')
  assert.deepEqual(total, { net: money(9000), tax: money(1800), gross: money(10800) })
})

test('an invoice without lines comes to nothing', () => {
  assert.equal(calculateInvoiceTotal([], 'starter', 'US').gross.cents, 0)
})
