import assert from 'node:assert/strict'
import { test } from 'node:test'
import { UserRepository } from './user-repository.ts'
import { changePlan, closeAccount, requireActiveUser } from './user-service.ts'

function usersWithAda(): UserRepository {
  const users = new UserRepository()
  users.add({ id: 'u1', email: 'ada@example.com', name: 'Ada', country: 'DE', plan: 'starter', active: true })
  return users
}

test('a plan change is saved', () => {
  const users = usersWithAda()
  changePlan(users, 'u1', 'scale')
  assert.equal(users.get('u1').plan, 'scale')
})

test('a closed account is refused', () => {
  const users = usersWithAda()
  closeAccount(users, 'u1')
  assert.throws(() => requireActiveUser(users, 'u1'), { code: 'forbidden' })
})

test('an e-mail address is found whatever its case', () => {
  assert.equal(usersWithAda().findByEmail('ADA@example.com')?.id, 'u1')
})
