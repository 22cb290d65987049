import type { ContextItem, ContextItemKind } from '../../../shared/context'
import { KeyframeError } from '../../../shared/failure'
import type { ContextDraft } from './context-draft'

/** Tool results that stay in L1 whatever their age; the source article asks for the last 5 to 10. */
export const TOOL_RESULTS_IN_L1 = 10
const SCRATCHPADS_IN_L1 = 20
/** A tool result beyond this is verbose: L2 keeps its beginning and end. */
const VERBOSE_TOKENS = 1_000
/** Of L1, for errors that are pinned by the kernel: beyond it the oldest give way, so that errors alone can never stop a run. */
const ERROR_SHARE = 1 / 4
export const IN_FOCUS = 'in focus'

/** Frames of age that a kind is worth: what is dear to read again or was written by a person stays longer. */
const KIND_WORTH: Readonly<Record<ContextItemKind, number>> = {
  task: 400,
  instruction: 400,
  plan: 200,
  note: 120,
  error: 60,
  file: 40,
  tests: 40,
  references: 20,
  symbols: 20,
  git: 10,
  'tool-result': 0,
  scratchpad: 0,
}
const FOCUS_WORTH = 200
const HUMAN_WORTH = 120
/** An item that fills a whole tier is worth this many frames less than an empty one. */
const SIZE_COST = 60

/** Brings the draft under its budgets: L1 first, since what leaves it goes to L2. Afterwards neither tier is over. */
export function enforceBudgets(draft: ContextDraft): void {
  keepWithinCount(draft, isToolResult, TOOL_RESULTS_IN_L1, `older than the last ${TOOL_RESULTS_IN_L1} tool results`)
  keepWithinCount(
    draft,
    (item) => item.kind === 'scratchpad',
    SCRATCHPADS_IN_L1,
    `older than the last ${SCRATCHPADS_IN_L1} scratchpad notes`,
  )
  yieldErrors(draft)
  refusePinnedOverBudget(draft)
  while (draft.tokens('L1') > draft.limits.L1) {
    const victim = leastWorth(draft, 'L1')
    if (victim === undefined) break
    demote(draft, victim, `L1 is over its ${draft.limits.L1} tokens: ${why(draft, victim)}`)
  }
  while (draft.tokens('L2') > draft.limits.L2) {
    const victim = leastWorth(draft, 'L2')
    if (victim === undefined) break
    draft.apply({ op: 'evict', id: victim.id, rule: `L2 is over its ${draft.limits.L2} tokens: ${why(draft, victim)}` })
  }
}

export function isToolResult(item: ContextItem): boolean {
  return item.id.startsWith('tool:')
}

/** To L2, shortened when it is verbose; straight out when L2 could not hold it even alone. Focus outlives the move. */
export function demote(draft: ContextDraft, item: ContextItem, because: string): void {
  const rule = isInFocus(item) ? `${IN_FOCUS}; ${because}` : because
  const room = Math.min(isToolResult(item) ? VERBOSE_TOKENS : item.tokens, draft.limits.L2)
  if (room === 0 && item.tokens > 0) {
    draft.apply({ op: 'evict', id: item.id, rule })
    return
  }
  draft.shorten(item, room, `${rule}; condensed for L2`)
  draft.move(item, 'L2', rule)
}

function keepWithinCount(draft: ContextDraft, counts: (item: ContextItem) => boolean, limit: number, rule: string): void {
  const inL1 = draft.unordered().filter((item) => item.tier === 'L1' && !item.pinned && counts(item))
  if (inL1.length <= limit) return
  for (const item of inL1.sort((a, b) => b.addedAt - a.addedAt || compare(a.id, b.id)).slice(limit)) demote(draft, item, rule)
}

function yieldErrors(draft: ContextDraft): void {
  const pinned = draft.unordered().filter((item) => item.tier === 'L1' && item.pinned)
  const errors = pinned.filter((item) => item.kind === 'error').sort((a, b) => a.lastUsedAt - b.lastUsedAt || compare(a.id, b.id))
  let errorTokens = sum(errors)
  let pinnedTokens = sum(pinned)
  for (const error of errors) {
    if (errorTokens <= draft.limits.L1 * ERROR_SHARE && pinnedTokens <= draft.limits.L1) return
    const rule = 'more unresolved errors than L1 has room for: the oldest gives way'
    draft.apply({ op: 'pin', id: error.id, pinned: false, rule })
    demote(draft, error, rule)
    errorTokens -= error.tokens
    pinnedTokens -= error.tokens
  }
}

function refusePinnedOverBudget(draft: ContextDraft): void {
  for (const tier of ['L1', 'L2'] as const) {
    const pinned = draft.unordered().filter((item) => item.tier === tier && item.pinned)
    const tokens = sum(pinned)
    if (tokens <= draft.limits[tier]) continue
    const largest = pinned.sort((a, b) => b.tokens - a.tokens || compare(a.id, b.id))
    throw new KeyframeError({
      code: 'context.pinned-over-budget',
      message: `The pinned items of ${tier} take ${tokens} tokens; its budget is ${draft.limits[tier]}.`,
      action: `Unpin or shorten one of: ${largest
        .slice(0, 3)
        .map((item) => `${item.title} (${item.tokens})`)
        .join(', ')}.`,
      details: { tier, tokens, budgetTokens: draft.limits[tier], items: largest.map((item) => item.id) },
    })
  }
}

function leastWorth(draft: ContextDraft, tier: 'L1' | 'L2'): ContextItem | undefined {
  let least: ContextItem | undefined
  let leastScore = 0
  for (const item of draft.unordered()) {
    if (item.tier !== tier || item.pinned || item.tokens === 0) continue
    const score = worth(draft, item)
    if (least === undefined || score < leastScore || (score === leastScore && compare(item.id, least.id) < 0)) {
      least = item
      leastScore = score
    }
  }
  return least
}

/** In frames: how long ago it was used, and how many frames its kind, its author, the focus and its size are worth. */
function worth(draft: ContextDraft, item: ContextItem): number {
  const usedAt = isToolResult(item) ? item.addedAt : item.lastUsedAt
  const limit = Math.max(1, item.tier === 'L1' ? draft.limits.L1 : draft.limits.L2)
  return (
    usedAt -
    draft.frame +
    KIND_WORTH[item.kind] +
    (isInFocus(item) ? FOCUS_WORTH : 0) +
    (item.source.by === 'human' ? HUMAN_WORTH : 0) +
    (draft.fresh.has(item.id) ? 1_000_000 : 0) -
    (item.stale ? SIZE_COST : 0) -
    (SIZE_COST * item.tokens) / limit
  )
}

export function isInFocus(item: ContextItem): boolean {
  return item.reason.startsWith(IN_FOCUS)
}

function why(draft: ContextDraft, item: ContextItem): string {
  const usedAt = isToolResult(item) ? item.addedAt : item.lastUsedAt
  if (draft.fresh.has(item.id)) return `nothing else could give way, ${item.tokens} tokens`
  if (item.stale) return `out of date, last used at frame ${usedAt}`
  return `least needed (${item.kind}, last used at frame ${usedAt}, ${item.tokens} tokens)`
}

function sum(items: readonly ContextItem[]): number {
  return items.reduce((total, item) => total + item.tokens, 0)
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
