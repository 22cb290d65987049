import type { ContextChange, ContextItem, ContextState } from '../../../shared/context'
import type { Frame } from '../../../shared/frames'
import type { ContentHash } from '../../../shared/ids'
import type { Edit } from '../../app/window-model'

/** A frame of edits that a person made. */
export interface HandEdits {
  readonly frame: number
  readonly branchId: Frame['branchId']
  readonly changes: readonly ContextChange[]
  readonly note: string
  /** The frame that took it back; null while it holds. */
  readonly undoneBy: number | null
  /** The frame that it takes back itself; null when it is no undo. */
  readonly undoes: number | null
}

const UNDO = /^Undo of frame (\d+)\b/
const IN_BACKGROUND = /in the background$/

export function undoNote(frame: number, words: string): string {
  return `Undo of frame ${frame}: ${words}`
}

/** What people changed by hand on the way to a frame, newest first. */
export function handEditsOf(path: readonly Frame[]): HandEdits[] {
  const undone = new Map<number, number>()
  const edits: HandEdits[] = []
  for (const frame of path.toReversed()) {
    if (frame.kind !== 'context.edited' || IN_BACKGROUND.test(frame.payload.note)) continue
    const { changes, note } = frame.payload
    const undoes = UNDO.exec(note)?.[1]
    const undoneBy = undone.get(frame.n) ?? null
    // An undo that was undone itself takes nothing back.
    if (undoes !== undefined && undoneBy === null) undone.set(Number(undoes), frame.n)
    edits.push({ frame: frame.n, branchId: frame.branchId, changes, note, undoneBy, undoes: undoes === undefined ? null : Number(undoes) })
  }
  return edits
}

/** The newest that holds and is no undo itself: what "undo" takes back. */
export function lastToUndo(edits: readonly HandEdits[]): HandEdits | null {
  return edits.find((edit) => edit.undoneBy === null && edit.undoes === null) ?? null
}

/** An edit that takes something back; a text is named by its hash until it is fetched. */
export type InverseEdit = Exclude<Edit, { op: 'edit' }> | { readonly op: 'edit'; readonly id: string; readonly content: ContentHash }

/**
 * The edits that take changes back from the state `now`. `before` and `after` are the states around them. What others did since stays:
 * a text that was replaced since, an item that left since. Empty when nothing is left to take back.
 */
export function inverseEdits(
  changes: readonly ContextChange[],
  before: ContextState,
  after: ContextState,
  now: ContextState,
): InverseEdit[] {
  const ids = new Set(changes.flatMap((change) => (ABOUT_ITEMS.has(change.op) ? [change.op === 'put' ? change.item.id : change.id] : [])))
  return [...ids].flatMap((id) => inverseOf(id, itemAt(before, id), itemAt(after, id), now)).toSorted((a, b) => turnOf(a) - turnOf(b))
}

/** What is pinned does not go, and what goes makes room for what comes back. */
function turnOf(edit: InverseEdit): number {
  return edit.op === 'pin' && !edit.pinned ? 0 : edit.op === 'evict' ? 1 : 2
}

const ABOUT_ITEMS: ReadonlySet<ContextChange['op']> = new Set(['put', 'move', 'evict', 'bring-back', 'pin', 'rewrite', 'remove'])

function inverseOf(id: string, before: ContextItem | undefined, after: ContextItem | undefined, state: ContextState): InverseEdit[] {
  const now = itemAt(state, id)
  if (after === undefined) {
    if (before === undefined || now !== undefined || !isShown(before.tier)) return []
    return state.evicted.some((entry) => entry.item.id === id) ? [{ op: 'bring-back', id, to: before.tier }] : []
  }
  if (now === undefined) return []
  if (before === undefined) return [...(now.pinned ? [{ op: 'pin' as const, id, pinned: false }] : []), { op: 'evict', id }]
  const edits: InverseEdit[] = []
  if (before.content !== after.content && now.content === after.content) edits.push({ op: 'edit', id, content: before.content })
  if (before.tier !== after.tier && now.tier === after.tier && isShown(before.tier)) edits.push({ op: 'move', id, to: before.tier })
  if (before.pinned !== after.pinned && now.pinned === after.pinned) edits.push({ op: 'pin', id, pinned: before.pinned })
  return edits
}

function isShown(tier: ContextItem['tier']): boolean {
  return tier === 'L1' || tier === 'L2'
}

function itemAt(state: ContextState, id: string): ContextItem | undefined {
  return Object.hasOwn(state.items, id) ? state.items[id] : undefined
}
