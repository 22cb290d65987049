import { Popover } from '@base-ui/react/popover'
import { ListTree } from 'lucide-react'
import { stateLabel } from './session-states'
import type { SessionTab } from './sessions'

interface Props {
  readonly tabs: readonly SessionTab[]
  readonly shown: SessionTab
  /** What runs is known of now only. */
  readonly past: boolean
  readonly onOpen: () => void
  readonly onChoose: (session: string) => void
}

/** On demand: what runs in the shown session, and how every other one stands. */
export function ProcessList({ tabs, shown, past, onOpen, onChoose }: Props) {
  const count = past ? 0 : shown.processes.length
  const name = count === 1 ? '1 process' : `${count} processes`
  return (
    <Popover.Root onOpenChange={(open) => (open ? onOpen() : undefined)}>
      <Popover.Trigger className="icon-button terminal-processes" aria-label={`Sessions and processes: ${name} in ${shown.title}`}>
        <ListTree size={16} aria-hidden />
        {count > 0 && <span aria-hidden>{count}</span>}
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Positioner side="top" align="start" sideOffset={6}>
          <Popover.Popup className="popup popover terminal-process-popover" aria-label="Sessions and processes">
            <h3>
              {shown.title}
              {shown.cwd !== '' && <span className="muted"> {shown.cwd}</span>}
            </h3>
            {past ? (
              <p className="muted">What ran at a past frame is in the side effects of that frame.</p>
            ) : count === 0 ? (
              <p className="muted">{shown.live ? 'Nothing but its shell runs.' : 'No shell is running.'}</p>
            ) : (
              <ul className="terminal-process-lines">
                {shown.processes.map((line, index) => (
                  <li key={`${index} ${line}`} className="mono clip" title={line}>
                    {line}
                  </li>
                ))}
              </ul>
            )}
            {shown.last !== null && <LastCommand tab={shown} />}
            {tabs.length > 1 && (
              <ul className="terminal-session-lines" aria-label="Other sessions">
                {tabs
                  .filter((tab) => tab.session !== shown.session)
                  .map((tab) => (
                    <li key={tab.session}>
                      <Popover.Close className="terminal-session-line" onClick={() => onChoose(tab.session)}>
                        <span>{tab.title}</span>
                        <span className="mono clip muted">{commandOf(tab, past) ?? ''}</span>
                        <span>{labelOf(tab, past)}</span>
                      </Popover.Close>
                    </li>
                  ))}
              </ul>
            )}
          </Popover.Popup>
        </Popover.Positioner>
      </Popover.Portal>
    </Popover.Root>
  )
}

function LastCommand({ tab }: { tab: SessionTab }) {
  if (tab.last === null) return null
  const { command, state, exitCode } = tab.last
  return (
    <p className="muted">
      Last command{command === null ? '' : ' '}
      {command !== null && <code className="mono">{command.length > 80 ? `${command.slice(0, 80)}…` : command}</code>}:{' '}
      {state === 'ended' ? `exit code ${exitCode ?? 'unknown'}` : state}
    </p>
  )
}

function commandOf(tab: SessionTab, past: boolean): string | null {
  return (past ? null : tab.running) ?? tab.last?.command ?? null
}

/** One word for a tab: what runs now counts before how the last command ended. */
export function labelOf(tab: SessionTab, past: boolean): string {
  if (!past && tab.running !== null) return 'running'
  const label = tab.last === null ? null : stateLabel(tab.last)
  // Of now the kernel knows better whether it still runs.
  return label === null || (label === 'running' && !past && !tab.live) ? '' : label
}
