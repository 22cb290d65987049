import type { ContextPreview } from '../../../shared/contract/methods'
import type { Edit } from '../../app/window-model'

/** What the budgets make of other items than those that were edited; ids. */
interface SideEffects {
  readonly evicted: readonly string[]
  readonly demoted: readonly string[]
  readonly condensed: readonly string[]
}

export function sideEffectsOf({ changes, fallsOut }: ContextPreview, edits: readonly Edit[]): SideEffects {
  const edited = new Set(edits.flatMap((edit) => ('id' in edit ? [edit.id] : [])))
  const isUndo = edits.some((edit) => edit.op === 'undo')
  const out = new Set(fallsOut)
  const demoted = new Set<string>()
  const condensed = new Set<string>()
  for (const change of changes) {
    if (change.op !== 'move' && change.op !== 'rewrite') continue
    // What falls out in the end is said once; what an undo moves is what was asked for.
    if (edited.has(change.id) || out.has(change.id) || isUndo) continue
    if (change.op === 'move' && change.to !== 'L1') demoted.add(change.id)
    if (change.op === 'rewrite' && change.shortenedBy !== undefined) condensed.add(change.id)
  }
  return { evicted: fallsOut, demoted: [...demoted], condensed: [...condensed] }
}
