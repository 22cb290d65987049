import { AlertDialog } from '@base-ui/react/alert-dialog'
import { useRef } from 'react'
import { endsWith, isMine, type SessionTab } from './sessions'

const SHOWN_LINES = 8

interface Props {
  readonly tab: SessionTab
  readonly onClose: (confirmed: boolean) => void
}

/** Asks before a session is ended with what runs in it. */
export function CloseDialog({ tab, onClose }: Props) {
  const cancel = useRef<HTMLButtonElement>(null)
  const ending = endsWith(tab) ?? []
  return (
    <AlertDialog.Root open onOpenChange={(open) => (open ? undefined : onClose(false))}>
      <AlertDialog.Portal>
        <AlertDialog.Backdrop className="backdrop" />
        <AlertDialog.Popup className="popup dialog" initialFocus={cancel}>
          <AlertDialog.Title render={<h2 />}>Close the terminal {tab.title}?</AlertDialog.Title>
          <AlertDialog.Description className="muted" render={<p />}>
            {ending.length === 0 ? 'Its shell ends; what it printed stays recorded.' : 'This ends what runs in it:'}
            {!isMine(tab.session) && ' The agent works in it.'}
          </AlertDialog.Description>
          {ending.length > 0 && (
            <pre className="terminal-paste">
              {ending.slice(0, SHOWN_LINES).join('\n')}
              {ending.length > SHOWN_LINES && `\n… ${ending.length - SHOWN_LINES} more`}
            </pre>
          )}
          <div className="actions">
            <button type="button" className="button" ref={cancel} onClick={() => onClose(false)}>
              Keep it
            </button>
            <button type="button" className="button" data-tone="danger" onClick={() => onClose(true)}>
              Close it
            </button>
          </div>
        </AlertDialog.Popup>
      </AlertDialog.Portal>
    </AlertDialog.Root>
  )
}
