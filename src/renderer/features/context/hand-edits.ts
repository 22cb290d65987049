import type { Frame } from '../../../shared/frames'

/** A frame of edits that a person made. */
interface HandEdits {
  readonly frame: number
  readonly note: string
  /** The frame that took it back; null while it holds. */
  readonly undoneBy: number | null
  /** The frames that it takes back itself. */
  readonly undoes: readonly number[]
}

/** As `editInWords` says it: the window's notes are the words of their edits. */
const UNDO = /\btake back the edits of frame (\d+)/g
const IN_BACKGROUND = /in the background$/

/** What people changed by hand on the way to a frame, newest first. */
export function handEditsOf(path: readonly Frame[]): HandEdits[] {
  const undone = new Map<number, number>()
  const edits: HandEdits[] = []
  for (const frame of path.toReversed()) {
    if (frame.kind !== 'context.edited' || IN_BACKGROUND.test(frame.payload.note)) continue
    const { note } = frame.payload
    const undoes = [...note.matchAll(UNDO)].map((match) => Number(match[1]))
    const undoneBy = undone.get(frame.n) ?? null
    // An undo that was undone itself takes nothing back.
    if (undoneBy === null) for (const earlier of undoes) undone.set(earlier, frame.n)
    edits.push({ frame: frame.n, note, undoneBy, undoes })
  }
  return edits
}

/** The newest that holds and is no undo itself: what "undo" takes back. */
export function lastToUndo(edits: readonly HandEdits[]): HandEdits | null {
  return edits.find((edit) => edit.undoneBy === null && edit.undoes.length === 0) ?? null
}
