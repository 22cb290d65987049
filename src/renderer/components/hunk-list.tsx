import { TriangleAlert } from 'lucide-react'
import { type KeyboardEvent, useRef } from 'react'
import type { FileDiff, Hunk } from '../../shared/files'
import './hunk-list.css'
import { hunkIds, type Kept, setFile, toggleHunk, WHOLE } from './hunk-selection'

interface Props {
  readonly diffs: readonly FileDiff[]
  readonly kept: Kept
  readonly onChange: (kept: Kept) => void
  /** Reasons by path for files that cannot be merged as they are. */
  readonly conflicts: ReadonlyMap<string, string>
}

/** Changes file by file with a check box a hunk. j and k (or the arrows) move, Space keeps or leaves out. */
export function HunkList({ diffs, kept, onChange, conflicts }: Props) {
  const list = useRef<HTMLDivElement>(null)

  function onKeyDown(event: KeyboardEvent): void {
    const by = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1 }[event.key]
    if (by === undefined || event.ctrlKey || event.metaKey || event.altKey) return
    const boxes = [...(list.current?.querySelectorAll<HTMLInputElement>('input[type="checkbox"]') ?? [])]
    const at = boxes.findIndex((box) => box === document.activeElement)
    const next = boxes[Math.max(0, Math.min(boxes.length - 1, at + by))]
    if (next === undefined) return
    event.preventDefault()
    next.focus()
    next.scrollIntoView({ block: 'nearest' })
  }

  return (
    <div ref={list} className="hunk-list" role="group" aria-label="Hunks" onKeyDown={onKeyDown}>
      {diffs.map((diff) => (
        <FileHunks key={diff.path} diff={diff} kept={kept} onChange={onChange} conflict={conflicts.get(diff.path) ?? null} />
      ))}
    </div>
  )
}

function FileHunks({ diff, kept, onChange, conflict }: Pick<Props, 'kept' | 'onChange'> & { diff: FileDiff; conflict: string | null }) {
  const ids = kept.get(diff.path) ?? new Set<string>()
  const all = hunkIds(diff)
  const chosen = all.filter((id) => ids.has(id)).length
  return (
    <section className="hunk-file" aria-label={diff.path}>
      <label className="hunk-file-title">
        <input
          type="checkbox"
          checked={chosen === all.length}
          ref={(box) => {
            if (box !== null) box.indeterminate = chosen > 0 && chosen < all.length
          }}
          onChange={(event) => onChange(setFile(kept, diff, event.target.checked))}
          aria-label={`Keep all of ${diff.path}`}
        />
        <span className="mono clip">{diff.path}</span>
        <span className="muted">{diff.change}</span>
        <span className="number faint">
          {chosen} of {all.length}
        </span>
      </label>
      {diff.dangerous && (
        <p className="warning hunk-warning">
          <TriangleAlert size={14} aria-hidden /> This file can run code on your machine. It is merged only if you check it here.
        </p>
      )}
      {conflict !== null && (
        <p className="danger hunk-warning" role="alert">
          <TriangleAlert size={14} aria-hidden /> {conflict}
        </p>
      )}
      {diff.hunks.length === 0 && (
        <p className="muted hunk-warning">{diff.binary ? 'Binary file, merged whole or not at all.' : 'No lines to show.'}</p>
      )}
      {diff.hunks.map((hunk) => (
        <HunkView
          key={hunk.id}
          hunk={hunk}
          label={`Lines ${hunk.newStart} to ${hunk.newStart + Math.max(0, hunk.newLines - 1)} of ${diff.path}`}
          keep={ids.has(hunk.id)}
          onToggle={() => onChange(toggleHunk(kept, diff.path, hunk.id))}
        />
      ))}
      {diff.hunks.length === 0 && !ids.has(WHOLE) && <p className="faint hunk-warning">Left out.</p>}
    </section>
  )
}

function HunkView({ hunk, label, keep, onToggle }: { hunk: Hunk; label: string; keep: boolean; onToggle: () => void }) {
  return (
    <div className="hunk" data-kept={keep}>
      <label className="hunk-title">
        <input type="checkbox" checked={keep} aria-label={`Keep: ${label}`} onChange={onToggle} />
        <span className="number faint">
          @@ -{hunk.oldStart},{hunk.oldLines} +{hunk.newStart},{hunk.newLines}
        </span>
      </label>
      <pre className="hunk-lines">
        {hunk.lines.map((line, index) => (
          <span key={index} className="hunk-line" data-sign={line[0]}>
            {line === '' ? ' ' : line}
          </span>
        ))}
      </pre>
    </div>
  )
}
