import { Dialog } from '@base-ui/react/dialog'
import { useState } from 'react'
import { useStore } from 'zustand'
import { MarkShape } from '../../../shared/breakpoints'
import { useWindow } from '../../app/window-context'
import { type Annotations, annotations, removeMark, saveMark } from './annotations-store'
import { MarkIcon } from './mark-shape'

const close = (): void => annotations.setState({ draft: null })

/** A name, a note and a shape for a frame. */
export function MarkDialog() {
  const draft = useStore(annotations, (state) => state.draft)
  return (
    <Dialog.Root open={draft !== null} onOpenChange={(open) => !open && close()}>
      <Dialog.Portal>
        <Dialog.Backdrop className="backdrop" />
        <Dialog.Popup className="popup dialog">{draft !== null && <MarkForm key={draft.frame} draft={draft} />}</Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  )
}

function MarkForm({ draft }: { draft: NonNullable<Annotations['draft']> }) {
  const model = useWindow()
  const { frame, runId, mark } = draft
  const [name, setName] = useState(mark?.name ?? '')
  const [note, setNote] = useState(mark?.note ?? '')
  const [shape, setShape] = useState<MarkShape>(mark?.shape ?? 'flag')
  const [busy, setBusy] = useState(false)

  async function finish(work: () => Promise<void>): Promise<void> {
    setBusy(true)
    try {
      await work()
      close()
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
        void finish(() => saveMark(model, { runId, frame, name: name.trim(), note: note.trim(), shape }, mark?.id ?? null))
      }}
    >
      <Dialog.Title render={<h2 />}>{mark === null ? `Mark frame ${frame}` : `Mark at frame ${frame}`}</Dialog.Title>
      <Dialog.Description className="muted" render={<p />}>
        Kept beside the run, not in it: a replay and an export know nothing of it.
      </Dialog.Description>
      <label>
        Name
        <input
          className="field"
          value={name}
          maxLength={120}
          autoFocus
          spellCheck={false}
          onChange={(event) => setName(event.target.value)}
        />
      </label>
      <label>
        Note
        <textarea className="field" rows={4} value={note} maxLength={4000} onChange={(event) => setNote(event.target.value)} />
      </label>
      <fieldset className="mark-shapes">
        <legend>Shape</legend>
        {MarkShape.options.map((one) => (
          <label key={one} className="mark-shape">
            <input type="radio" name="shape" value={one} checked={one === shape} onChange={() => setShape(one)} />
            <MarkIcon shape={one} size={14} />
            {one}
          </label>
        ))}
      </fieldset>
      <div className="actions">
        {mark !== null && (
          <button
            type="button"
            className="button"
            data-tone="danger"
            disabled={busy}
            onClick={() => void finish(() => removeMark(model, mark))}
          >
            Delete
          </button>
        )}
        <span style={{ flex: 1 }} />
        <button type="button" className="button" onClick={close}>
          Cancel
        </button>
        <button type="submit" className="button" data-tone="primary" disabled={busy}>
          {mark === null ? 'Mark' : 'Save'}
        </button>
      </div>
    </form>
  )
}
