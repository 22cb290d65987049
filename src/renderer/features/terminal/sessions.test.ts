import { expect, it } from 'vitest'
import { chooseSession, mergeSessions } from './sessions'

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
  const tabs = mergeSessions([info('user'), info('zeta'), info('main')], ['checks', 'main', 'alpha'])
  expect(tabs.map((tab) => [tab.session, tab.title, tab.live])).toEqual([
    ['main', 'Agent', true],
    ['user', 'You', true],
    ['checks', 'Checks', false],
    ['alpha', 'alpha', false],
    ['zeta', 'zeta', true],
  ])
})

it('believes the kernel about what is live', () => {
  expect(mergeSessions([info('main', false)], ['main'])).toEqual([{ session: 'main', title: 'Agent', live: false, cwd: '/workspace/main' }])
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
