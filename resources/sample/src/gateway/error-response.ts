import { ServiceError, type ErrorCode } from '../shared/errors.ts'
import type { ApiResponse } from './http.ts'

const STATUS: Readonly<Record<ErrorCode, number>> = {
  'not-found': 404,
  invalid: 422,
  unauthenticated: 401,
  forbidden: 403,
  'payment-declined': 402,
}

/** Anything that is no ServiceError is a fault of ours: the client learns nothing about it. */
export function errorResponse(thrown: unknown): ApiResponse {
  if (!(thrown instanceof ServiceError)) return { status: 500, body: { code: 'internal', message: 'Something went wrong.' } }
  return { status: STATUS[thrown.code], body: { code: thrown.code, message: thrown.message, details: thrown.details } }
}
