import { Dialog } from '@base-ui/react/dialog'
import { useState } from 'react'
import { useStore } from 'zustand'
import { count } from '../components/format'
import { NO_DIALOG } from './dialog-state'
import { editInWords } from './edit-words'
import type { OpenDialog } from './window-model'
import { useWindow } from './window-context'

export function ForkDialog() {
  const model = useWindow()
  const dialog = useStore(model.dialog)
  const close = (): void => model.dialog.setState(NO_DIALOG, true)
  return (
    <Dialog.Root open={dialog.kind === 'fork'} onOpenChange={(open) => !open && close()}>
      <Dialog.Portal>
        <Dialog.Backdrop className="backdrop" />
        <Dialog.Popup className="popup dialog">{dialog.kind === 'fork' && <ForkForm dialog={dialog} onClose={close} />}</Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  )
}

function ForkForm({ dialog, onClose }: { dialog: Extract<OpenDialog, { kind: 'fork' }>; onClose: () => void }) {
  const model = useWindow()
  const agents = useStore(model.workspace.store, (state) => state.info?.agents) ?? []
  const [task, setTask] = useState('')
  const [label, setLabel] = useState('')
  const [agent, setAgent] = useState('')
  const [busy, setBusy] = useState(false)

  async function fork(): Promise<void> {
    setBusy(true)
    try {
      const { branchId } = await model.link.call('branches.fork', {
        ...dialog.at,
        task: task.trim() === '' ? null : task.trim(),
        edits: [...dialog.edits],
        ...(label.trim() === '' ? {} : { label: label.trim() }),
        ...(agent === '' ? {} : { agent }),
      })
      model.selection.setState({ branchId, frame: 'live', compareWith: null })
      onClose()
    } catch (thrown) {
      model.notices.fail(thrown)
      setBusy(false)
    }
  }

  return (
    <form
      style={{ display: 'contents' }}
      onSubmit={(event) => {
        event.preventDefault()
        void fork()
      }}
    >
      <Dialog.Title render={<h2 />}>Fork from frame {dialog.at.n}</Dialog.Title>
      <Dialog.Description className="muted" render={<p />}>
        A new branch starts with the files, shell and context of this frame
        {dialog.edits.length === 0 ? '' : ` and ${count(dialog.edits.length, 'edit')} of its context`}. The line it leaves stays as it is.
      </Dialog.Description>
      {dialog.edits.length > 0 && (
        <ul className="fork-edits" aria-label="Edits of its context">
          {dialog.edits.map((edit) => (
            <li key={editInWords(edit)} className="clip" title={editInWords(edit)}>
              {editInWords(edit)}
            </li>
          ))}
        </ul>
      )}
      <label>
        Instruction
        <textarea
          className="field"
          rows={3}
          value={task}
          onChange={(event) => setTask(event.target.value)}
          placeholder="Leave empty to let the agent go on with its task"
        />
      </label>
      <label>
        Name of the branch
        <input className="field" value={label} onChange={(event) => setLabel(event.target.value)} placeholder="Optional" />
      </label>
      <label>
        Agent
        <select className="field" value={agent} onChange={(event) => setAgent(event.target.value)}>
          <option value="">The same agent</option>
          {agents.map((candidate) => (
            <option key={candidate.id} value={candidate.id}>
              {candidate.title}
            </option>
          ))}
        </select>
      </label>
      <div className="actions">
        <button type="button" className="button" onClick={onClose}>
          Cancel
        </button>
        <button type="submit" className="button" data-tone="primary" disabled={busy}>
          Fork from frame {dialog.at.n}
        </button>
      </div>
    </form>
  )
}
