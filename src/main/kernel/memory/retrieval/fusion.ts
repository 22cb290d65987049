/** Reciprocal rank fusion: Cormack, Clarke and Büttcher, SIGIR 2009. Their constant; results hardly depend on it. */
const K = 60

export interface RankedList<L extends string> {
  readonly list: L
  readonly weight: number
  /** Best first; an item counts where it stands first. */
  readonly items: readonly string[]
}

export interface FusedItem<L extends string> {
  readonly item: string
  readonly score: number
  /** What each list gave, in the order of the lists. */
  readonly parts: readonly { readonly list: L; readonly rank: number; readonly weight: number }[]
}

/**
 * Items of all lists, best first: the sum of `weight / (60 + rank)`. Equal scores stand in the order in which they were met. Lists without
 * weight (0 or less) are left out.
 */
export function fuse<L extends string>(lists: readonly RankedList<L>[]): FusedItem<L>[] {
  const fused = new Map<string, { score: number; parts: { list: L; rank: number; weight: number }[] }>()
  for (const { list, weight, items } of lists) {
    if (!(weight > 0)) continue
    let rank = 0
    const met = new Set<string>()
    for (const item of items) {
      if (met.has(item)) continue
      met.add(item)
      rank += 1
      const share = weight / (K + rank)
      const entry = fused.get(item) ?? { score: 0, parts: [] }
      entry.score += share
      entry.parts.push({ list, rank, weight: share })
      fused.set(item, entry)
    }
  }
  return [...fused].map(([item, entry]) => ({ item, ...entry })).sort((a, b) => b.score - a.score)
}

/** The greatest score there can be with these weights: first in every list. */
export function bestFusedScore(weights: readonly number[]): number {
  return weights.reduce((sum, weight) => sum + Math.max(0, weight), 0) / (K + 1)
}
