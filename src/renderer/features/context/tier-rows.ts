import { type ContextItem, type ContextState, type EvictedItem, Tier, tierTokens } from '../../../shared/context'

export type SortOrder = 'tokens' | 'added' | 'used' | 'title'

export type Row =
  | { readonly kind: 'tier'; readonly tier: Tier; readonly tokens: number; readonly items: number }
  | { readonly kind: 'item'; readonly item: ContextItem; readonly share: number; readonly change: ItemChange }
  | { readonly kind: 'evicted-title'; readonly items: number }
  | { readonly kind: 'evicted'; readonly evicted: EvictedItem }

/** How an item differs from the frame that is compared with. */
export type ItemChange = 'same' | 'added' | 'changed' | 'moved'

const COMPARE: Readonly<Record<SortOrder, (a: ContextItem, b: ContextItem) => number>> = {
  tokens: (a, b) => b.tokens - a.tokens,
  added: (a, b) => b.addedAt - a.addedAt,
  used: (a, b) => b.lastUsedAt - a.lastUsedAt,
  title: (a, b) => (a.title < b.title ? -1 : a.title > b.title ? 1 : 0),
}

/** The rows of the list: each tier with its items, then what was evicted, newest first. L3 and L4 only when they hold something. */
export function rowsOf(state: ContextState, sort: SortOrder, filter: string, compared: ContextState | null): Row[] {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean)
  const shown = (item: ContextItem): boolean =>
    words.every((word) => `${item.title} ${item.kind} ${item.reason} ${item.id}`.toLowerCase().includes(word))
  const rows: Row[] = []
  for (const tier of Tier.options) {
    const items = itemsOf(state, tier)
    if (items.length === 0 && (tier === 'L3' || tier === 'L4')) continue
    const total = tierTokens(state, tier)
    rows.push({ kind: 'tier', tier, tokens: total, items: items.length })
    for (const item of items.filter(shown).toSorted((a, b) => COMPARE[sort](a, b) || (a.id < b.id ? -1 : 1))) {
      rows.push({ kind: 'item', item, share: total === 0 ? 0 : item.tokens / total, change: changeOf(item, compared) })
    }
  }
  const evicted = state.evicted.filter((entry) => shown(entry.item))
  if (evicted.length > 0) {
    rows.push({ kind: 'evicted-title', items: evicted.length })
    for (const entry of evicted.toReversed()) rows.push({ kind: 'evicted', evicted: entry })
  }
  return rows
}

export function itemsOf(state: ContextState, tier: Tier): ContextItem[] {
  return Object.values(state.items).filter((item) => item.tier === tier)
}

function changeOf(item: ContextItem, compared: ContextState | null): ItemChange {
  if (compared === null) return 'same'
  const before = compared.items[item.id]
  if (before === undefined) return 'added'
  if (before.content !== item.content) return 'changed'
  return before.tier === item.tier ? 'same' : 'moved'
}

export interface Segment {
  readonly id: string
  readonly title: string
  readonly tokens: number
  readonly pinned: boolean
  /** Of the bar's width, 0 to 1. */
  readonly start: number
  readonly width: number
}

/** Narrower segments are shown as one, so that a bar stays readable and cheap. */
const LEAST_WIDTH = 0.002

/** Segments of a tier's bar, pinned items first, then the largest; their widths sum to the used share of the budget. */
export function segmentsOf(state: ContextState, tier: Tier, budgetTokens: number): Segment[] {
  const scale = Math.max(budgetTokens, tierTokens(state, tier), 1)
  const segments: Segment[] = []
  let start = 0
  const small: ContextItem[] = []
  for (const item of itemsOf(state, tier).toSorted(
    (a, b) => Number(b.pinned) - Number(a.pinned) || b.tokens - a.tokens || (a.id < b.id ? -1 : 1),
  )) {
    const width = item.tokens / scale
    if (width < LEAST_WIDTH && !item.pinned) {
      small.push(item)
      continue
    }
    segments.push({ id: item.id, title: item.title, tokens: item.tokens, pinned: item.pinned, start, width })
    start += width
  }
  const [first] = small
  if (first === undefined) return segments
  const tokens = small.reduce((sum, item) => sum + item.tokens, 0)
  return [...segments, { id: first.id, title: `${small.length} small items`, tokens, pinned: false, start, width: tokens / scale }]
}
