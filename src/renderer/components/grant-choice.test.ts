import { expect, it } from 'vitest'
import { beyondOnce, deny, offeredFirst, once, patternsOf, permitsEverything } from './grant-choice'

const AUTHORIZE = {
  role: 'refactorer',
  tool: 'shell.exec',
  args: { command: 'npm run build' },
  decisions: [],
  patterns: [
    { action: 'process.spawn' as const, pattern: 'npm run build' },
    { action: 'process.spawn' as const, pattern: 'npm *' },
    { action: 'fs.write' as const, pattern: 'dist/**' },
  ],
}

it('begins with the narrowest pattern of each action', () => {
  expect(patternsOf(offeredFirst(AUTHORIZE))).toEqual([
    { action: 'process.spawn', pattern: 'npm run build' },
    { action: 'fs.write', pattern: 'dist/**' },
  ])
})

it('permits nothing beyond once with a pattern that was emptied', () => {
  const chosen = new Map([...offeredFirst(AUTHORIZE), ['fs.write' as const, '  ']])
  expect(beyondOnce('always', chosen)).toEqual({
    decision: 'approve',
    scope: 'always',
    patterns: [{ action: 'process.spawn', pattern: 'npm run build' }],
  })
})

it('offers no pattern that cannot be read', () => {
  const hidden = { ...AUTHORIZE, patterns: [{ action: 'process.spawn' as const, pattern: 'npm \u202e*' }, ...AUTHORIZE.patterns.slice(1)] }
  expect([...offeredFirst(hidden)]).toEqual([
    ['process.spawn', 'npm *'],
    ['fs.write', 'dist/**'],
  ])
})

it('answers once, and denies with a message or without', () => {
  expect([once(), deny(' '), deny(' use the tool instead ')]).toEqual([
    { decision: 'approve', scope: 'once' },
    { decision: 'deny' },
    { decision: 'deny', text: 'use the tool instead' },
  ])
})

it('knows patterns that leave nothing to ask about', () => {
  expect(['*', '**', '**/*', ' * ', '*:*'].map(permitsEverything)).toEqual([true, true, true, true, true])
  expect(['npm *', 'src/**', '*.md'].map(permitsEverything)).toEqual([false, false, false])
})
