import type { z } from 'zod'
import type { TerminalInfo as TerminalInfoSchema } from '../../../shared/contract/methods'

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
}

const TITLE: Readonly<Record<string, string>> = { [AGENT]: 'Agent', [PERSON]: 'You', [CHECKS]: 'Checks' }
const ORDER = [AGENT, PERSON, CHECKS]

/** One tab a session: those the kernel knows, and those that are only recorded. The agent's first, then the person's, the judges', others by name. */
export function mergeSessions(listed: readonly TerminalInfo[], recorded: readonly string[]): SessionTab[] {
  const tabs = new Map<string, SessionTab>()
  for (const session of recorded) tabs.set(session, { session, title: titleOf(session), live: false, cwd: '' })
  for (const { session, live, cwd } of listed) tabs.set(session, { session, title: titleOf(session), live, cwd })
  return [...tabs.values()].toSorted((a, b) => rank(a.session) - rank(b.session) || (a.session < b.session ? -1 : 1))
}

/** The session to show: the one that was chosen, else the agent's, else whatever is there. */
export function chooseSession(tabs: readonly SessionTab[], chosen: string | null): string | null {
  const has = (session: string | null): boolean => tabs.some((tab) => tab.session === session)
  if (has(chosen)) return chosen
  return tabs[0]?.session ?? null
}

export function titleOf(session: string): string {
  return TITLE[session] ?? session
}

function rank(session: string): number {
  const index = ORDER.indexOf(session)
  return index === -1 ? ORDER.length : index
}
