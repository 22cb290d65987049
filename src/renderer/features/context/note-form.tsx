import { useState } from 'react'
import { stagedEdits } from './edits-store'

export function NoteForm({ onDone }: { onDone: () => void }) {
  const [title, setTitle] = useState('')
  const [text, setText] = useState('')
  const isWhole = title.trim() !== '' && text.trim() !== ''
  const preview = (): void => {
    if (!isWhole) return
    stagedEdits.stage({ op: 'add-note', title: title.trim(), text })
    onDone()
  }
  return (
    <form
      className="note-form"
      aria-label="Note"
      onSubmit={(event) => {
        event.preventDefault()
        preview()
      }}
      onKeyDown={(event) => {
        if (event.key === 'Escape') {
          event.preventDefault()
          event.stopPropagation()
          onDone()
        } else if (event.key === 'Enter' && (event.ctrlKey || event.metaKey) && !event.altKey) {
          event.preventDefault()
          event.stopPropagation()
          preview()
        }
      }}
    >
      <input
        className="field"
        aria-label="Title of the note"
        placeholder="Title"
        autoFocus
        value={title}
        onChange={(event) => setTitle(event.target.value)}
      />
      <textarea
        className="field"
        rows={3}
        aria-label="Text of the note"
        placeholder="What the agent should know"
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
      <div className="inspector-actions">
        <button type="submit" className="button" data-tone="primary" disabled={!isWhole}>
          Preview this note
        </button>
        <button type="button" className="button" onClick={onDone}>
          Discard
        </button>
      </div>
    </form>
  )
}
