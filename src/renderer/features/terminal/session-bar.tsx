import { Bot, ClipboardCopy, Cog, Eraser, FlaskConical, Plus, Search, Shield, ShieldAlert, SquareTerminal, User, X } from 'lucide-react'
import type { LucideIcon } from 'lucide-react'
import type { KeyboardEvent } from 'react'
import { useStore } from 'zustand'
import type { Point, WindowModel } from '../../app/window-model'
import { useRunFrames } from '../../app/window-context'
import { IconButton } from '../../components/icon-button'
import { labelOf, ProcessList } from './process-list'
import { AGENT, CHECKS, isJob, isMine, type SessionTab } from './sessions'
import { askToClose, chooseTab, listSessions, terminals } from './terminal-store'

const ICON: Readonly<Record<string, LucideIcon>> = { [AGENT]: Bot, [CHECKS]: FlaskConical }

function iconOf(session: string): LucideIcon {
  if (isMine(session)) return User
  return isJob(session) ? Cog : (ICON[session] ?? SquareTerminal)
}

interface Props {
  readonly model: WindowModel
  readonly branch: string
  readonly tabs: readonly SessionTab[]
  readonly shown: SessionTab | null
  readonly past: boolean
  readonly active: boolean
  readonly writable: boolean
  readonly point: Point
}

export function SessionBar({ model, branch, tabs, shown, past, active, writable, point }: Props) {
  const opening = useStore(terminals, (state) => state.opening === branch)
  const onScreen = useStore(terminals, (state) => state.screen !== null)

  const closable = shown !== null && shown.live && !past

  function close(tab: SessionTab): void {
    askToClose(model, tab.session).catch(model.notices.fail)
  }

  function onKeyDown(event: KeyboardEvent<HTMLDivElement>): void {
    if (event.key === 'Delete' && closable && shown !== null) {
      event.preventDefault()
      close(shown)
      return
    }
    const at = tabs.findIndex((tab) => tab.session === shown?.session)
    const next = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: tabs.length - 1 }[event.key]
    const tab = next === undefined ? undefined : tabs[(next + tabs.length) % tabs.length]
    if (tab === undefined) return
    event.preventDefault()
    chooseTab(branch, tab.session)
    event.currentTarget.querySelector<HTMLElement>(`[data-session="${CSS.escape(tab.session)}"]`)?.focus()
  }

  return (
    <div className="toolbar terminal-bar">
      {tabs.length > 0 && (
        <div role="tablist" aria-label="Terminal sessions" className="terminal-tabs" onKeyDown={onKeyDown}>
          {tabs.map((tab) => {
            const Icon = iconOf(tab.session)
            const label = labelOf(tab, past)
            const selected = tab.session === shown?.session
            return (
              <button
                key={tab.session}
                type="button"
                role="tab"
                data-session={tab.session}
                aria-selected={selected}
                aria-controls="terminal-screen"
                tabIndex={selected ? 0 : -1}
                className="terminal-tab"
                title={hintOf(tab, past)}
                onClick={() => chooseTab(branch, tab.session)}
              >
                <Icon size={14} aria-hidden />
                {tab.title}
                {label !== '' && (
                  <span className="terminal-state" data-tone={label.startsWith('exit') ? 'danger' : undefined}>
                    {label}
                  </span>
                )}
                {tab.live && !past && <span className="terminal-live" role="img" aria-label="a shell is running" />}
              </button>
            )
          })}
        </div>
      )}
      <IconButton icon={Plus} label="New terminal" disabled={opening} onClick={() => model.commands.run('terminal.another')} />
      <IconButton
        icon={X}
        label={shown === null ? 'Close this terminal' : `Close the terminal ${shown.title}`}
        disabled={!closable}
        onClick={() => (shown === null ? undefined : close(shown))}
      />
      {shown !== null && (
        <ProcessList
          tabs={tabs}
          shown={shown}
          past={past}
          onOpen={() => listSessions(model, point.runId, point.branchId).catch(model.notices.fail)}
          onChoose={(session) => chooseTab(branch, session)}
        />
      )}
      <span className="clip muted terminal-note" role="status">
        {opening ? 'Opening a sandbox on this branch' : noteOf(shown, { past, active, writable, n: point.n })}
      </span>
      <span className="spacer" />
      <IsolationBadge model={model} />
      <IconButton icon={Search} label="Find" shortcut="Ctrl+F" disabled={!onScreen} onClick={() => model.commands.run('terminal.find')} />
      <IconButton
        icon={ClipboardCopy}
        label="Copy everything"
        disabled={!onScreen}
        onClick={() => model.commands.run('terminal.copyAll')}
      />
      <IconButton icon={Eraser} label="Clear the view" disabled={!onScreen} onClick={() => model.commands.run('terminal.clear')} />
    </div>
  )
}

/** Where a session is, and what runs in it. */
function hintOf(tab: SessionTab, past: boolean): string | undefined {
  const command = (past ? null : tab.running) ?? tab.last?.command ?? null
  return [tab.cwd, command].filter((part) => part !== null && part !== '').join(' · ') || undefined
}

/** One line that says what is shown and whether it can be typed into. */
function noteOf(tab: SessionTab | null, state: { past: boolean; active: boolean; writable: boolean; n: number }): string {
  if (tab === null) return ''
  if (state.past) return `As of frame ${state.n}, read only`
  if (tab.session === CHECKS) return 'Output of the checks, read only'
  if (!state.active) {
    return isMine(tab.session) && tab.live
      ? 'Ended branch: your own sandbox on its last checkpoint, thrown away with the kernel'
      : 'Ended branch, read only'
  }
  if (!tab.live) return 'No shell is running'
  if (isMine(tab.session)) return 'Live, in this branch’s sandbox'
  return isJob(tab.session)
    ? 'A background job of the agent: what you type goes to it'
    : 'Live: what you type goes to the agent’s own shell'
}

/** What enforced the boundary around these shells, as the run recorded it. */
function IsolationBadge({ model }: { model: WindowModel }) {
  const { cache, version } = useRunFrames()
  const first = version >= 0 ? cache.frame(1) : undefined
  const now = useStore(model.workspace.store, (state) => state.info?.isolation ?? null)
  const level = first?.kind === 'run.started' ? first.payload.isolation : (now?.level ?? null)
  if (level === null) return null
  const weak = level === 'none' || level === 'copy'
  const Icon = weak ? ShieldAlert : Shield
  const detail =
    level === 'none'
      ? 'Nothing isolates these shells from your machine.'
      : `Isolation of this run: ${level}. ${now?.level === level ? now.summary : ''}`
  return (
    <span className="terminal-isolation" data-tone={weak ? 'warning' : undefined} title={detail.trim()}>
      <Icon size={13} aria-hidden />
      {level === 'none' ? 'no isolation' : level}
    </span>
  )
}
