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
  tests: 50,
  file: 40,
  query: 40,
  references: 20,
  symbols: 20,
  dependencies: 15,
  git: 10,
  'tool-result': 0,
  scratchpad: 0,
}
const FOCUS_WORTH = 200
const HUMAN_WORTH = 120
/** What speaks of all the task's words. */
const RELEVANCE_WORTH = 80
/** What an unresolved error is about. */
const ERROR_WORTH = 150
/** An item that fills a whole tier is worth this many frames less than an empty one. */
const SIZE_COST = 60
/**
 * Where L2 was over, it is brought down to this share of its budget: each eviction breaks the prefix that a provider's prompt cache holds, so
 * several go at once and then none for a while.
 */
const L2_AFTER_EVICTION = 0.96

/** From here on a file or a result in L2 is shown as its outline before others have to go. */
const COMPACT_ABOVE = 0.85
const COMPACT_TO = 0.75
const COMPACT_AT_LEAST_TOKENS = 320
const COMPACTED_AT_ONCE = 8

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
  if (draft.tokens('L1') > draft.limits.L1) {
    const victims = new LeastWorth(draft, 'L1')
    while (draft.tokens('L1') > draft.limits.L1) {
      const victim = victims.next()
      if (victim === undefined) break
      demote(draft, victim, `L1 is over its ${draft.limits.L1} tokens: ${victims.why(victim)}`)
    }
  }
  if (draft.tokens('L2') > draft.limits.L2) {
    const victims = new LeastWorth(draft, 'L2')
    const target = Math.floor(draft.limits.L2 * L2_AFTER_EVICTION)
    while (draft.tokens('L2') > target) {
      const victim = victims.next()
      if (victim === undefined || (draft.fresh.has(victim.id) && draft.tokens('L2') <= draft.limits.L2)) break
      draft.apply({ op: 'evict', id: victim.id, rule: `L2 is over its ${draft.limits.L2} tokens: ${victims.why(victim)}` })
    }
  }
}

/**
 * Off the synchronous path: while L2 is nearly full, the whole files and results in it that are least needed become outlines, so that more of
 * them stay. Their whole texts stay in the journal.
 */
export function compact(draft: ContextDraft): void {
  if (draft.tokens('L2') <= draft.limits.L2 * COMPACT_ABOVE) return
  const victims = new LeastWorth(draft, 'L2', (item) => canBeOutline(item))
  for (let done = 0; done < COMPACTED_AT_ONCE && draft.tokens('L2') > draft.limits.L2 * COMPACT_TO; done += 1) {
    const victim = victims.next()
    if (victim === undefined) return
    draft.shorten(victim, Math.floor(victim.tokens / 4), `${focusMark(victim)}condensed while L2 is nearly full: ${victims.why(victim)}`)
  }
}

function canBeOutline(item: ContextItem): boolean {
  if (item.tokens < COMPACT_AT_LEAST_TOKENS || item.whole !== undefined || item.source.by === 'human') return false
  return item.kind === 'file' || isToolResult(item)
}

export function isToolResult(item: ContextItem): boolean {
  return item.id.startsWith('tool:')
}

/** To L2, shortened when it is verbose; straight out when L2 could not hold it even alone. Focus outlives the move. */
export function demote(draft: ContextDraft, item: ContextItem, because: string): void {
  const rule = `${focusMark(item)}${because}`
  // Failures of tests are the work in hand: they keep their words.
  const room = Math.min(isToolResult(item) && item.kind !== 'tests' ? VERBOSE_TOKENS : item.tokens, draft.limits.L2)
  if (room === 0 && item.tokens > 0) {
    draft.apply({ op: 'evict', id: item.id, rule })
    return
  }
  draft.shorten(item, room, `${rule}; condensed for L2`)
  draft.move(item, 'L2', rule)
}

function focusMark(item: ContextItem): string {
  return isInFocus(item) ? `${IN_FOCUS}; ` : ''
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

/** The items of a tier that may go, the least worth first. Scored once, when it is made. */
class LeastWorth {
  readonly #draft: ContextDraft
  readonly #items: ContextItem[] = []
  readonly #scores: number[] = []
  readonly #errorPaths = new Set<string>()
  readonly #focusPaths = new Set<string>()

  constructor(draft: ContextDraft, tier: 'L1' | 'L2', may: (item: ContextItem) => boolean = () => true) {
    this.#draft = draft
    const items = draft.unordered()
    for (const { kind, pinned, source, reason } of items) {
      if (source.path === undefined) continue
      if (kind === 'error' && pinned) this.#errorPaths.add(source.path)
      if (reason.startsWith(IN_FOCUS)) this.#focusPaths.add(source.path)
    }
    for (const item of items) {
      if (item.tier !== tier || item.pinned || item.tokens === 0 || !may(item)) continue
      this.#items.push(item)
      this.#scores.push(this.#worth(item))
    }
  }

  next(): ContextItem | undefined {
    let least = -1
    for (let at = 0; at < this.#scores.length; at += 1) {
      const [score, leastScore] = [this.#scores[at] ?? 0, this.#scores[least] ?? Number.POSITIVE_INFINITY]
      if (score < leastScore || (score === leastScore && this.#idAt(at) < this.#idAt(least))) least = at
    }
    if (least === -1) return undefined
    const [item] = this.#items.splice(least, 1)
    this.#scores.splice(least, 1)
    return item
  }

  /** The rule in words: what decided that it goes. */
  why(item: ContextItem): string {
    const usedAt = usedAtFrame(item)
    if (this.#draft.fresh.has(item.id)) return `nothing else could give way, ${item.tokens} tokens`
    if (item.stale) return `out of date, last used at frame ${usedAt}`
    const relevance = item.relevance === undefined ? '' : `, speaks of ${Math.round(item.relevance * 100)} % of the task`
    return `least needed (${item.kind}, last used at frame ${usedAt}, ${item.tokens} tokens${relevance})`
  }

  /** In frames: how long ago it was used, and how many frames its kind, its author, the focus, the task, errors and its size are worth. */
  #worth(item: ContextItem): number {
    const { limits, frame, fresh } = this.#draft
    const limit = Math.max(1, item.tier === 'L1' ? limits.L1 : limits.L2)
    const { path } = item.source
    return (
      usedAtFrame(item) -
      frame +
      KIND_WORTH[item.kind] +
      (isInFocus(item) ? FOCUS_WORTH : path !== undefined && this.#focusPaths.has(path) ? FOCUS_WORTH / 2 : 0) +
      (path !== undefined && this.#errorPaths.has(path) ? ERROR_WORTH : 0) +
      (item.source.by === 'human' ? HUMAN_WORTH : 0) +
      RELEVANCE_WORTH * (item.relevance ?? 0) +
      (fresh.has(item.id) ? 1_000_000 : 0) -
      (item.stale ? SIZE_COST : 0) -
      (SIZE_COST * item.tokens) / limit
    )
  }

  #idAt(at: number): string {
    return this.#items[at]?.id ?? ''
  }
}

function usedAtFrame(item: ContextItem): number {
  return isToolResult(item) ? item.addedAt : item.lastUsedAt
}

export function isInFocus(item: ContextItem): boolean {
  return item.reason.startsWith(IN_FOCUS)
}

function sum(items: readonly ContextItem[]): number {
  return items.reduce((total, item) => total + item.tokens, 0)
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
