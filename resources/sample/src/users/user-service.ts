import { ServiceError } from '../shared/errors.ts'
import type { PlanName } from '../billing/plan.ts'
import type { User } from './user.ts'
import type { UserRepository } from './user-repository.ts'

/** Throws `forbidden` for a user whose account was closed. */
export function requireActiveUser(users: UserRepository, userId: string): User {
  const user = users.get(userId)
  if (!user.active) throw new ServiceError('forbidden', `The account of ${user.email} is closed.`)
  return user
}

export function changePlan(users: UserRepository, userId: string, plan: PlanName): User {
  const changed: User = { ...requireActiveUser(users, userId), plan }
  users.save(changed)
  return changed
}

export function closeAccount(users: UserRepository, userId: string): void {
  users.save({ ...users.get(userId), active: false })
}
