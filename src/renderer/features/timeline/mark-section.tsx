import { Bookmark, Pencil, Trash2 } from 'lucide-react'
import { useState } from 'react'
import { useStore } from 'zustand'
import { useWindow } from '../../app/window-context'
import { IconButton } from '../../components/icon-button'
import { visibleText } from '../../components/visible-text'
import { annotations, removeMark } from './annotations-store'
import { MarkIcon } from './mark-shape'

/** The marks of the open run, by frame. */
export function MarkSection() {
  const model = useWindow()
  const marks = useStore(annotations, (state) => state.marks)
  const [query, setQuery] = useState('')
  const words = query
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '')
  const shown = marks.filter((mark) =>
    words.every((word) => `${mark.frame} ${mark.name} ${mark.note} ${mark.shape}`.toLowerCase().includes(word)),
  )
  return (
    <section className="debug-section" aria-label="Marks">
      <header>
        <h3 className="section-title">Marks</h3>
        <span className="number faint">{marks.length}</span>
        <span className="spacer" />
        <IconButton
          icon={Bookmark}
          label="Mark the selected frame"
          shortcut="Ctrl+Alt+M"
          onClick={() => model.commands.run('timeline.mark')}
        />
      </header>
      {marks.length === 0 && (
        <p className="debug-empty muted">
          Put a name and a note on a frame with <span className="kbd">Ctrl+Alt+M</span>; <span className="kbd">J</span> goes to the next
          mark.
        </p>
      )}
      {marks.length > 0 && (
        <input
          className="field debug-filter"
          type="search"
          aria-label="Find marks"
          placeholder="Find marks"
          value={query}
          onChange={(event) => setQuery(event.target.value)}
        />
      )}
      {marks.length > 0 && shown.length === 0 && <p className="debug-empty muted">No mark has these words.</p>}
      <ul>
        {shown.map((mark) => (
          <li key={mark.id} className="debug-row">
            <MarkIcon shape={mark.shape} />
            <button type="button" className="debug-words debug-go" onClick={() => model.select(mark.frame, mark.branchId)}>
              <span className="clip">{mark.name === '' ? `a ${mark.shape}` : visibleText(mark.name)}</span>
              {mark.note !== '' && <span className="faint clip detail">{visibleText(mark.note)}</span>}
            </button>
            <span className="number faint">{mark.frame}</span>
            <span className="row-actions">
              <IconButton
                icon={Pencil}
                label={`Change mark at frame ${mark.frame}`}
                onClick={() => annotations.setState({ draft: { frame: mark.frame, runId: mark.runId, mark } })}
              />
              <IconButton
                icon={Trash2}
                label={`Delete mark at frame ${mark.frame}`}
                onClick={() => void removeMark(model, mark).catch(model.notices.fail)}
              />
            </span>
          </li>
        ))}
      </ul>
    </section>
  )
}
