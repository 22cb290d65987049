import { describe, expect, it } from 'vitest'
import { identifierParts, searchableWords, wordQueries } from './identifier-words'

describe('identifiers', () => {
  it.each([
    ['parseHTTPRequest', ['parse', 'http', 'request']],
    ['user_id', ['user', 'id']],
    ['MAX_RETRY_COUNT', ['max', 'retry', 'count']],
    ['v2Client', ['v', '2', 'client']],
    ['$scope', ['scope']],
    ['größeÄndern', ['größe', 'ändern']],
    ['___', []],
  ])('%s is split into %j', (identifier, parts) => {
    expect(identifierParts(identifier)).toEqual(parts)
  })

  it('are searchable joined and split', () => {
    expect(searchableWords('return userId + user_name(x)')).toBe('return userid user id username user name x')
  })

  it('become queries of quoted words only, whatever is typed', () => {
    expect(wordQueries('applyDiscount("x" OR NEAR)')).toEqual({
      all: '("applydiscount" OR ("apply" AND "discount")) AND "x" AND "near"',
      any: '"apply" OR "discount" OR "applydiscount" OR "x" OR "near" OR "applydiscountxnear"',
    })
    expect(wordQueries('where is the user')?.any).toBe('"user"')
    expect(wordQueries('to be or not')?.all).toBe('"to" AND "be" AND "or" AND "not"')
    expect(wordQueries('*** ???')).toBeNull()
  })
})
