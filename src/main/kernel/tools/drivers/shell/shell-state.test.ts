import { describe, expect, it } from 'vitest'
import { captureBytes, capturedBytes, parseShellState } from './shell-state'

const state = (fields: Record<number, string> = {}): Buffer => {
  const all = ['keyframe-shell-1', '4', '0', '/workspace', '0022\n', '', '', '', '', '', '', '[1]+ 7 Running sleep 9 &\n', 'end', '']
  return Buffer.from(all.map((field, index) => fields[index] ?? field).join('\0'))
}

describe('parseShellState', () => {
  it('reads sequence, directory and jobs', () => {
    expect(parseShellState(state())).toEqual({
      sequence: 4,
      cwd: '/workspace',
      jobs: ['[1]+ 7 Running sleep 9 &'],
      descriptors: [],
      environment: null,
    })
  })

  it.each([
    ['another format', { 0: 'other' }],
    ['no number', { 1: '-1' }],
    ['a relative directory', { 3: 'workspace' }],
    ['an endless directory', { 3: `/${'x'.repeat(5000)}` }],
    ['a field too many', { 7: 'a\0b' }],
    ['no end', { 12: '' }],
  ])('refuses %s', (_what, fields) => {
    expect(parseShellState(state(fields))).toBeNull()
  })

  it('reads the beginning of a state that is too large', () => {
    const cut = state().subarray(0, 40)
    expect(parseShellState(cut)).toBeNull()
    expect(parseShellState(cut, false)).toEqual({ sequence: 4, cwd: '/workspace', jobs: [], descriptors: [], environment: null })
  })
})

it('keeps bytes that are no UTF-8', () => {
  for (const bytes of [Buffer.from('é'), Buffer.from([0xff, 0x00])]) expect(capturedBytes(captureBytes(bytes))).toEqual(bytes)
  expect(captureBytes(Buffer.from('é')).encoding).toBe('utf-8')
})
