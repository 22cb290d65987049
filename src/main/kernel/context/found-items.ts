import type { ContextItem, ContextItemKind } from '../../../shared/context'
import type { ContextDraft } from './context-draft'
import { FOUND } from './file-items'
import { shortKey } from './tool-items'

/** Something that was found out behind the run's back: what is next to the files that it works on. */
export interface FoundItem {
  /** Unique among what is found: `symbols:src/a.ts`. */
  readonly key: string
  readonly kind: Extract<ContextItemKind, 'symbols' | 'dependencies' | 'git' | 'tests' | 'instruction'>
  readonly title: string
  readonly text: string
  readonly source: Omit<ContextItem['source'], 'by' | 'frame'>
  readonly reason: string
}

const ITEM_SHARE = 1 / 32
const INSTRUCTION_SHARE = 1 / 16
/** So many frames after its last use, something found gives way to something newer that was found. */
const GIVES_WAY_AFTER = 10
/** A token has seldom fewer characters than this in text of the index. */
const LEAST_CHARS_A_TOKEN = 2.5

/**
 * Takes what was found into L2 where there is room, pushing out nothing but older things that were found; the rest is left: it can be found
 * again. Instruction files that lie nearer to the work than those of the root are pinned into L1.
 */
export function takeFound(draft: ContextDraft, found: readonly FoundItem[]): void {
  for (const item of found) {
    if (item.kind === 'instruction') takeInstruction(draft, item)
    else takeItem(draft, item)
  }
}

function takeItem(draft: ContextDraft, { key, kind, title, text, source, reason }: FoundItem): void {
  const id = `${FOUND}${shortKey(key)}`
  const before = draft.item(id)
  if (before?.pinned === true || before?.source.by === 'human') return
  const maxTokens = Math.floor(draft.limits.L2 * ITEM_SHARE)
  const estimate = Math.min(maxTokens, Math.ceil(text.length / LEAST_CHARS_A_TOKEN)) - (before?.tokens ?? 0)
  if (!makeRoom(draft, estimate, id)) return
  draft.put({ id, tier: 'L2', kind, title, text, source: { ...source, by: 'kernel', frame: draft.frame }, reason, maxTokens })
  // Nothing gives way to it when the estimate was too low.
  draft.fresh.delete(id)
}

function makeRoom(draft: ContextDraft, tokens: number, forId: string): boolean {
  const missing = (): number => draft.tokens('L2') + tokens - draft.limits.L2
  if (missing() <= 0) return true
  const old = draft
    .where(
      (item) =>
        item.id.startsWith(FOUND) &&
        item.id !== forId &&
        item.tier === 'L2' &&
        !item.pinned &&
        item.lastUsedAt < draft.frame - GIVES_WAY_AFTER,
    )
    .sort((a, b) => a.lastUsedAt - b.lastUsedAt)
  if (old.reduce((sum, item) => sum + item.tokens, 0) < missing()) return false
  for (const item of old) {
    if (missing() <= 0) break
    draft.apply({
      op: 'evict',
      id: item.id,
      rule: `gives way to what was found about the files in hand, last used at frame ${item.lastUsedAt}`,
    })
  }
  return true
}

function takeInstruction(draft: ContextDraft, { key, title, text, source, reason }: FoundItem): void {
  const id = `instruction:${shortKey(key)}`
  const before = draft.item(id)
  if (before !== undefined && before.source.version === source.version) return
  const pinned = draft.unordered().filter((item) => item.tier === 'L1' && item.pinned && item.id !== id)
  const room = draft.limits.L1 - pinned.reduce((sum, item) => sum + item.tokens, 0)
  const maxTokens = Math.min(Math.floor(draft.limits.L1 * INSTRUCTION_SHARE), room)
  if (maxTokens <= 0) return
  draft.put({
    id,
    tier: 'L1',
    kind: 'instruction',
    title,
    text,
    source: { ...source, by: 'kernel', frame: draft.frame },
    reason,
    pinned: true,
    maxTokens,
  })
}
