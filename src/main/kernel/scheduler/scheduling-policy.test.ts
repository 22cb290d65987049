import { describe, expect, it } from 'vitest'
import type { SchedulerInputs } from '../../../shared/frames'
import { decideTick } from './scheduling-policy'

const calm: SchedulerInputs = {
  tick: 1,
  request: 'fs.read',
  requestClass: 'pure',
  tokensUsed: 1_000,
  contextTokens: 500,
  maxTokens: 100_000,
  errorCount: 0,
  maxErrors: 10,
  wallTimeMs: 1_000,
  maxWallTimeMs: 60_000,
  staleItems: 0,
  maxStaleItems: 20,
  waived: [],
}

describe('the default scheduling policy', () => {
  it.each([
    ['a tool', {}, 'use-tool', []],
    ['thinking without a tool', { request: 'remember' }, 'continue', []],
    ['the end', { request: 'complete' }, 'complete', []],
    ['stale context', { staleItems: 21 }, 'refresh-context', []],
    ['90 % of the tokens', { tokensUsed: 90_001 }, 'checkpoint-and-pause', ['tokens']],
    ['exactly 90 % of the tokens', { tokensUsed: 90_000 }, 'use-tool', []],
    ['too many errors', { errorCount: 11 }, 'escalate', ['errors']],
    ['too long', { wallTimeMs: 60_001 }, 'checkpoint-and-pause', ['wall-time']],
    ['a waived limit', { tokensUsed: 99_000, waived: ['tokens'] }, 'use-tool', []],
    ['one limit waived, another reached', { tokensUsed: 99_000, waived: ['tokens'], errorCount: 11 }, 'escalate', ['errors']],
    ['a limit reached at the end', { request: 'complete', tokensUsed: 99_000 }, 'checkpoint-and-pause', ['tokens']],
  ] as const)('%s', (_name, change, outcome, limits) => {
    const decision = decideTick({ ...calm, ...change, waived: [...('waived' in change ? change.waived : [])] })
    expect(decision.outcome).toBe(outcome)
    expect(decision.limits).toEqual(limits)
    expect(decision.reasons.length).toBeGreaterThan(0)
  })
})
