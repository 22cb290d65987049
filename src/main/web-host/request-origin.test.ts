import { describe, expect, it } from 'vitest'
import { isLoopbackHost, isOwnOrigin } from './request-origin'

describe('requests', () => {
  it.each(['127.0.0.1:4000', 'localhost:4000', 'LOCALHOST', '127.0.0.1'])('accepts the host %s', (host) => {
    expect(isLoopbackHost(host)).toBe(true)
  })
  it.each([
    undefined,
    '',
    'evil.example',
    '127.0.0.1.evil.example',
    'localhost.evil.example:80',
    '0.0.0.0:4000',
    '127.0.0.1:4000@evil',
    '[::1]:80',
  ])('refuses the host %s', (host) => {
    expect(isLoopbackHost(host)).toBe(false)
  })
  it('accepts our own page only', () => {
    expect(isOwnOrigin('http://127.0.0.1:4000', '127.0.0.1:4000')).toBe(true)
    for (const origin of [undefined, 'null', 'http://127.0.0.1:4001', 'https://127.0.0.1:4000', 'http://evil.example']) {
      expect(isOwnOrigin(origin, '127.0.0.1:4000')).toBe(false)
    }
  })
})
