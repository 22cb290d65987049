import type { ContextItem, ContextState } from '../../../shared/context'
import type { ContentHash } from '../../../shared/ids'
import type { ContextBundle } from '../agents/agent-api'
import { tierLimits } from './context-draft'

/**
 * What a model or agent is shown: L1 and L2. The order changes as little as possible from one frame to the next, so that a
 * provider's prompt cache holds: the task, instructions, pinned items, then the others by the frame in which they came.
 * `availableTokens` is what both tiers together have left.
 */
export function contextBundle(state: ContextState, textOf: (hash: ContentHash) => string): ContextBundle {
  const limits = tierLimits(state.budget)
  const shown = Object.values(state.items).filter((item) => item.tier === 'L1' || item.tier === 'L2')
  const tokens = { l1: 0, l2: 0 }
  for (const item of shown) tokens[item.tier === 'L1' ? 'l1' : 'l2'] += item.tokens
  return {
    items: shown.sort(byStability).map((item) => ({ item, text: textOf(item.content) })),
    tokens: { ...tokens, availableTokens: limits.L1 + limits.L2 - tokens.l1 - tokens.l2 },
  }
}

function byStability(a: ContextItem, b: ContextItem): number {
  return rank(a) - rank(b) || a.addedAt - b.addedAt || (a.id < b.id ? -1 : 1)
}

function rank(item: ContextItem): number {
  if (item.kind === 'task') return 0
  if (item.kind === 'instruction') return 1
  return item.pinned ? 2 : 3
}
