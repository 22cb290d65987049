import { describe, expect, it } from 'vitest'
import type { FramePayload } from '../../shared/frames'
import { argumentsInBrief, frameRole, frameTitle, ROLE_NAME, wasStarted } from './frame-words'
import { frame } from './testing/frame-fixtures'

const OUTCOME: FramePayload<'tool.outcome'> = {
  tool: 'shell.exec',
  ok: true,
  output: null,
  text: '',
  sideEffects: { files: [], processes: [] },
  isolation: 'overlay',
  durationMs: 3,
}
const DENIAL = {
  by: 'network',
  action: 'net.egress',
  resource: 'evil.example:443\u001b[2K',
  reason: 'No policy permits it.',
  enforcedBy: 'system',
} as const

it('says nothing of the sandbox of a call that was refused before it ran', () => {
  const refused = { ...OUTCOME, ok: false, isolation: 'none' as const, denials: [DENIAL] }
  expect([wasStarted(refused), wasStarted({ ...refused, isolation: 'copy' }), wasStarted({ ...OUTCOME, isolation: 'none' })]).toEqual([
    false,
    true,
    true,
  ])
})

describe('denied frames', () => {
  it('are a role of their own, before failed and changing ones', () => {
    const role = (change: Partial<typeof OUTCOME>): string => frameRole(frame(1, 'b0', 'tool.outcome', { ...OUTCOME, ...change }))
    const error = { code: 'policy.denied', message: 'Denied.', retryable: false }
    expect([role({}), role({ ok: false }), role({ denials: [] }), role({ denials: [DENIAL] }), role({ ok: false, error })]).toEqual([
      'tool',
      'error',
      'tool',
      'denied',
      'denied',
    ])
    expect(frameRole(frame(1, 'b0', 'error', { ...error, where: 'tool' }))).toBe('denied')
    expect(ROLE_NAME.denied).toBe('Denied')
  })

  it('say what was refused and why, with nothing invisible', () => {
    const title = frameTitle(frame(1, 'b0', 'tool.outcome', { ...OUTCOME, denials: [DENIAL, DENIAL] }))
    expect(title).toBe('Denied: shell.exec evil.example:443<ESC>[2K: No policy permits it, and 1 more denial')
  })
})

it('shows no control characters of arguments', () => {
  expect(argumentsInBrief({ command: 'ls \u202e; rm -rf x' })).toBe('ls <U+202E>; rm -rf x')
})
