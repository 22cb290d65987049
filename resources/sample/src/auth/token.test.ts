import assert from 'node:assert/strict'
import { test } from 'node:test'
import { validate } from './credentials.ts'
import { signToken, verifyToken } from './token.ts'

test('a token gives back the user_id that it was signed for', () => {
  assert.equal(verifyToken(signToken('u1', 100, 's3cret'), 99, 's3cret'), 'u1')
})

test('a token of another secret is refused', () => {
  assert.throws(() => verifyToken(signToken('u1', 100, 'other'), 99, 's3cret'), /not one of ours/)
})

test('a token expires', () => {
  assert.throws(() => verifyToken(signToken('u1', 100, 's3cret'), 100, 's3cret'), /expired/)
})

test('short passwords are refused', () => {
  assert.deepEqual(validate({ email: 'ada@example.com', password: 'short' }), ['The password has fewer than 12 characters.'])
})
