import type { ContextItem } from '../../../shared/context'
import type { ContextEdit } from '../../../shared/contract/methods'
import { KeyframeError } from '../../../shared/failure'
import type { ContextDraft } from './context-draft'

/** One change by hand. Throws KeyframeError `context.*` when it cannot be made; budgets are enforced by the caller afterwards. */
export function applyEdit(draft: ContextDraft, edit: ContextEdit, index: number, by: 'human' | 'agent'): void {
  const hand = by === 'human' ? 'by hand' : 'by the agent'
  switch (edit.op) {
    case 'add-note':
      draft.put({
        id: `note:${by}-${draft.frame}-${index}`,
        tier: 'L1',
        kind: edit.kind ?? 'note',
        title: edit.title,
        text: edit.text,
        source: { by, frame: draft.frame },
        reason: `added ${hand}`,
        maxTokens: draft.limits.L1,
      })
      return
    case 'edit': {
      const item = existing(draft, edit.id)
      draft.rewrite(item.id, edit.text, item.tier === 'L2' ? draft.limits.L2 : draft.limits.L1, `edited ${hand}`)
      draft.fresh.add(item.id)
      return
    }
    case 'pin':
      existing(draft, edit.id)
      draft.apply({ op: 'pin', id: edit.id, pinned: edit.pinned, rule: `${edit.pinned ? 'pinned' : 'unpinned'} ${hand}` })
      draft.fresh.add(edit.id)
      return
    case 'evict':
      takeOut(draft, existing(draft, edit.id), `evicted ${hand}`)
      return
    case 'move': {
      const item = existing(draft, edit.id)
      if (edit.to === 'L3') return takeOut(draft, item, `moved to L3 ${hand}`)
      const to = shownTier(edit.to)
      draft.shorten(item, draft.limits[to], `moved to ${to} ${hand}; condensed to fit`)
      draft.move(item, to, `moved ${hand}`)
      draft.touch(item.id)
      return
    }
    case 'bring-back': {
      const to = shownTier(edit.to)
      if (draft.item(edit.id) !== undefined) {
        throw new KeyframeError({
          code: 'context.already-there',
          message: `"${edit.id}" is in ${draft.item(edit.id)?.tier} already.`,
          action: 'Evict the present one first, or move it between L1 and L2.',
        })
      }
      if (!draft.state.evicted.some((entry) => entry.item.id === edit.id)) throw noSuchItem(draft, edit.id, 'among the evicted items')
      draft.apply({ op: 'bring-back', id: edit.id, to })
      draft.fresh.add(edit.id)
      const item = draft.item(edit.id)
      if (item === undefined) return
      draft.shorten(item, draft.limits[to], `brought back ${hand}; condensed to fit ${to}`)
      // While it was out nobody told whether its file changed: it is read again before it counts as current.
      if (item.kind === 'file') draft.apply({ op: 'stale', id: item.id, stale: true })
      return
    }
  }
}

function existing(draft: ContextDraft, id: string): ContextItem {
  const item = draft.item(id)
  if (item === undefined) throw noSuchItem(draft, id, 'in the context')
  return item
}

function noSuchItem(draft: ContextDraft, id: string, where: string): KeyframeError {
  return new KeyframeError({
    code: 'context.no-such-item',
    message: `There is no item "${id}" ${where} at frame ${draft.frame - 1}.`,
    action: 'Look at the context of the frame and use one of the ids shown there.',
    details: { id },
  })
}

function takeOut(draft: ContextDraft, item: ContextItem, rule: string): void {
  if (item.pinned) {
    throw new KeyframeError({
      code: 'context.pinned',
      message: `"${item.title}" is pinned, so it stays in ${item.tier}.`,
      action: 'Unpin it first.',
      details: { id: item.id },
    })
  }
  draft.apply({ op: 'evict', id: item.id, rule })
}

function shownTier(tier: string): 'L1' | 'L2' {
  if (tier === 'L1' || tier === 'L2') return tier
  throw new KeyframeError({
    code: 'context.bad-tier',
    message: `An item cannot be put into ${tier}: L3 is the index and L4 the journal.`,
    action: 'Choose L1 or L2, or evict the item.',
  })
}
