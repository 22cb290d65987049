import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import { FrameMark, MAX_MARKS } from '../../../shared/breakpoints'
import { KeyframeError } from '../../../shared/failure'
import type { Frame } from '../../../shared/frames'
import type { RunId } from '../../../shared/ids'
import type { Journal } from '../journal/journal'
import { readKept } from './kept-json'

type MarkText = Pick<FrameMark, 'name' | 'note' | 'shape'>

/** What people wrote at the frames of runs, kept beside the journal. */
export class FrameMarks {
  readonly #journal: Pick<Journal, 'getSetting' | 'setSetting'>
  readonly #onChange: (runId: RunId) => void
  readonly #log: (line: string) => void

  constructor(journal: Pick<Journal, 'getSetting' | 'setSetting'>, onChange: (runId: RunId) => void, log: (line: string) => void) {
    this.#journal = journal
    this.#onChange = onChange
    this.#log = log
  }

  /** By frame. */
  of(runId: RunId): FrameMark[] {
    return readKept(this.#journal, keyOf(runId), z.array(FrameMark), this.#log) ?? []
  }

  /** Marks a frame, or with an id changes that mark. Throws `mark.*`. */
  save(frame: Frame, text: MarkText, id: string | null): FrameMark {
    const marks = this.of(frame.runId)
    if (id !== null) this.#require(marks, id)
    else if (marks.length >= MAX_MARKS) {
      throw new KeyframeError({
        code: 'mark.too-many',
        message: `This run has ${MAX_MARKS} marks, which is as many as it may have.`,
        action: 'Delete one first.',
      })
    }
    const mark = { ...text, id: id ?? randomUUID(), runId: frame.runId, branchId: frame.branchId, frame: frame.n }
    this.#keep(frame.runId, [...marks.filter((one) => one.id !== mark.id), mark])
    return mark
  }

  /** Throws `mark.not-found`. */
  remove(runId: RunId, id: string): void {
    const marks = this.of(runId)
    this.#require(marks, id)
    this.#keep(
      runId,
      marks.filter((one) => one.id !== id),
    )
  }

  #require(marks: readonly FrameMark[], id: string): void {
    if (marks.some((one) => one.id === id)) return
    throw new KeyframeError({ code: 'mark.not-found', message: 'There is no such mark (any more).', action: 'Look at the list of marks.' })
  }

  #keep(runId: RunId, marks: readonly FrameMark[]): void {
    this.#journal.setSetting(keyOf(runId), JSON.stringify(marks.toSorted((a, b) => a.frame - b.frame)))
    this.#onChange(runId)
  }
}

function keyOf(runId: RunId): string {
  return `timeline.marks.${runId}`
}
