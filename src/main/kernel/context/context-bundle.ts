import { type ContextState, promptOrder } from '../../../shared/context'
import type { ContentHash } from '../../../shared/ids'
import type { ContextBundle } from '../agents/agent-api'
import { tierLimits } from './context-draft'

/**
 * What a model or agent is shown: L1 and L2, in an order that changes as little as possible from one frame to the next, so that a
 * provider's prompt cache holds (`promptOrder`). `availableTokens` is what both tiers together have left.
 */
export function contextBundle(state: ContextState, textOf: (hash: ContentHash) => string): ContextBundle {
  const limits = tierLimits(state.budget, state.tokenizer)
  const shown = promptOrder(state)
  const tokens = { l1: 0, l2: 0 }
  for (const item of shown) tokens[item.tier === 'L1' ? 'l1' : 'l2'] += item.tokens
  return {
    items: shown.map((item) => ({ item, text: textOf(item.content) })),
    tokens: { ...tokens, availableTokens: limits.L1 + limits.L2 - tokens.l1 - tokens.l2 },
  }
}
