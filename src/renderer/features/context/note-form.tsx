import { useState } from 'react'
import { stagedEdits } from './edits-store'

export function NoteForm({ onDone }: { onDone: () => void }) {
  const [title, setTitle] = useState('')
  const [text, setText] = useState('')
  return (
    <form
      className="note-form"
      onSubmit={(event) => {
        event.preventDefault()
        stagedEdits.stage({ op: 'add-note', title: title.trim(), text })
        onDone()
      }}
    >
      <input
        className="field"
        aria-label="Title of the note"
        placeholder="Title"
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
        <button type="submit" className="button" data-tone="primary" disabled={title.trim() === '' || text.trim() === ''}>
          Preview this note
        </button>
        <button type="button" className="button" onClick={onDone}>
          Discard
        </button>
      </div>
    </form>
  )
}
