import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createApp } from '../app.ts'
import { signToken } from '../auth/token.ts'
import { createMemoryLogger } from '../shared/logger.ts'
import { route } from './router.ts'

function app() {
  const logger = createMemoryLogger()
  const services = createApp({ secret: 's3cret', port: 0, chargeLimitCents: 100_000 }, logger, () => 1000)
  services.users.add({ id: 'u1', email: 'ada@example.com', name: 'Ada', country: 'DE', plan: 'starter', active: true })
  services.users.add({ id: 'u2', email: 'bob@example.com', name: 'Bob', country: 'US', plan: 'scale', active: true })
  return { services, logger }
}

const bearer = (userId: string) => ({ authorization: `Bearer ${signToken(userId, 2000, 's3cret')}` })
const body = { lines: [{ description: 'Requests', quantity: 1, unit_price_cents: 1000 }] }

test('the user_id of the token reaches the invoice and the charge', async () => {
  const { services } = app()
  const response = await route({ method: 'POST', path: '/invoices', headers: bearer('u1'), body }, services)
  assert.equal(response.status, 201)
  assert.equal(services.invoices.ofUser('u1').length, 1)
  assert.equal((response.body as { user_id: string }).user_id, 'u1')
})

test('a quote uses calculateInvoiceTotal without making an invoice', async () => {
  const { services } = app()
  const response = await route({ method: 'POST', path: '/quotes', headers: bearer('u2'), body }, services)
  assert.deepEqual(response, { status: 200, body: { gross_cents: 900 } })
  assert.equal(services.invoices.ofUser('u2').length, 0)
})

test('a request without a token is refused and logged', async () => {
  const { services, logger } = app()
  const response = await route({ method: 'POST', path: '/invoices', headers: {}, body }, services)
  assert.equal(response.status, 401)
  assert.equal(logger.records[0]?.fields['status'], 401)
})

test('an invoice of somebody else is forbidden', async () => {
  const { services } = app()
  await route({ method: 'POST', path: '/invoices', headers: bearer('u1'), body }, services)
  const id = services.invoices.ofUser('u1')[0]?.id ?? ''
  const response = await route({ method: 'GET', path: `/invoices/${id}`, headers: bearer('u2'), body: null }, services)
  assert.equal(response.status, 403)
})

test('a malformed body is a 422 with the reason', async () => {
  const { services } = app()
  const response = await route({ method: 'POST', path: '/invoices', headers: bearer('u1'), body: { lines: [{}] } }, services)
  assert.equal(response.status, 422)
})
