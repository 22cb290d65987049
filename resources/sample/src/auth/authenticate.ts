import type { UserRepository } from '../users/user-repository.ts'
import { requireActiveUser } from '../users/user-service.ts'
import { ServiceError } from '../shared/errors.ts'
import { verifyToken } from './token.ts'

export interface AuthSettings {
  readonly secret: string
  nowSeconds(): number
}

/** Reads `Authorization: Bearer TOKEN` and returns the userId of an active user. */
export function authenticate(header: string | undefined, users: UserRepository, settings: AuthSettings): string {
  const match = /^Bearer (\S+)$/.exec(header ?? '')
  if (match?.[1] === undefined) throw new ServiceError('unauthenticated', 'A bearer token is needed.')
  const userId = verifyToken(match[1], settings.nowSeconds(), settings.secret)
  return requireActiveUser(users, userId).id
}

/** A user may see their own invoices only. */
export function authoriseOwner(userId: string, ownerId: string): void {
  if (userId !== ownerId) throw new ServiceError('forbidden', 'This belongs to somebody else.')
}
