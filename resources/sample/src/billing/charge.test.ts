import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createMemoryLogger } from '../shared/logger.ts'
import { chargeUser } from './charge.ts'
import { money } from './money.ts'
import { FakePaymentProvider } from './payments.ts'

test('a repeated charge of one invoice is the same charge', async () => {
  const payments = new FakePaymentProvider(10_000)
  const logger = createMemoryLogger()
  await chargeUser(payments, logger, 'u1', 'inv-1', money(500))
  await chargeUser(payments, logger, 'u1', 'inv-1', money(500))
  assert.equal(payments.charges.length, 1)
})

test('a declined payment is logged with the user_id', async () => {
  const logger = createMemoryLogger()
  await assert.rejects(chargeUser(new FakePaymentProvider(100), logger, 'u1', 'inv-1', money(500)), { code: 'payment-declined' })
  assert.equal(logger.records[0]?.fields['user_id'], 'u1')
})
