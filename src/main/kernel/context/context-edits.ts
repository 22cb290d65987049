import type { ContextChange, ContextItem, ContextItemKind, ContextState } from '../../../shared/context'
import type { ContextEdit } from '../../../shared/contract/methods'
import { KeyframeError } from '../../../shared/failure'
import type { ContentHash } from '../../../shared/ids'
import type { ContextDraft } from './context-draft'
import { FILE_SHARE, putFile } from './file-items'
import { shortKey } from './tool-items'
import { inverseEdits } from './undo-edits'

type LookedUp = Extract<ContextEdit, { op: 'add-file' | 'add-symbol' | 'add-query' | 'undo' }>

/** The same with everything that had to be looked up: the policy looks nothing up. */
export type ResolvedEdit =
  | Exclude<ContextEdit, LookedUp>
  | {
      readonly op: 'undo'
      readonly frame: number
      /** The state that the frame's changes were applied to, and they. */
      readonly before: ContextState
      readonly changes: readonly ContextChange[]
    }
  | {
      readonly op: 'add-file-text'
      readonly path: string
      readonly version: ContentHash
      readonly text: string
      /** Null: the whole file. */
      readonly lines: { readonly from: number; readonly to: number; readonly of: number } | null
    }
  | {
      readonly op: 'add-text'
      /** `symbol:src/a.ts#total`, `query:...`: adding it again replaces it. */
      readonly id: string
      readonly kind: Extract<ContextItemKind, 'symbols' | 'query'>
      readonly title: string
      readonly text: string
      readonly source: Omit<ContextItem['source'], 'by' | 'frame'>
    }

/** One change by hand. Throws KeyframeError `context.*` when it cannot be made; budgets are enforced by the caller afterwards. */
export function applyEdit(draft: ContextDraft, edit: ResolvedEdit, index: number, by: 'human' | 'agent'): void {
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
      draft.rewrite(item, edit.text, roomOf(draft, item), `edited ${hand}`)
      draft.fresh.add(item.id)
      return
    }
    case 'uncompress': {
      const item = existing(draft, edit.id)
      if (item.whole === undefined) {
        throw new KeyframeError({
          code: 'context.already-whole',
          message: `Nothing of "${item.title}" was left out.`,
          details: { id: item.id },
        })
      }
      draft.rewrite(item, draft.wholeText(item), roomOf(draft, item), `shown whole ${hand}`)
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
      draft.move(draft.item(item.id) ?? item, to, `moved ${hand}`)
      draft.touch(item.id)
      return
    }
    case 'bring-back':
      return bringBack(draft, edit.id, shownTier(edit.to), hand)
    case 'add-file-text': {
      const source = { by, frame: draft.frame, path: edit.path, version: edit.version }
      putFile(draft, edit, source, `added ${hand}`)
      return
    }
    case 'add-text':
      draft.put({
        id: shortKey(edit.id),
        tier: 'L2',
        kind: edit.kind,
        title: edit.title,
        text: edit.text,
        source: { ...edit.source, by, frame: draft.frame },
        reason: `added ${hand}`,
        maxTokens: Math.floor(draft.limits.L2 * FILE_SHARE.file),
      })
      return
    case 'undo': {
      const inverse = inverseEdits(edit.before, edit.changes, edit.frame, draft.state)
      if (inverse.length === 0) {
        throw new KeyframeError({
          code: 'context.nothing-to-undo',
          message: `Nothing of what frame ${edit.frame} changed holds any more.`,
          details: { frame: edit.frame },
        })
      }
      for (const change of inverse) {
        draft.apply(change)
        draft.fresh.add(change.op === 'put' ? change.item.id : change.id)
      }
    }
  }
}

function bringBack(draft: ContextDraft, id: string, to: 'L1' | 'L2', hand: string): void {
  const present = draft.item(id)
  if (present !== undefined) {
    throw new KeyframeError({
      code: 'context.already-there',
      message: `"${id}" is in ${present.tier} already.`,
      action: 'Evict the present one first, or move it between L1 and L2.',
    })
  }
  if (!draft.evicted.some((entry) => entry.item.id === id)) throw noSuchItem(draft, id, 'among the evicted items')
  draft.apply({ op: 'bring-back', id, to })
  draft.fresh.add(id)
  const item = draft.item(id)
  if (item === undefined) return
  draft.shorten(item, draft.limits[to], `brought back ${hand}; condensed to fit ${to}`)
  // While it was out nobody told whether its file changed: it is read again before it counts as current.
  if (item.kind === 'file' && !item.stale) draft.apply({ op: 'stale', id: item.id, stale: true })
}

function roomOf(draft: ContextDraft, item: ContextItem): number {
  return item.tier === 'L2' ? draft.limits.L2 : draft.limits.L1
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
