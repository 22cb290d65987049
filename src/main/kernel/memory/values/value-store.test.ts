import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createRedactor } from '../../journal/redaction'
import { createValueStore, type ValueStore } from './value-store'

describe('stored values', () => {
  let folder: string
  let store: ValueStore
  const open = () => createValueStore({ path: join(folder, 'deep', 'values.db'), redact: (text) => createRedactor().redact(text) })
  const value = (key: string, text: string) => ({ key, value: text, updatedAtMs: 5, by: 'human' as const, runId: null })
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'keyframe-values-'))
    store = open()
  })
  afterEach(() => {
    store.close()
    rmSync(folder, { recursive: true, force: true })
  })

  it('are there after a new start, with who set them and when', () => {
    store.set(value('deploy.command', 'make'))
    store.set({ key: 'deploy.command', value: 'make ship', updatedAtMs: 9, by: 'agent', runId: 'r1' })
    store.close()
    store = open()
    expect(store.get('deploy.command')).toEqual({ key: 'deploy.command', value: 'make ship', updatedAtMs: 9, by: 'agent', runId: 'r1' })
    expect(store.get('deploy')).toBeNull()
  })

  it('are listed by the beginning of their keys, and removed', () => {
    for (const key of ['a.1', 'a.2', 'a%', 'b', 'ä.1']) store.set(value(key, key))
    expect(store.list('a').map(({ key }) => key)).toEqual(['a%', 'a.1', 'a.2'])
    expect(store.list('a.', 1).map(({ key }) => key)).toEqual(['a.1'])
    expect(store.list('').length).toBe(5)
    expect(store.remove('a.1')).toBe(true)
    expect(store.remove('a.1')).toBe(false)
    expect(store.list('a.').map(({ key }) => key)).toEqual(['a.2'])
  })

  it('have limits, and hold no secrets', () => {
    expect(() => store.set(value('', 'x'))).toThrow(expect.objectContaining({ code: 'values.bad-key' }))
    expect(() => store.set(value('two\nlines', 'x'))).toThrow(expect.objectContaining({ code: 'values.bad-key' }))
    expect(() => store.set(value('x', 'ä'.repeat(40_000)))).toThrow(expect.objectContaining({ code: 'values.too-large' }))
    expect(store.set(value('token', `ghp_${'a'.repeat(36)}`)).value).toBe('[redacted:github-token]')
    expect(store.list('').map(({ key }) => key)).toEqual(['token'])
  })

  it('of a damaged file are moved aside, and it is said', () => {
    store.close()
    writeFileSync(join(folder, 'deep', 'values.db'), 'no database '.repeat(1000))
    store = open()
    expect(store.problem).toContain('moved to')
    expect(store.set(value('x', 'y')).value).toBe('y')
  })
})
