import { expect, it } from 'vitest'
import { messageOf, placeOf } from './failure-place'

const failure = (message: string, details?: Record<string, unknown>) => ({
  code: 'policy.invalid',
  message,
  retryable: false,
  ...(details === undefined ? {} : { details }),
})

it('finds the place in the details, else in the sentence', () => {
  expect(placeOf(failure('unexpected token', { line: 4, column: 2, message: 'x' }))).toEqual({ line: 4, column: 2 })
  expect(placeOf(failure('unexpected token (line 12, column 3)'))).toEqual({ line: 12, column: 3 })
  expect(placeOf(failure('wrong on line 5'))).toEqual({ line: 5, column: 1 })
  expect(placeOf(failure('The id is taken.', { line: 0 }))).toBeNull()
})

it('says the place once', () => {
  expect(messageOf(failure('unexpected token (line 12, column 3)'))).toBe('unexpected token')
  expect(messageOf(failure('no place'))).toBe('no place')
})
