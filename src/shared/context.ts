import { z } from 'zod'
import { ContentHash } from './ids'

/**
 * The context hierarchy. L1 is what the agent works on now, L2 what it may need next, L3 the unbounded index
 * (memory), L4 the journal. Only L1 and L2 are shown to a model and only they have token budgets; an item that is
 * listed in L3 is one that was demoted and can be brought back by its content hash.
 */
export const Tier = z.enum(['L1', 'L2', 'L3', 'L4'])
export type Tier = z.infer<typeof Tier>

export const ContextItemKind = z.enum([
  'task',
  'instruction',
  'file',
  'tool-result',
  'error',
  'scratchpad',
  'note',
  'plan',
  'symbols',
  'references',
  'tests',
  'git',
])
export type ContextItemKind = z.infer<typeof ContextItemKind>

/** Where an item came from: enough to open the origin in the window. */
export const Provenance = z.object({
  by: z.enum(['kernel', 'agent', 'human']),
  /** The frame whose outcome made the item; null for what was there before the run (instruction files). */
  frame: z.number().int().nullable(),
  tool: z.string().optional(),
  path: z.string().optional(),
  /** Hash of the file's content when it was read. */
  version: ContentHash.optional(),
  query: z.string().optional(),
  score: z.number().optional(),
})
export type Provenance = z.infer<typeof Provenance>

export const ContextItem = z.object({
  /** Stable within a branch: `file:src/a.ts`, `tool:12`, `task`, `note:3`. A second item with the same id replaces the first. */
  id: z.string().min(1).max(512),
  tier: Tier,
  kind: ContextItemKind,
  title: z.string(),
  content: ContentHash,
  tokens: z.number().int().min(0),
  source: Provenance,
  /** Why it is in this tier, in words: "read by the agent", "definition of applyDiscount". */
  reason: z.string(),
  addedAt: z.number().int(),
  lastUsedAt: z.number().int(),
  pinned: z.boolean(),
  /** True once the file that it shows has changed after it was read. */
  stale: z.boolean(),
})
export type ContextItem = z.infer<typeof ContextItem>

/** One step of the context manager. Every change is recorded in a frame, so tiers at a frame are a fold of these. */
export const ContextChange = z.discriminatedUnion('op', [
  z.object({ op: z.literal('put'), item: ContextItem }),
  z.object({ op: z.literal('move'), id: z.string(), from: Tier, to: Tier, rule: z.string() }),
  z.object({ op: z.literal('evict'), id: z.string(), rule: z.string() }),
  z.object({ op: z.literal('bring-back'), id: z.string(), to: Tier }),
  z.object({ op: z.literal('pin'), id: z.string(), pinned: z.boolean(), rule: z.string() }),
  z.object({ op: z.literal('touch'), id: z.string() }),
  z.object({ op: z.literal('stale'), id: z.string(), stale: z.boolean() }),
  z.object({ op: z.literal('rewrite'), id: z.string(), content: ContentHash, tokens: z.number().int().min(0), rule: z.string() }),
])
export type ContextChange = z.infer<typeof ContextChange>

/** Token budgets. `totalTokens` is the model's window; what remains after the reserves is shared by L1 and L2. */
export const TokenBudget = z.object({
  totalTokens: z.number().int().positive(),
  reserves: z.object({ system: z.number().int().min(0), tools: z.number().int().min(0), output: z.number().int().min(0) }),
  l1Tokens: z.number().int().positive(),
  l2Tokens: z.number().int().positive(),
})
export type TokenBudget = z.infer<typeof TokenBudget>

/** Reserves of 2000, 8000 and 4000 tokens and tiers of 32k and 128k are the source article's figures. */
export const DEFAULT_BUDGET: TokenBudget = {
  totalTokens: 200_000,
  reserves: { system: 2_000, tools: 8_000, output: 4_000 },
  l1Tokens: 32_000,
  l2Tokens: 128_000,
}

export const EvictedItem = z.object({ item: ContextItem, rule: z.string(), atFrame: z.number().int() })
export type EvictedItem = z.infer<typeof EvictedItem>

export const ContextState = z.object({
  budget: TokenBudget,
  items: z.record(z.string(), ContextItem),
  /** Out of every tier but listed, so that the window can show why and bring them back. Newest last, at most 200. */
  evicted: z.array(EvictedItem),
})
export type ContextState = z.infer<typeof ContextState>

const EVICTED_LISTED = 200

export function emptyContext(budget: TokenBudget = DEFAULT_BUDGET): ContextState {
  return { budget, items: {}, evicted: [] }
}

/** Sum of the tokens of a tier: never more than its budget after the context manager has run. */
export function tierTokens(state: ContextState, tier: Tier): number {
  let sum = 0
  for (const item of Object.values(state.items)) if (item.tier === tier) sum += item.tokens
  return sum
}

/** Pure. A change that names an item which is not there leaves the state as it is: old journals stay readable. */
export function reduceContext(state: ContextState, change: ContextChange, frame: number): ContextState {
  if (change.op === 'put') return { ...state, items: { ...state.items, [change.item.id]: change.item } }
  if (change.op === 'bring-back') {
    const found = state.evicted.findLast((entry) => entry.item.id === change.id)
    if (found === undefined) return state
    return {
      ...state,
      items: { ...state.items, [change.id]: { ...found.item, tier: change.to, lastUsedAt: frame } },
      evicted: state.evicted.filter((entry) => entry !== found),
    }
  }
  const item = state.items[change.id]
  if (item === undefined) return state
  if (change.op === 'evict') {
    const { [change.id]: gone, ...items } = state.items
    const evicted = gone === undefined ? state.evicted : [...state.evicted, { item: gone, rule: change.rule, atFrame: frame }]
    return { ...state, items, evicted: evicted.slice(-EVICTED_LISTED) }
  }
  return { ...state, items: { ...state.items, [change.id]: changedItem(item, change, frame) } }
}

type ItemChange = Exclude<ContextChange, { op: 'put' | 'bring-back' | 'evict' }>

function changedItem(item: ContextItem, change: ItemChange, frame: number): ContextItem {
  switch (change.op) {
    case 'move':
      return { ...item, tier: change.to, reason: change.rule }
    case 'pin':
      return { ...item, pinned: change.pinned }
    case 'touch':
      return { ...item, lastUsedAt: frame }
    case 'stale':
      return { ...item, stale: change.stale }
    case 'rewrite':
      return { ...item, content: change.content, tokens: change.tokens, reason: change.rule, lastUsedAt: frame }
  }
}
