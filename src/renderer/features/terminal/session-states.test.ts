import { expect, it } from 'vitest'
import type { Frame } from '../../../shared/frames'
import { sessionStates, stateLabel } from './session-states'

const outcome = (tool: string, output: unknown, ok = true) => ({ kind: 'tool.outcome', payload: { tool, ok, output } }) as Frame

it('knows how the last command of each session ended', () => {
  const states = sessionStates([
    outcome('shell.run', { session: 'main', exitCode: 0 }),
    outcome('shell.run', { session: 'main', exitCode: 3, state: 'ended', command: 'make' }),
    outcome('shell.run', { session: 'ask', exitCode: -1, state: 'running', command: 'python3' }),
    outcome('fs.read', { session: 'main', exitCode: 9 }),
    outcome('shell.run', null, false),
  ])
  expect(Object.fromEntries(states)).toEqual({
    main: { command: 'make', state: 'ended', exitCode: 3 },
    ask: { command: 'python3', state: 'running', exitCode: null },
  })
  expect([...states.values()].map(stateLabel)).toEqual(['exit 3', 'running'])
})

it('follows background jobs from their start to their end', () => {
  const frames = [
    outcome('shell.start', { job: 'job-1', command: 'npm run dev' }),
    outcome('shell.start', { job: 'job-2', command: 'make' }),
    outcome('shell.start', { job: 'job-3', command: 'sleep 9' }),
    outcome('shell.wait', { session: 'job-1', exitCode: 2, state: 'ended' }),
    outcome('shell.jobs', { jobs: [{ job: 'job-2', command: 'make', state: 'ended', exitCode: 0 }] }),
    outcome('shell.close', { session: 'job-3' }),
    outcome('shell.close', { session: 'job-1' }),
  ]
  expect([...sessionStates(frames)]).toEqual([
    ['job-1', { command: 'npm run dev', state: 'ended', exitCode: 2 }],
    ['job-2', { command: 'make', state: 'ended', exitCode: 0 }],
    ['job-3', { command: 'sleep 9', state: 'stopped', exitCode: null }],
  ])
  expect([...sessionStates(frames.slice(0, 1)).values()].map(stateLabel)).toEqual(['running'])
})

it('passes over what it does not understand', () => {
  expect(sessionStates([outcome('shell.run', 'text'), outcome('shell.start', {}), outcome('shell.sessions', { sessions: [] })]).size).toBe(
    0,
  )
})
