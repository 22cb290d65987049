import { type ContextItem, type ContextState, type EvictedItem, Tier, tierTokens } from '../../../shared/context'

export type SortKey = 'title' | 'tokens' | 'source' | 'reason' | 'added' | 'used'
export interface Sort {
  readonly key: SortKey
  readonly descending: boolean
}

/** How an item differs from what it was at the frame that is compared with. */
export type ItemChange =
  | { readonly is: 'same' }
  | { readonly is: 'added' }
  | { readonly is: 'removed' }
  /** Its text, its place or both; `tokensBy` is 0 for a mere move. */
  | { readonly is: 'changed' | 'moved'; readonly from: Tier; readonly tokensBy: number }

export type Row =
  | { readonly kind: 'tier'; readonly tier: Tier; readonly tokens: number; readonly items: number }
  | { readonly kind: 'item'; readonly item: ContextItem; readonly share: number; readonly change: ItemChange }
  | { readonly kind: 'evicted-title'; readonly items: number }
  | { readonly kind: 'evicted'; readonly evicted: EvictedItem; readonly change: ItemChange }
  /** There at the frame that is compared with, and neither in a tier nor listed as evicted now. */
  | { readonly kind: 'gone'; readonly item: ContextItem }

export interface RowsWanted {
  readonly sort: Sort
  readonly filter: string
  /** The state at the frame that is compared with; null when nothing is compared. */
  readonly compared: ContextState | null
  readonly differencesOnly: boolean
}

const SAME: ItemChange = { is: 'same' }

/** The rows of the list: each tier with its items, then what was evicted, newest first. L3 and L4 only when they hold something. */
export function rowsOf(state: ContextState, { sort, filter, compared, differencesOnly }: RowsWanted): Row[] {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean)
  const shown = (item: ContextItem, change: ItemChange): boolean => {
    if (differencesOnly && compared !== null && change.is === 'same') return false
    const text = `${item.title} ${item.kind} ${item.reason} ${item.id} ${sourceInWords(item)}${item.pinned ? ' pinned' : ''}${item.stale ? ' stale' : ''}`
    return words.every((word) => text.toLowerCase().includes(word))
  }
  const rows: Row[] = []
  for (const tier of Tier.options) {
    const items = itemsOf(state, tier)
    if (items.length === 0 && (tier === 'L3' || tier === 'L4')) continue
    const total = tierTokens(state, tier)
    rows.push({ kind: 'tier', tier, tokens: total, items: items.length })
    for (const item of items.toSorted((a, b) => compareBy(sort, a, b))) {
      const change = changeOf(item, compared)
      if (shown(item, change)) rows.push({ kind: 'item', item, share: total === 0 ? 0 : item.tokens / total, change })
    }
  }
  const listed = new Set(state.evicted.map((entry) => entry.item.id))
  const evicted = state.evicted.toReversed().flatMap((entry): Row[] => {
    const change: ItemChange =
      compared !== null && has(compared, entry.item.id) && !has(state, entry.item.id) && newest(state, entry) ? { is: 'removed' } : SAME
    return shown(entry.item, change) ? [{ kind: 'evicted', evicted: entry, change }] : []
  })
  const gone = Object.values(compared?.items ?? {})
    .filter((item) => !has(state, item.id) && !listed.has(item.id) && shown(item, { is: 'removed' }))
    .toSorted((a, b) => compareBy(sort, a, b))
  if (evicted.length + gone.length > 0) rows.push({ kind: 'evicted-title', items: evicted.length + gone.length })
  return [...rows, ...gone.map((item): Row => ({ kind: 'gone', item })), ...evicted]
}

/** What the whole list differs by. */
export interface Comparison {
  readonly added: number
  readonly removed: number
  readonly moved: number
  readonly changed: number
  readonly tokensBy: Readonly<Record<'L1' | 'L2', number>>
}

export function compareStates(before: ContextState, after: ContextState): Comparison {
  const counts = { added: 0, removed: 0, moved: 0, changed: 0 }
  for (const item of Object.values(after.items)) {
    const { is } = changeOf(item, before)
    if (is !== 'same') counts[is] += 1
  }
  for (const item of Object.values(before.items)) if (!has(after, item.id)) counts.removed += 1
  const by = (tier: 'L1' | 'L2'): number => tierTokens(after, tier) - tierTokens(before, tier)
  return { ...counts, tokensBy: { L1: by('L1'), L2: by('L2') } }
}

export function itemsOf(state: ContextState, tier: Tier): ContextItem[] {
  return Object.values(state.items).filter((item) => item.tier === tier)
}

/** Where an item came from, in a few words. */
export function sourceInWords({ source }: ContextItem): string {
  const { by, tool, path, query, lines } = source
  const place = path === undefined ? '' : `${path}${lines === undefined ? '' : `:${lines.from}-${lines.to}`}`
  if (by === 'human') return place === '' ? 'by hand' : `by hand, ${place}`
  if (tool !== undefined) return place === '' ? (query === undefined ? tool : `${tool} "${query}"`) : `${tool} ${place}`
  return place === '' ? by : place
}

function compareBy({ key, descending }: Sort, a: ContextItem, b: ContextItem): number {
  const order = descending ? -1 : 1
  switch (key) {
    case 'tokens':
      return order * (a.tokens - b.tokens) || byId(a, b)
    case 'added':
      return order * (a.addedAt - b.addedAt) || byId(a, b)
    case 'used':
      return order * (a.lastUsedAt - b.lastUsedAt) || byId(a, b)
    case 'title':
      return order * byText(a.title, b.title) || byId(a, b)
    case 'reason':
      return order * byText(a.reason, b.reason) || byId(a, b)
    case 'source':
      return order * byText(sourceInWords(a), sourceInWords(b)) || byId(a, b)
  }
}

function byText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function byId(a: ContextItem, b: ContextItem): number {
  return byText(a.id, b.id)
}

function has(state: ContextState, id: string): boolean {
  return Object.hasOwn(state.items, id)
}

function newest(state: ContextState, entry: EvictedItem): boolean {
  return state.evicted.findLast((other) => other.item.id === entry.item.id) === entry
}

function changeOf(item: ContextItem, compared: ContextState | null): ItemChange {
  if (compared === null) return SAME
  const before = has(compared, item.id) ? compared.items[item.id] : undefined
  if (before === undefined) return { is: 'added' }
  if (before.content !== item.content) return { is: 'changed', from: before.tier, tokensBy: item.tokens - before.tokens }
  return before.tier === item.tier ? SAME : { is: 'moved', from: before.tier, tokensBy: 0 }
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
