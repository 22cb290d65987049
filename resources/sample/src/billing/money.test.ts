import assert from 'node:assert/strict'
import { test } from 'node:test'
import { applyDiscount } from './discount.ts'
import { addMoney, formatMoney, money, scaleMoney } from './money.ts'

test('amounts are formatted with two digits', () => {
  assert.equal(formatMoney(money(-1205)), '-12.05 EUR')
})

test('half a cent is rounded away from zero', () => {
  assert.equal(scaleMoney(money(5), 0.5).cents, 3)
  assert.equal(scaleMoney(money(-5), 0.5).cents, -3)
})

test('currencies are not mixed', () => {
  assert.throws(() => addMoney(money(1, 'EUR'), money(1, 'USD')), RangeError)
})

test('applyDiscount refuses what is no fraction', () => {
  assert.throws(() => applyDiscount(money(100), 10), RangeError)
})
