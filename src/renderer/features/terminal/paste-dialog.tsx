import { AlertDialog } from '@base-ui/react/alert-dialog'
import { useRef } from 'react'

const SHOWN_LINES = 12

interface Props {
  readonly text: string
  /** Null: nothing is pasted. */
  readonly onClose: (text: string | null) => void
}

/** Lines run one by one as they arrive in a shell, so that a paste of several is shown first. */
export function PasteDialog({ text, onClose }: Props) {
  const cancel = useRef<HTMLButtonElement>(null)
  const lines = text.replace(/\n+$/, '').split('\n')
  return (
    <AlertDialog.Root open onOpenChange={(open) => (open ? undefined : onClose(null))}>
      <AlertDialog.Portal>
        <AlertDialog.Backdrop className="backdrop" />
        <AlertDialog.Popup className="popup dialog" initialFocus={cancel}>
          <AlertDialog.Title render={<h2 />}>Paste {lines.length} lines?</AlertDialog.Title>
          <AlertDialog.Description className="muted" render={<p />}>
            A shell may run each line as soon as it arrives.
          </AlertDialog.Description>
          <pre className="terminal-paste">
            {lines.slice(0, SHOWN_LINES).join('\n')}
            {lines.length > SHOWN_LINES && `\n… ${lines.length - SHOWN_LINES} more`}
          </pre>
          <div className="actions">
            <button type="button" className="button" ref={cancel} onClick={() => onClose(null)}>
              Cancel
            </button>
            <button type="button" className="button" onClick={() => onClose(lines.map((line) => line.trim()).join(' '))}>
              Paste as one line
            </button>
            <button type="button" className="button" data-tone="primary" onClick={() => onClose(text)}>
              Paste {lines.length} lines
            </button>
          </div>
        </AlertDialog.Popup>
      </AlertDialog.Portal>
    </AlertDialog.Root>
  )
}
