import { describe, expect, it } from 'vitest'
import { contentSecurityPolicy } from './content-security-policy'

const directives = new Map(
  contentSecurityPolicy(['ws://127.0.0.1:4000'])
    .split('; ')
    .map((directive) => {
      const [name = '', ...sources] = directive.split(' ')
      return [name, sources] as const
    }),
)

describe('contentSecurityPolicy', () => {
  it('refuses what it does not list', () => {
    for (const name of ['default-src', 'base-uri', 'form-action', 'frame-ancestors', 'object-src'])
      expect(directives.get(name)).toEqual(["'none'"])
  })
  it('runs bundled scripts and WebAssembly, never inline scripts or eval', () => {
    expect(directives.get('script-src')).toEqual(["'self'", "'wasm-unsafe-eval'"])
  })
  it('connects to its own kernel only', () => {
    expect(directives.get('connect-src')).toEqual(["'self'", 'ws://127.0.0.1:4000'])
  })
})
