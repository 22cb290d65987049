import { expect, it } from 'vitest'
import { chooseSession, endsWith, isMine, mergeSessions, nextSession, titleOf } from './sessions'

const info = (session: string, live = true) => ({
  session,
  title: session,
  cwd: `/workspace/${session}`,
  live,
  running: null,
  processes: [],
  cols: 80,
  rows: 24,
})

it('shows each session once, the agent’s first, then the person’s, the checks, others by name', () => {
  const tabs = mergeSessions([info('user'), info('zeta'), info('main'), info('user-2')], ['checks', 'main', 'alpha', 'job-10', 'job-9'])
  expect(tabs.map((tab) => [tab.session, tab.title, tab.live])).toEqual([
    ['main', 'Agent', true],
    ['user', 'You', true],
    ['user-2', 'You 2', true],
    ['checks', 'Checks', false],
    ['alpha', 'alpha', false],
    ['job-9', 'Job 9', false],
    ['job-10', 'Job 10', false],
    ['zeta', 'zeta', true],
  ])
})

it('believes the kernel about what is live and runs, and the frames about how the last command ended', () => {
  const last = { command: 'make', state: 'ended', exitCode: 2 } as const
  const listed = [{ ...info('main', false), running: 'make', processes: ['make', 'cc'] }]
  expect(mergeSessions(listed, ['main'], new Map([['main', last]]))).toEqual([
    { session: 'main', title: 'Agent', live: false, cwd: '/workspace/main', running: 'make', processes: ['make', 'cc'], last },
  ])
})

it('keeps the chosen session while it is there', () => {
  const tabs = mergeSessions([], ['checks', 'main'])
  expect([chooseSession(tabs, 'checks'), chooseSession(tabs, 'gone'), chooseSession(tabs, null), chooseSession([], 'main')]).toEqual([
    'checks',
    'main',
    'main',
    null,
  ])
})

it('names further sessions of a person', () => {
  expect([nextSession([]), nextSession(['main', 'user']), nextSession(['user', 'user-2', 'user-4'])]).toEqual(['user', 'user-2', 'user-3'])
  expect(['user', 'user-3', 'user-x', 'main', 'job-1'].map((session) => isMine(session))).toEqual([true, true, false, false, false])
  expect(titleOf('build')).toBe('build')
})

it('says what ends with a session', () => {
  const tab = mergeSessions([{ ...info('main'), running: 'vim a', processes: ['vim a', 'sleep 9'] }, info('user')], [])
  expect(tab.map(endsWith)).toEqual([['vim a', 'sleep 9'], null])
})
