import { beforeEach, expect, it } from 'vitest'
import { createStore } from 'zustand/vanilla'
import type { WindowModel } from '../../app/window-model'
import type { TerminalInfo } from './sessions'
import { answerClose, askToClose, branchKey, openAnother, openTerminal, terminals } from './terminal-store'

interface Call {
  readonly method: string
  readonly params: Record<string, unknown>
}

const RUN = 'run-1' as never
const BRANCH = 'b1' as never
const KEY = branchKey(RUN, BRANCH)
let calls: Call[]
let sessions: TerminalInfo[]

const info = (session: string, more: Partial<TerminalInfo> = {}): TerminalInfo => ({
  session,
  title: session,
  cwd: '/workspace',
  live: true,
  running: null,
  processes: [],
  cols: 80,
  rows: 24,
  ...more,
})

/** A kernel that keeps a list of sessions, and the parts of a window that the store uses. */
function windowOn(): WindowModel {
  const call = (method: string, params: Record<string, unknown>): Promise<unknown> => {
    calls.push({ method, params })
    if (method === 'terminal.list') return Promise.resolve(sessions)
    const session = typeof params['session'] === 'string' ? params['session'] : 'user'
    if (method === 'terminal.open' && !sessions.some((one) => one.session === session)) sessions = [...sessions, info(session)]
    if (method === 'terminal.close') sessions = sessions.filter((one) => one.session !== session)
    return Promise.resolve({})
  }
  const selection = createStore(() => ({ runId: RUN, branchId: BRANCH }))
  return { link: { call }, selection, isPast: () => false, notices: { fail: () => undefined } } as never
}

const called = (method: string): unknown[] => calls.filter((one) => one.method === method).map(({ params }) => params['session'] ?? null)

beforeEach(() => {
  calls = []
  sessions = []
  terminals.setState({ chosen: {}, listed: {}, opening: null, closing: null, screen: null, wantsFocus: null })
})

it('opens a person’s own session, then others beside it, and shows the new one', async () => {
  const model = windowOn()
  await openTerminal(model)
  expect([called('terminal.open'), terminals.getState().chosen[KEY]]).toEqual([[null], 'user'])
  await openAnother(model)
  await openAnother(model)
  expect([called('terminal.open'), terminals.getState().chosen[KEY]]).toEqual([[null, 'user-2', 'user-3'], 'user-3'])
  expect(terminals.getState()).toMatchObject({ opening: null, wantsFocus: `${KEY}/user-3` })
})

it('closes an idle session of one’s own at once', async () => {
  sessions = [info('user')]
  await askToClose(windowOn(), 'user')
  expect([called('terminal.close'), terminals.getState().closing, terminals.getState().listed[KEY]]).toEqual([['user'], null, []])
})

it('asks first where something runs, and for the agent’s', async () => {
  sessions = [info('user', { running: 'vim a', processes: ['vim a'] }), info('main'), info('old', { live: false })]
  const model = windowOn()
  await askToClose(model, 'user')
  expect(terminals.getState().closing).toMatchObject({ key: KEY, tab: { session: 'user', running: 'vim a' } })
  await answerClose(model, false)
  expect([called('terminal.close'), terminals.getState().closing]).toEqual([[], null])
  await askToClose(model, 'main')
  await answerClose(model, true)
  expect(called('terminal.close')).toEqual(['main'])
  await askToClose(model, 'old')
  await askToClose(model, 'nobody')
  expect([called('terminal.close'), terminals.getState().closing]).toEqual([['main'], null])
})

it('lists again before it asks: what ran may have ended', async () => {
  sessions = [info('user')]
  terminals.setState({ listed: { [KEY]: [info('user', { running: 'make', processes: ['make'] })] } })
  await askToClose(windowOn(), 'user')
  expect(called('terminal.close')).toEqual(['user'])
})
