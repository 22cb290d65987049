import assert from 'node:assert/strict'
import { test } from 'node:test'
import { loadConfig } from './config.ts'

test('defaults are used for what is not set', () => {
  assert.deepEqual(loadConfig({ AUTH_SECRET: 's' }), { secret: 's', port: 8080, chargeLimitCents: 500_000 })
})

test('a missing secret is named', () => {
  assert.throws(() => loadConfig({}), /AUTH_SECRET/)
})
