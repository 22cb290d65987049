import type { z } from 'zod'
import type { TerminalInfo as TerminalInfoSchema } from '../../../shared/contract/methods'
import type { SessionState } from './session-states'

export type TerminalInfo = z.output<typeof TerminalInfoSchema>

export const AGENT = 'main'
export const PERSON = 'user'
export const CHECKS = 'checks'

export interface SessionTab {
  readonly session: string
  readonly title: string
  /** A shell runs in it now. */
  readonly live: boolean
  readonly cwd: string
  /** The command in its foreground now; null at a prompt. */
  readonly running: string | null
  readonly processes: readonly string[]
  /** Of its last command as of the frame that is shown; null where agents were told nothing of it. */
  readonly last: SessionState | null
}

const TITLE: Readonly<Record<string, string>> = { [AGENT]: 'Agent', [PERSON]: 'You', [CHECKS]: 'Checks' }
const ORDER = [AGENT, PERSON, CHECKS]
const NOTHING: ReadonlyMap<string, SessionState> = new Map()

/** One tab a session: those the kernel knows, and those that are only recorded. The agent's first, then the person's, the judges', others by name. */
export function mergeSessions(
  listed: readonly TerminalInfo[],
  recorded: readonly string[],
  states: ReadonlyMap<string, SessionState> = NOTHING,
): SessionTab[] {
  const tabs = new Map<string, SessionTab>()
  const add = (session: string, now: Pick<SessionTab, 'live' | 'cwd' | 'running' | 'processes'>): void => {
    tabs.set(session, { session, title: titleOf(session), ...now, last: states.get(session) ?? null })
  }
  for (const session of recorded) add(session, { live: false, cwd: '', running: null, processes: [] })
  for (const { session, live, cwd, running, processes } of listed) add(session, { live, cwd, running, processes })
  return [...tabs.values()].toSorted(
    (a, b) => rank(a.session) - rank(b.session) || a.session.localeCompare(b.session, 'en', { numeric: true }),
  )
}

/** The session to show: the one that was chosen, else the agent's, else whatever is there. */
export function chooseSession(tabs: readonly SessionTab[], chosen: string | null): string | null {
  const has = (session: string | null): boolean => tabs.some((tab) => tab.session === session)
  if (has(chosen)) return chosen
  return tabs[0]?.session ?? null
}

/** Sessions that a person opened: theirs fit the panel and answer what programs ask the terminal. */
export function isMine(session: string): boolean {
  return session === PERSON || /^user-\d+$/.test(session)
}

export function isJob(session: string): boolean {
  return /^job-\d+$/.test(session)
}

/** A name for one more session of a person's own: the plain one while it is free. */
export function nextSession(taken: readonly string[]): string {
  if (!taken.includes(PERSON)) return PERSON
  let number = 2
  while (taken.includes(`${PERSON}-${number}`)) number += 1
  return `${PERSON}-${number}`
}

/** What ends with a session, in words; null when nothing of note runs in it. */
export function endsWith(tab: SessionTab): readonly string[] | null {
  const lines = tab.running === null ? [] : [tab.running]
  const all = [...new Set([...lines, ...tab.processes])]
  return all.length === 0 ? null : all
}

export function titleOf(session: string): string {
  const own = /^user-(\d+)$/.exec(session)
  const job = /^job-(\d+)$/.exec(session)
  if (own !== null) return `You ${own[1] ?? ''}`
  if (job !== null) return `Job ${job[1] ?? ''}`
  return TITLE[session] ?? session
}

function rank(session: string): number {
  if (isMine(session)) return ORDER.indexOf(PERSON)
  const index = ORDER.indexOf(session)
  return index === -1 ? ORDER.length : index
}
