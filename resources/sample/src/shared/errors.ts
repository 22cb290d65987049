export type ErrorCode = 'not-found' | 'invalid' | 'unauthenticated' | 'forbidden' | 'payment-declined'

/** The one error that reaches a client: a code to match, a sentence to read. */
export class ServiceError extends Error {
  readonly code: ErrorCode
  readonly details: readonly string[]

  constructor(code: ErrorCode, message: string, details: readonly string[] = []) {
    super(message)
    this.name = 'ServiceError'
    this.code = code
    this.details = details
  }
}

export function notFound(what: string, id: string): ServiceError {
  return new ServiceError('not-found', `There is no ${what} with the id ${id}.`)
}
