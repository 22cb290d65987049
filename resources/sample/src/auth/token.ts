import { createHmac, timingSafeEqual } from 'node:crypto'
import { ServiceError } from '../shared/errors.ts'

const encoder = new TextEncoder()

function signatureOf(payload: string, secret: string): string {
  return createHmac('sha256', secret).update(payload).digest('hex')
}

/** `userId.expiresAtSeconds.signature` */
export function signToken(userId: string, expiresAtSeconds: number, secret: string): string {
  const payload = `${userId}.${expiresAtSeconds}`
  return `${payload}.${signatureOf(payload, secret)}`
}

/** The user_id that the token was signed for. Throws `unauthenticated`. */
export function verifyToken(token: string, nowSeconds: number, secret: string): string {
  const [userId, expires, signature] = token.split('.')
  if (userId === undefined || expires === undefined || signature === undefined) {
    throw new ServiceError('unauthenticated', 'The token is malformed.')
  }
  const expected = encoder.encode(signatureOf(`${userId}.${expires}`, secret))
  const actual = encoder.encode(signature)
  if (expected.length !== actual.length || !timingSafeEqual(expected, actual)) {
    throw new ServiceError('unauthenticated', 'The token is not one of ours.')
  }
  if (Number(expires) <= nowSeconds) throw new ServiceError('unauthenticated', 'The token has expired.')
  return userId
}
