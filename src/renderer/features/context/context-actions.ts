import type { ContextItem, ContextState } from '../../../shared/context'
import type { WindowModel } from '../../app/window-model'
import { editInWords } from '../../app/edit-words'
import { contextView } from './context-view'
import { stagedEdits } from './edits-store'
import { handEditsOf, lastToUndo } from './hand-edits'

/** More than this is not edited in the window. */
export const TEXT_AT_MOST_BYTES = 262_144

export type ShownTier = 'L1' | 'L2'

function contextAt(model: WindowModel): ContextState | null {
  const point = model.point()
  return point === null ? null : model.run.store.getState().cache.stateAt(point.branchId, point.n).context
}

export function itemOf(state: ContextState, id: string | null): { readonly item: ContextItem; readonly evicted: boolean } | null {
  if (id === null) return null
  if (Object.hasOwn(state.items, id)) {
    const item = state.items[id]
    if (item !== undefined) return { item, evicted: false }
  }
  const entry = state.evicted.findLast((candidate) => candidate.item.id === id)
  return entry === undefined ? null : { item: entry.item, evicted: true }
}

/** Into a tier, or out of both; from the list of evicted items this brings back. Stages nothing where it is there already. */
export function stagePlace({ item, evicted }: { item: ContextItem; evicted: boolean }, to: ShownTier | 'out'): void {
  if (evicted) {
    if (to !== 'out') stagedEdits.stage({ op: 'bring-back', id: item.id, to })
  } else if (to === 'out') {
    // A pinned item stays where it is until it is unpinned.
    if (item.pinned) stagedEdits.stage({ op: 'pin', id: item.id, pinned: false }, { op: 'evict', id: item.id })
    else stagedEdits.stage({ op: 'evict', id: item.id })
  } else if (item.tier !== to) {
    stagedEdits.stage({ op: 'move', id: item.id, to })
  }
}

/** Where an evicted item goes back to. */
export function homeOf(item: ContextItem): ShownTier {
  return item.tier === 'L1' ? 'L1' : 'L2'
}

/** Does it to the selected item; without one the panel is shown, so that one can be chosen. */
export function withSelected(model: WindowModel, action: (found: { item: ContextItem; evicted: boolean }) => void): void {
  const state = contextAt(model)
  const found = state === null ? null : itemOf(state, contextView.getState().selected)
  if (found === null) {
    model.dock.open('context')
    model.notices.add({ level: 'info', message: 'Choose an item of the context first: arrows move in its list.' })
    return
  }
  action(found)
}

/** At the live end the edits become a frame, at an earlier frame the beginning of a fork. */
export async function applyStaged(model: WindowModel): Promise<void> {
  const { edits, applying } = stagedEdits.store.getState()
  const point = model.point()
  if (edits.length === 0 || point === null || applying) return
  if (model.isPast()) return forkWithStaged(model)
  const words = edits.map(editInWords).join(', ')
  stagedEdits.store.setState({ applying: true })
  try {
    const { runId, branchId } = point
    await model.link.call('context.apply', { runId, branchId, edits: [...edits], note: words })
    stagedEdits.discard()
    contextView.setState({ editing: false, noting: false })
  } catch (thrown) {
    stagedEdits.store.setState({ applying: false })
    model.notices.fail(thrown)
  }
}

export function forkWithStaged(model: WindowModel): void {
  const point = model.point()
  const { edits } = stagedEdits.store.getState()
  if (point !== null) model.dialog.setState({ kind: 'fork', at: point, edits: [...edits] }, true)
}

/** Stages what takes back the last edits by hand that still hold on the way to the selected frame. */
export function stageUndo(model: WindowModel): void {
  const point = model.point()
  if (point === null) return
  model.dock.open('context', { focus: false })
  const last = lastToUndo(handEditsOf(model.run.store.getState().cache.path(point.branchId, point.n)))
  if (last === null) model.notices.add({ level: 'info', message: 'Nothing was edited by hand up to this frame.' })
  else stagedEdits.stageUndo(last.frame)
}

/** Compares with the frame before the one that last changed the context. */
export function compareWithPrevious(model: WindowModel): void {
  const point = model.point()
  if (point === null) return
  const path = model.run.store.getState().cache.path(point.branchId, point.n)
  const changed = path.findLastIndex((frame) => frame.kind === 'context.changed' || frame.kind === 'context.edited')
  const before = path[changed - 1]
  if (before === undefined) {
    model.notices.add({ level: 'info', message: 'The context was empty before this frame.' })
    return
  }
  model.dock.open('context')
  model.selection.setState({ compareWith: before.n })
}
