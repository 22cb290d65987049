import { createStore } from 'zustand/vanilla'
import type { BranchId, RunId } from '../../../shared/ids'
import type { WindowModel } from '../../app/window-model'
import { endsWith, isMine, mergeSessions, nextSession, PERSON, type SessionTab, type TerminalInfo } from './sessions'

/** What commands ask of whichever screen is shown. */
export interface ScreenActions {
  /** Run, branch and session that it shows. */
  readonly key: string
  readonly session: string
  focus(): void
  hasFocus(): boolean
  find(): void
  copy(): void
  copyAll(): void
  paste(): void
  clear(): void
}

export interface TerminalView {
  /** Chosen tab by run and branch. */
  readonly chosen: Readonly<Record<string, string>>
  /** What the kernel lists, by run and branch. */
  readonly listed: Readonly<Record<string, readonly TerminalInfo[]>>
  /** The branch whose terminal is being opened; its sandbox can take a while. */
  readonly opening: string | null
  /** The session whose end a person is asked about, with its branch. */
  readonly closing: { readonly key: string; readonly tab: SessionTab } | null
  readonly screen: ScreenActions | null
  /** The screen that shall have the focus as soon as it is there: its key, or `any`. */
  readonly wantsFocus: string | null
  readonly screenReader: boolean
}

export const terminals = createStore<TerminalView>(() => ({
  chosen: {},
  listed: {},
  opening: null,
  closing: null,
  screen: null,
  wantsFocus: null,
  screenReader: false,
}))

const SETTING = 'terminal.screenReader'
const FIRST_SIZE = { cols: 120, rows: 30 }

export function branchKey(runId: RunId, branchId: BranchId): string {
  return `${runId}/${branchId}`
}

export function chooseTab(key: string, session: string): void {
  terminals.setState((state) => ({ chosen: { ...state.chosen, [key]: session } }))
}

/** Asks the kernel which sessions a branch has. */
export async function listSessions(model: WindowModel, runId: RunId, branchId: BranchId): Promise<void> {
  const sessions = await model.link.call('terminal.list', { runId, branchId })
  terminals.setState((state) => ({ listed: { ...state.listed, [branchKey(runId, branchId)]: sessions } }))
}

/** What programs print tells that something began or ended: the list is asked for again, once for a burst. */
const LIST_AFTER_MS = 400
let listing: ReturnType<typeof setTimeout> | null = null

export function listSoon(model: WindowModel, runId: RunId, branchId: BranchId): void {
  if (listing !== null) return
  listing = setTimeout(() => {
    listing = null
    if (model.link.state.getState().phase === 'live') listSessions(model, runId, branchId).catch(model.notices.fail)
  }, LIST_AFTER_MS)
}

/** Opens a session of a person's own on the selected branch and shows it. Goes back to live first: nobody types into the past. */
export async function openTerminal(model: WindowModel, session = PERSON): Promise<void> {
  const { runId, branchId } = model.selection.getState()
  if (runId === null) return
  const key = branchKey(runId, branchId)
  if (terminals.getState().opening === key) return
  if (model.isPast()) model.select('live')
  terminals.setState({ opening: key })
  try {
    await model.link.call('terminal.open', { runId, branchId, ...(session === PERSON ? {} : { session }), ...FIRST_SIZE })
    await listSessions(model, runId, branchId)
    chooseTab(key, session)
    focusTerminal(screenKey(runId, branchId, session))
  } finally {
    terminals.setState((state) => (state.opening === key ? { opening: null } : state))
  }
}

/** One more session of a person's own beside those that are live. */
export async function openAnother(model: WindowModel): Promise<void> {
  const { runId, branchId } = model.selection.getState()
  if (runId === null) return
  await listSessions(model, runId, branchId)
  const listed = terminals.getState().listed[branchKey(runId, branchId)] ?? []
  await openTerminal(model, nextSession(listed.filter(({ live }) => live).map((info) => info.session)))
}

/** Ends a session: at once where nothing is lost, else when the person has said so (`answerClose`). */
export async function askToClose(model: WindowModel, session: string): Promise<void> {
  const { runId, branchId } = model.selection.getState()
  if (runId === null) return
  // What runs may have changed since the list was asked for.
  await listSessions(model, runId, branchId)
  const key = branchKey(runId, branchId)
  const listed = terminals.getState().listed[key] ?? []
  const [tab] = mergeSessions(
    listed.filter((info) => info.session === session && info.live),
    [],
  )
  if (tab === undefined) return
  if (isMine(session) && endsWith(tab) === null) await closeTerminal(model, runId, branchId, session)
  else terminals.setState({ closing: { key, tab } })
}

export async function answerClose(model: WindowModel, confirmed: boolean): Promise<void> {
  const { closing } = terminals.getState()
  terminals.setState({ closing: null })
  const { runId, branchId } = model.selection.getState()
  if (!confirmed || closing === null || runId === null || closing.key !== branchKey(runId, branchId)) return
  await closeTerminal(model, runId, branchId, closing.tab.session)
}

async function closeTerminal(model: WindowModel, runId: RunId, branchId: BranchId, session: string): Promise<void> {
  await model.link.call('terminal.close', { runId, branchId, session })
  await listSessions(model, runId, branchId)
}

export function screenKey(runId: RunId, branchId: BranchId, session: string): string {
  return `${runId}/${branchId}/${session}`
}

/** Focuses a screen now, or when it comes. */
export function focusTerminal(key = 'any'): void {
  const { screen } = terminals.getState()
  if (screen !== null && (key === 'any' || screen.key === key)) screen.focus()
  else terminals.setState({ wantsFocus: key })
}

/** A new screen takes the focus that was kept for it. */
export function showScreen(screen: ScreenActions): void {
  const { wantsFocus } = terminals.getState()
  terminals.setState({ screen })
  if (wantsFocus !== 'any' && wantsFocus !== screen.key) return
  terminals.setState({ wantsFocus: null })
  screen.focus()
}

export function hideScreen(key: string): void {
  terminals.setState((state) => (state.screen?.key === key ? { screen: null } : state))
}

export async function loadScreenReader(model: WindowModel): Promise<void> {
  const { value } = await model.link.call('ui.get', { key: SETTING })
  terminals.setState({ screenReader: value === 'on' })
}

export async function toggleScreenReader(model: WindowModel): Promise<void> {
  const screenReader = !terminals.getState().screenReader
  terminals.setState({ screenReader })
  await model.link.call('ui.set', { key: SETTING, value: screenReader ? 'on' : 'off' })
}
