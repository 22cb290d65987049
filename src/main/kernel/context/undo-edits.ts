import { canonicalJson } from '../../../shared/canonical-json'
import { type ContextChange, type ContextItem, type ContextState, type EvictedItem, reduceChanges } from '../../../shared/context'

/**
 * The changes that take changes back. `before` is the state that they were applied to, `frame` the frame that recorded them, `now` the state
 * in which they are taken back. With nothing in between, the result is `before` to the last field; otherwise what others did since stays:
 * a text that was replaced since, an item that left since. Empty when there is nothing left to take back.
 */
export function inverseEdits(
  before: ContextState,
  changes: readonly ContextChange[],
  frame: number,
  now: ContextState = reduceChanges(before, changes, frame),
): ContextChange[] {
  const after = reduceChanges(before, changes, frame)
  const rule = `frame ${frame} was undone`
  const touched = new Set(
    changes.flatMap((change) => (ABOUT_ITEMS.has(change.op) ? [change.op === 'put' ? change.item.id : change.id] : [])),
  )
  const ids = [...touched].sort()
  const items = ids.flatMap((id) => inverseOf(at(before, id), at(after, id), at(now, id), rule))
  // Evicted by the changes, and there again by another way: the text that was evicted stays recoverable.
  const stayOut = new Set(ids.filter((id) => at(before, id) !== undefined && at(after, id) === undefined && at(now, id) !== undefined))
  return [...inverseList(before.evicted, after.evicted, now.evicted, stayOut), ...items]
}

const ABOUT_ITEMS: ReadonlySet<ContextChange['op']> = new Set([
  ...(['put', 'move', 'evict', 'bring-back', 'pin', 'touch', 'stale', 'rewrite', 'remove'] as const),
])

function at(state: ContextState, id: string): ContextItem | undefined {
  return Object.hasOwn(state.items, id) ? state.items[id] : undefined
}

function inverseOf(
  before: ContextItem | undefined,
  after: ContextItem | undefined,
  now: ContextItem | undefined,
  rule: string,
): ContextChange[] {
  if (before === undefined) return after === undefined || now === undefined ? [] : [{ op: 'remove', id: now.id, rule }]
  if (after === undefined) return now === undefined ? [{ op: 'put', item: before }] : []
  // What left since does not come back by an undo of something else.
  if (now === undefined || same(before, after)) return []
  if (now.content === after.content) {
    const used = now.lastUsedAt === after.lastUsedAt ? before.lastUsedAt : now.lastUsedAt
    return [{ op: 'put', item: { ...before, lastUsedAt: used, stale: now.stale === after.stale ? before.stale : now.stale } }]
  }
  const moved = before.tier !== after.tier && now.tier === after.tier
  const pinned = before.pinned !== after.pinned && now.pinned === after.pinned
  return [
    ...(moved ? [{ op: 'move' as const, id: now.id, from: now.tier, to: before.tier, rule }] : []),
    ...(pinned ? [{ op: 'pin' as const, id: now.id, pinned: before.pinned, rule }] : []),
  ]
}

/** Entries that the changes listed go; entries that they took from the list come back at their places. */
function inverseList(
  before: readonly EvictedItem[],
  after: readonly EvictedItem[],
  now: readonly EvictedItem[],
  stayOut: ReadonlySet<string>,
): ContextChange[] {
  const [had, has] = [new Set(before), new Set(after)]
  const present = new Set(now.map(keyOf))
  const unlist = after.filter((entry) => !had.has(entry) && present.has(keyOf(entry)) && !stayOut.has(entry.item.id))
  const relist = before.flatMap((entry, index) => (has.has(entry) || present.has(keyOf(entry)) ? [] : [{ entry, at: index }]))
  return [
    ...unlist.map(({ item, atFrame }): ContextChange => ({ op: 'unlist', id: item.id, atFrame })),
    ...relist.map(({ entry, at: index }): ContextChange => ({ op: 'relist', id: entry.item.id, entry, at: index })),
  ]
}

function keyOf({ item, atFrame }: EvictedItem): string {
  return `${item.id}\n${atFrame}\n${item.content}`
}

function same(a: ContextItem, b: ContextItem): boolean {
  return canonicalJson(a) === canonicalJson(b)
}
